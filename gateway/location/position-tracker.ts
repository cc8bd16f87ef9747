import type { Dimensions, Fix } from './fix.ts'
import { radius68 } from './horizontal-accuracy.ts'
import type { LocationSettings } from './location-settings.ts'
import { FIRST_LINK, newTrack, STATES_OF_LINK, TAG_DELAY, type Track } from './track.ts'
import { TrackFilter } from './track-filter.ts'

/** A place that a positioning system, a satellite receiver or `weightedByPathLoss` gives, in metres of the frame. */
export interface GivenPosition {
  readonly timeS: number
  readonly x: number
  readonly y: number
  /** Absent: the system tells none, and the carrying height is taken. */
  readonly z?: number
  /** Radius that holds about 68 % of the system's horizontal errors. */
  readonly accuracyM: number
}

const AXES = ['x', 'y', 'z'] as const
/** What stays in all places that the system gives, beside the scatter, as a share of its variance: averaging cannot take it out. */
const LASTING_SHARE = 0.3
/** Standard deviations beyond which a place is an outlier, not a move. */
const GATE = 4
/** So many outliers in a row are a move after all: the track begins anew. */
const OUTLIERS_TO_RESTART = 3
/** The radius of 68 % of a circular error, in its standard deviations. */
const RADIUS68_SD = 1.515

/** Smooths positions that a system gives: constant velocity, an outlier gate, and the lasting part of the system's error kept apart, so that the accuracy stays honest. */
export class PositionTracker {
  readonly #settings: LocationSettings
  readonly #filter: TrackFilter

  constructor(settings: LocationSettings) {
    this.#settings = settings
    this.#filter = new TrackFilter(settings)
  }

  begin(given: GivenPosition): { readonly fix: Fix; readonly track: Track } {
    const track = newTrack('positions', given.timeS, given.z === undefined ? 2 : 3)
    return { fix: this.#restart(track, given), track }
  }

  /** The track's time must not be after the position's. */
  follow(track: Track, given: GivenPosition): Fix {
    const dims: Dimensions = given.z === undefined ? 2 : 3
    if (dims !== track.dims) return this.#restart(track, given)
    const filter = this.#filter
    filter.load(track)
    filter.predict(given.timeS - track.timeS)
    track.timeS = given.timeS
    const sd = Math.max(given.accuracyM, 0.01) / RADIUS68_SD
    if (this.#isOutlier(given, sd)) {
      track.contradictions++
      if (track.contradictions >= OUTLIERS_TO_RESTART) return this.#restart(track, given)
      filter.store(track)
      return this.#fix(given, [])
    }
    track.contradictions = 0
    this.#take(given, sd)
    filter.store(track)
    return this.#fix(given, ['position'])
  }

  #restart(track: Track, given: GivenPosition): Fix {
    const filter = this.#filter
    const sd = Math.max(given.accuracyM, 0.01) / RADIUS68_SD
    track.timeS = given.timeS
    track.dims = given.z === undefined ? 2 : 3
    track.contradictions = 0
    track.links.length = 0
    track.heardS.length = 0
    filter.states = 0
    for (const [axis, name] of AXES.entries()) {
      const value = given[name]
      filter.reset(axis, value ?? this.#settings.carryingHeightM, value === undefined ? this.#settings.heightSdM ** 2 : 100 * sd * sd)
    }
    for (let axis = 0; axis < 3; axis++) filter.reset(3 + axis, 0, axis < track.dims ? this.#settings.speedSdMps ** 2 : 0)
    filter.reset(TAG_DELAY, 0, 0)
    for (const [axis, name] of AXES.entries()) {
      if (given[name] === undefined) continue
      track.links.push(name)
      track.heardS.push(given.timeS)
      filter.reset(FIRST_LINK + STATES_OF_LINK * axis, 0, 0)
      filter.reset(FIRST_LINK + STATES_OF_LINK * axis + 1, 0, LASTING_SHARE * sd * sd)
    }
    this.#take(given, sd)
    filter.store(track)
    return this.#fix(given, ['position'])
  }

  #take(given: GivenPosition, sd: number): void {
    const filter = this.#filter
    const variance = sd * sd
    for (const [axis, name] of AXES.entries()) {
      const value = given[name]
      if (value === undefined) continue
      const link = FIRST_LINK + STATES_OF_LINK * axis
      const innovation = value - (filter.mean[axis] ?? 0) - (filter.mean[link] ?? 0) - (filter.mean[link + 1] ?? 0)
      filter.observe(axis === 0 ? 1 : 0, axis === 1 ? 1 : 0, axis === 2 ? 1 : 0, 0, link, innovation, variance)
    }
  }

  #isOutlier(given: GivenPosition, sd: number): boolean {
    const filter = this.#filter
    const variance = sd * sd
    const dx = given.x - (filter.mean[0] ?? 0)
    const dy = given.y - (filter.mean[1] ?? 0)
    const xx = filter.at(0, 0) + variance
    const yy = filter.at(1, 1) + variance
    const xy = filter.at(0, 1)
    const squared = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / (xx * yy - xy * xy)
    return squared > GATE * GATE
  }

  #fix(given: GivenPosition, used: readonly string[]): Fix {
    const { mean } = this.#filter
    const filter = this.#filter
    return {
      x: mean[0] ?? given.x,
      y: mean[1] ?? given.y,
      z: mean[2] ?? this.#settings.carryingHeightM,
      accuracyM: radius68(filter.at(0, 0), filter.at(0, 1), filter.at(1, 1)),
      used
    }
  }
}
