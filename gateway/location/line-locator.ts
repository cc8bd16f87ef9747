import type { Located } from './fix.ts'
import { readLocateRequest } from './locate-request.ts'
import type { LocationSettings } from './location-settings.ts'
import { LocationSolver } from './location-solver.ts'
import type { RangeSet } from './range-tracker.ts'
import type { Track } from './track.ts'

/** A tag takes 1 to 2 KB with as many anchors as are usual. */
const MAX_TAGS = 20_000

/** What `tagward locate` prints for a line. */
export type LineAnswer =
  | { readonly x: number; readonly y: number; readonly z: number; readonly accuracy: number; readonly used: readonly string[] }
  | { readonly error: string }

/** Lines of ranges into fixes, each alone or with one filter for each tag; the tags not heard for longest make room when there are too many. */
export class LineLocator {
  /** Tags whose filters were given up to make room. */
  forgotten = 0
  readonly #solver: LocationSolver
  readonly #smooth: boolean
  readonly #maxTags: number
  /** In the order in which they were heard last. */
  readonly #tracks = new Map<string, Track>()

  constructor(settings: LocationSettings, smooth: boolean, maxTags: number = MAX_TAGS) {
    this.#solver = new LocationSolver(settings)
    this.#smooth = smooth
    this.#maxTags = maxTags
  }

  locate(line: string): LineAnswer {
    const read = readLocateRequest(line, this.#smooth)
    if ('error' in read) return read
    const { tag, set } = read.value
    const located = this.#smooth && tag !== undefined ? this.#follow(tag, set) : this.#solver.alone({ kind: 'ranges', ...set })
    if ('error' in located) return located
    const { x, y, z, accuracyM, used } = located
    return { x: rounded(x), y: rounded(y), z: rounded(z), accuracy: rounded(accuracyM), used }
  }

  #follow(tag: string, set: RangeSet): Located {
    const { fix, track } = this.#solver.follow(this.#tracks.get(tag), { kind: 'ranges', ...set })
    if (track !== undefined) this.#remember(tag, track)
    return fix
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
