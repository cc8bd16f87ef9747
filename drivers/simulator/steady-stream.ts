/**
 * Which of `members` is due when each comes once per period and all are spread evenly over it. Needs no queue: the k-th turn
 * is at `k · period / members` and belongs to member `k mod members`.
 */
export class SteadyStream {
  readonly #members: number
  readonly #gapMs: number
  readonly #startMs: number
  readonly #longestBurst: number
  #turn = 0

  /** `longestBurstMs`: what has fallen due earlier than this is skipped, so that a long stop of the program is not made up for. */
  constructor(members: number, periodMs: number, startMs: number, longestBurstMs: number) {
    this.#members = members
    this.#gapMs = periodMs / members
    this.#startMs = startMs
    this.#longestBurst = Math.max(1, Math.ceil(longestBurstMs / this.#gapMs))
  }

  /** When the next turn is due. */
  get nextMs(): number {
    return this.#startMs + this.#turn * this.#gapMs
  }

  /** Calls `onTurn` with each member that is due by `nowMs`; returns how many turns were skipped. */
  takeDue(nowMs: number, onTurn: (member: number) => void): number {
    const dueTurns = Math.floor((nowMs - this.#startMs) / this.#gapMs) + 1
    const skipped = Math.max(0, dueTurns - this.#turn - this.#longestBurst)
    this.#turn += skipped
    for (; this.#turn < dueTurns; this.#turn++) onTurn(this.#turn % this.#members)
    return skipped
  }
}
