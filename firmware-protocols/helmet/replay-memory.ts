import type { DecoderMemory } from '../codec.ts'
import { LruMap } from '../kit/lru-map.ts'

/** What a pair of boot counter and sequence is (SPECIFICATION.md, section 2). */
export type Freshness = 'new' | 'late' | 'duplicate' | 'replay'

/** Sequences below the highest of which it is known whether they were heard. */
const WINDOW = 32
/** Tags that are remembered. */
const REMEMBERED_TAGS = 16_384

interface Heard {
  boot: number
  highest: number
  /** Bit i: sequence highest - 1 - i was heard. */
  below: number
}

export class ReplayMemory {
  readonly #byTag = new LruMap<string, Heard>(REMEMBERED_TAGS)
  readonly #saved: DecoderMemory | undefined

  /** `saved`: what is known again after a restart; absent: nothing. */
  constructor(saved?: DecoderMemory) {
    this.#saved = saved
  }

  /** `authentic`: a MAC was checked; without one a lower pair may be a tag that lost its memory, and begins anew. */
  judge(tag: string, boot: number, sequence: number, authentic: boolean): Freshness {
    const known = this.#byTag.get(tag) ?? this.#recall(tag)
    const heard = known ?? { boot, highest: sequence, below: 0 }
    if (known === undefined) this.#byTag.set(tag, heard)
    const freshness = known === undefined ? 'new' : judgeAndMark(heard, boot, sequence)
    if (freshness === 'duplicate' || (freshness === 'replay' && authentic)) return freshness
    if (freshness === 'replay') begin(heard, boot, sequence)
    this.#saved?.remember(tag, `${heard.boot} ${heard.highest} ${heard.below}`)
    return freshness === 'replay' ? 'new' : freshness
  }

  #recall(tag: string): Heard | undefined {
    const numbers = this.#saved?.recall(tag)?.split(' ').map(Number) ?? []
    const [boot, highest, below] = numbers
    if (boot === undefined || highest === undefined || below === undefined || !numbers.every(Number.isInteger)) return undefined
    const heard = { boot, highest, below }
    this.#byTag.set(tag, heard)
    return heard
  }
}

function begin(heard: Heard, boot: number, sequence: number): void {
  heard.boot = boot
  heard.highest = sequence
  heard.below = 0
}

function judgeAndMark(heard: Heard, boot: number, sequence: number): Freshness {
  if (boot !== heard.boot) {
    if (boot < heard.boot) return 'replay'
    begin(heard, boot, sequence)
    return 'new'
  }
  const ahead = sequence - heard.highest
  if (ahead > 0) {
    // A shift by 32 would be one by 0.
    heard.below = ahead > WINDOW ? 0 : (ahead === WINDOW ? 0 : heard.below << ahead) | (1 << (ahead - 1))
    heard.highest = sequence
    return 'new'
  }
  if (ahead === 0) return 'duplicate'
  if (-ahead > WINDOW) return 'replay'
  const bit = 1 << (-ahead - 1)
  if ((heard.below & bit) !== 0) return 'duplicate'
  heard.below |= bit
  return 'late'
}
