import type { DriverError } from '../driver.ts'

const FIRST_BACKOFF_MS = 5_000
const BACKOFF_MAX_MS = 900_000
const RETRY_AFTER_MAX_MS = 86_400_000

/** Milliseconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date); undefined when it says neither. */
export function retryAfterMs(header: string | undefined, nowWallMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowWallMs
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), RETRY_AFTER_MAX_MS)
}

/**
 * When a URL may be asked for next. It outlives the runs of a source, since the other side's limits do: a run that failed is
 * followed by a new one within a second. Monotonic milliseconds.
 */
export class PollSchedule {
  #earliestMs = Number.NEGATIVE_INFINITY
  #throttles = 0
  #failure: DriverError | undefined

  get earliestMs(): number {
    return this.#earliestMs
  }

  /** Why the last request came to nothing; undefined: it did not. */
  get failure(): DriverError | undefined {
    return this.#failure
  }

  /** A request begins. */
  asked(nowMs: number, intervalMs: number): void {
    this.#earliestMs = Math.max(this.#earliestMs, nowMs + intervalMs)
  }

  answered(): void {
    this.#throttles = 0
    this.#failure = undefined
  }

  failed(failure: DriverError): void {
    this.#failure = failure
  }

  /** The other side wants fewer requests. Answers how long it is left alone; without its word, twice as long each time. */
  throttled(nowMs: number, intervalMs: number, askedForMs: number | undefined): number {
    const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(this.#throttles, 20), BACKOFF_MAX_MS)
    this.#throttles++
    const waitMs = Math.max(intervalMs, askedForMs ?? backoffMs)
    this.#earliestMs = Math.max(this.#earliestMs, nowMs + waitMs)
    return waitMs
  }
}
