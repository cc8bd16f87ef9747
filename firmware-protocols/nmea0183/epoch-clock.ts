import { DAY_MS } from '../kit/civil-time.ts'

/** GGA and RMC of one epoch differ by nothing; up to this the last date still counts, over midnight as well. */
const MAX_APART_MS = 60_000

/** A date heard longer ago than this, by arrival, may be of another day at the same time of day. */
const MAX_AGE_MS = 600_000

/** Lends the date of RMC and ZDA to sentences that have only a time of day. */
export class EpochClock {
  #epochMs: number | undefined
  #timeOfDay = 0
  #receivedAt: number | undefined

  /** A dated sentence that its receiver stands behind. */
  set(dateDays: number, timeOfDay: number, receivedAt: number | undefined): void {
    this.#epochMs = dateDays * DAY_MS + timeOfDay
    this.#timeOfDay = timeOfDay
    this.#receivedAt = receivedAt
  }

  /** Epoch milliseconds of a time of day near the last dated sentence. */
  resolve(timeOfDay: number, receivedAt: number | undefined): number | undefined {
    if (this.#epochMs === undefined) return undefined
    if (receivedAt !== undefined && this.#receivedAt !== undefined && Math.abs(receivedAt - this.#receivedAt) > MAX_AGE_MS) return undefined
    let apart = timeOfDay - this.#timeOfDay
    if (apart > DAY_MS / 2) apart -= DAY_MS
    else if (apart < -DAY_MS / 2) apart += DAY_MS
    return Math.abs(apart) <= MAX_APART_MS ? this.#epochMs + apart : undefined
  }
}
