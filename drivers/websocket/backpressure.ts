/** The log confirms within a tenth of a second; what it has not in this time it has let go, and has said so itself. */
const STALLED_MS = 30_000

export interface Pausable {
  pause(): void
  resume(): void
}

/**
 * Stops reading while too many messages wait for the log, and goes on when half of them are stored. What the log had to let go is
 * never confirmed, and nobody would send it again: after a while without any confirmation it is waited for no longer.
 */
export class Backpressure {
  readonly #link: Pausable
  readonly #maxWaiting: number
  #waiting = 0
  #generation = 0
  #confirmedMs = 0
  #paused = false

  constructor(link: Pausable, maxWaiting: number) {
    this.#link = link
    this.#maxWaiting = maxWaiting
  }

  get isPaused(): boolean {
    return this.#paused
  }

  /** While the storage fails, telemetry is better let go than waited for from here on: an alarm may be behind it. */
  get isHalfFull(): boolean {
    return this.#waiting >= this.#maxWaiting / 2
  }

  /** A message was received. What is returned is to be called when it is durable, or let go for good. */
  received(clock: { monotonicMs(): number }): () => void {
    if (this.#waiting === 0) this.#confirmedMs = clock.monotonicMs()
    this.#waiting++
    const generation = this.#generation
    if (this.#waiting >= this.#maxWaiting && !this.#paused) {
      this.#paused = true
      this.#link.pause()
    }
    return () => {
      if (generation !== this.#generation) return
      this.#waiting--
      this.#confirmedMs = clock.monotonicMs()
      if (this.#paused && this.#waiting <= this.#maxWaiting / 2) this.#goOn()
    }
  }

  /** To be called now and then. Answers whether reading goes on although the log has confirmed nothing. */
  check(nowMonotonicMs: number): boolean {
    if (!this.#paused || nowMonotonicMs - this.#confirmedMs < STALLED_MS) return false
    this.#generation++
    this.#waiting = 0
    this.#goOn()
    return true
  }

  #goOn(): void {
    this.#paused = false
    this.#link.resume()
  }
}
