/**
 * How much to send at once. On a slow link a batch should take about a second, so that a failure costs little and nothing
 * times out; on a fast one, as much as a broker takes.
 */
const MIN_BYTES = 8_192
/** Of bodies; as CloudEvents they are two to three times as long. Larger batches cost more memory and are no faster. */
const MAX_BYTES = 200_000
const TOO_LONG_MS = 1_500
const SHORT_MS = 500

export class BatchSizer {
  #maxBytes = MAX_BYTES

  get maxBytes(): number {
    return this.#maxBytes
  }

  /** `full`: the chunk was limited by size; a small one says nothing of a greater one. */
  sent(tookMs: number, full: boolean): void {
    if (tookMs > TOO_LONG_MS) this.#maxBytes = Math.max(MIN_BYTES, Math.floor(this.#maxBytes / 2))
    else if (full && tookMs < SHORT_MS) this.#maxBytes = Math.min(MAX_BYTES, this.#maxBytes * 2)
  }

  timedOut(): void {
    this.#maxBytes = Math.max(MIN_BYTES, Math.floor(this.#maxBytes / 4))
  }
}
