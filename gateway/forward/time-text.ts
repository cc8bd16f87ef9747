import { putPadded } from '../log/json-bytes.ts'

/** 9999-12-31T23:59:59.999Z: the last instant that RFC 3339 can write. */
const LAST_RFC3339_MS = 253_402_300_799_999
/** `2026-11-20T09:22:16.` */
const SECOND_BYTES = 20
const LETTER_Z = 90

export const MAX_TIME_BYTES = 24

/**
 * RFC 3339 text of instants, in UTC with milliseconds. Neighbouring events mostly share the second, so its text is kept; `toISOString`
 * alone would be a tenth of the cost of an event.
 */
export class TimeText {
  #second = Number.NaN
  readonly #text = Buffer.alloc(SECOND_BYTES)

  /** `timeMs`: epoch milliseconds. Gives the place behind the text, or `at` where there is none for this instant. */
  write(into: Buffer, at: number, timeMs: number): number {
    const whole = Math.trunc(timeMs)
    if (!(whole >= 0 && whole <= LAST_RFC3339_MS)) return at
    const second = Math.floor(whole / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#text.write(new Date(second * 1000).toISOString(), 'latin1')
    }
    into.set(this.#text, at)
    const end = putPadded(into, at + SECOND_BYTES, whole - second * 1000, 3)
    into[end] = LETTER_Z
    return end + 1
  }

  /** Undefined: RFC 3339 cannot write it. */
  of(timeMs: number): string | undefined {
    const text = Buffer.allocUnsafe(MAX_TIME_BYTES)
    const end = this.write(text, 0, timeMs)
    return end === 0 ? undefined : text.toString('latin1', 0, end)
  }
}
