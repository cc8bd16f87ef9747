/** Lets `perSecond` pass on average, and as many at once after a quiet second. */
export class RateGate {
  readonly #perSecond: number
  #left: number
  #refilledMs: number | undefined

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#left = perSecond
  }

  passes(nowMonotonicMs: number): boolean {
    const sinceMs = nowMonotonicMs - (this.#refilledMs ?? nowMonotonicMs)
    this.#refilledMs = nowMonotonicMs
    this.#left = Math.min(this.#perSecond, this.#left + (sinceMs * this.#perSecond) / 1_000)
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
