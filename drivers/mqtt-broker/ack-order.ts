/** A message that waits for the log, and for those that came before it. */
export interface Waiting {
  readonly sinceMonotonicMs: number
  readonly release: () => void
  durable: boolean
}

/**
 * Releases what a client published in the order in which it came, each when it and all before it are durable: acknowledgements leave
 * in the order of the messages (MQTT-4.6.0-2 and -3), but for those that are settled out of turn. After `drop` nothing is released any more.
 */
export class AckOrder {
  readonly #waiting: Waiting[] = []
  #dropped = false

  expect(nowMonotonicMs: number, release: () => void): Waiting {
    const entry = { sinceMonotonicMs: nowMonotonicMs, release, durable: false }
    if (!this.#dropped) this.#waiting.push(entry)
    return entry
  }

  confirm(entry: Waiting): void {
    entry.durable = true
    // At most as many as may be in flight: shifting is cheap.
    while (!this.#dropped && this.#waiting[0]?.durable) this.#waiting.shift()?.release()
  }

  /**
   * Nothing more will become of it, and while the storage fails those before it may wait for long: it does not wait for them, so that
   * its client goes on sending.
   */
  settle(entry: Waiting): void {
    const at = this.#waiting.indexOf(entry)
    if (at < 0) return
    this.#waiting.splice(at, 1)
    entry.release()
  }

  drop(): void {
    this.#dropped = true
    this.#waiting.length = 0
  }

  get size(): number {
    return this.#waiting.length
  }

  get oldest(): Waiting | undefined {
    return this.#waiting[0]
  }
}
