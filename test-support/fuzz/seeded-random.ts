/** Random whole numbers that a seed repeats (mulberry32). Fast, and good enough to choose mutations. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 … 2³² - 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** 0 … `limit` - 1; 0 where there is no choice. */
  below(limit: number): number {
    return limit <= 1 ? 0 : this.next() % limit
  }
}
