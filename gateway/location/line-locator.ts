import type { Located } from './fix.ts'
import { readLocateRequest } from './locate-request.ts'
import type { LocationSettings } from './location-settings.ts'
import { type RangeSet, RangeTracker } from './range-tracker.ts'
import type { Track } from './track.ts'

/** A tag takes about 1.5 KB. */
const MAX_TAGS = 20_000

/** What `tagward locate` prints for a line. */
export type LineAnswer =
  | { readonly x: number; readonly y: number; readonly z: number; readonly accuracy: number; readonly used: readonly string[] }
  | { readonly error: string }

/** Lines of ranges into fixes, each alone or with one filter for each tag; the tags not heard for longest make room when there are too many. */
export class LineLocator {
  /** Tags whose filters were given up to make room. */
  forgotten = 0
  readonly #tracker: RangeTracker
  readonly #smooth: boolean
  readonly #maxTags: number
  /** In the order in which they were heard last. */
  readonly #tracks = new Map<string, Track>()

  constructor(settings: LocationSettings, smooth: boolean, maxTags: number = MAX_TAGS) {
    this.#tracker = new RangeTracker(settings)
    this.#smooth = smooth
    this.#maxTags = maxTags
  }

  locate(line: string): LineAnswer {
    const read = readLocateRequest(line, this.#smooth)
    if ('error' in read) return read
    const { tag, set } = read.value
    const located = this.#smooth && tag !== undefined ? this.#follow(tag, set) : this.#tracker.alone(set)
    if ('error' in located) return located
    const { x, y, z, accuracyM, used } = located
    return { x: rounded(x), y: rounded(y), z: rounded(z), accuracy: rounded(accuracyM), used }
  }

  #follow(tag: string, set: RangeSet): Located {
    const track = this.#tracks.get(tag)
    if (track !== undefined && set.timeS < track.timeS)
      return { error: `t goes back: ${set.timeS} s after ${track.timeS} s of the same tag` }
    if (track === undefined || track.dims !== set.dims) {
      const begun = this.#tracker.begin(set)
      if (begun.track !== undefined) this.#remember(tag, begun.track)
      return begun.fix
    }
    this.#tracks.delete(tag)
    this.#tracks.set(tag, track)
    return this.#tracker.follow(track, set)
  }

  #remember(tag: string, track: Track): void {
    this.#tracks.delete(tag)
    this.#tracks.set(tag, track)
    if (this.#tracks.size <= this.#maxTags) return
    for (const oldest of this.#tracks.keys()) {
      this.#tracks.delete(oldest)
      this.forgotten++
      return
    }
  }
}

/** Shorter lines; far below what any range can tell. */
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6
