import type { DecoderMemory } from '../codec.ts'
import { LruMap } from '../kit/lru-map.ts'
import type { CounterMemory } from './advertisement-reader.ts'

/** Tags whose counters are remembered; only those that a key is there for take a place. */
const REMEMBERED_COUNTERS = 16_384

/** Counters of sealed frames: at hand for the tags heard last, and saved when they change. */
export class SavedCounters implements CounterMemory {
  readonly #counts = new LruMap<string, number>(REMEMBERED_COUNTERS)
  readonly #saved: DecoderMemory | undefined

  constructor(saved: DecoderMemory | undefined) {
    this.#saved = saved
  }

  get(name: string): number | undefined {
    const known = this.#counts.get(name)
    if (known !== undefined) return known
    const text = this.#saved?.recall(name)
    const count = text === undefined || text === '' ? Number.NaN : Number(text)
    if (!Number.isInteger(count)) return undefined
    this.#counts.set(name, count)
    return count
  }

  set(name: string, count: number): void {
    if (this.#counts.get(name) === count) return
    this.#counts.set(name, count)
    this.#saved?.remember(name, String(count))
  }
}
