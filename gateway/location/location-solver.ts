import type { Located } from './fix.ts'
import type { LocationSettings } from './location-settings.ts'
import { type GivenPosition, PositionTracker } from './position-tracker.ts'
import { type RangeSet, RangeTracker } from './range-tracker.ts'
import { DEFAULT_PATH_LOSS, type Hearing, nearestReceiver, type PathLoss, weightedByPathLoss } from './receiver-fix.ts'
import type { Track } from './track.ts'

/** Receivers that heard a tag about one time. `nearest`: their places are known roughly; `weighted`: they are placed for it. */
export interface HeardStrengths {
  readonly timeS: number
  readonly how: 'nearest' | 'weighted'
  readonly hearings: readonly Hearing[]
}

/** All that a system can tell of where a tag is, in the frame's metres. Satellite positions come through the georeference as `position`. */
export type Observation =
  | ({ readonly kind: 'ranges' } & RangeSet)
  | ({ readonly kind: 'position' } & GivenPosition)
  | ({ readonly kind: 'strengths' } & HeardStrengths)

export interface Followed {
  readonly fix: Located
  /** The track to keep for the next; as it was when the observation was refused. Undefined: none has begun. */
  readonly track: Track | undefined
}

/** Observations into fixes, alone or by a track for each tag and source. One instance serves one thread and any number of tags; it keeps nothing of them. */
export class LocationSolver {
  readonly #settings: LocationSettings
  readonly #pathLoss: PathLoss
  readonly #ranges: RangeTracker
  readonly #positions: PositionTracker

  constructor(settings: LocationSettings, pathLoss: PathLoss = DEFAULT_PATH_LOSS) {
    this.#settings = settings
    this.#pathLoss = pathLoss
    this.#ranges = new RangeTracker(settings)
    this.#positions = new PositionTracker(settings)
  }

  alone(observation: Observation): Located {
    switch (observation.kind) {
      case 'ranges':
        return this.#ranges.alone(observation)
      case 'position': {
        const { x, y, z = this.#settings.carryingHeightM, accuracyM } = observation
        return { x, y, z, accuracyM, used: ['position'] }
      }
      case 'strengths':
        return this.#byStrength(observation)
    }
  }

  /** `track`: what the last observation of this tag and source left, which is changed in place; undefined for the first. */
  follow(track: Track | undefined, observation: Observation): Followed {
    if (track !== undefined && observation.timeS < track.timeS)
      return { fix: { error: `t goes back: ${observation.timeS} s after ${track.timeS} s of the same tag` }, track }
    switch (observation.kind) {
      case 'ranges':
        return this.#followRanges(track, observation)
      case 'position':
        return this.#followPosition(track, observation)
      case 'strengths': {
        const fix = this.#byStrength(observation)
        if ('error' in fix) return { fix, track }
        const { x, y, accuracyM, used } = fix
        const followed = this.#followPosition(track, { timeS: observation.timeS, x, y, accuracyM })
        return { fix: { ...followed.fix, used }, track: followed.track }
      }
    }
  }

  #followRanges(track: Track | undefined, set: RangeSet): Followed {
    if (track?.kind === 'ranges' && track.dims === set.dims) return { fix: this.#ranges.follow(track, set), track }
    const begun = this.#ranges.begin(set)
    return { fix: begun.fix, track: begun.track ?? track }
  }

  #followPosition(track: Track | undefined, given: GivenPosition): Followed {
    if (track?.kind === 'positions') return { fix: this.#positions.follow(track, given), track }
    return this.#positions.begin(given)
  }

  #byStrength({ how, hearings }: HeardStrengths): Located {
    const locate = how === 'nearest' ? nearestReceiver : weightedByPathLoss
    return locate(hearings, this.#settings.carryingHeightM, this.#pathLoss)
  }
}
