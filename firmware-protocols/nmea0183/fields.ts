import { daysFromCivil, isCivilDate, timeOfDayMs } from '../kit/civil-time.ts'

/** Two-digit years from here on are of the 1900s: GPS begins in 1980. */
const PIVOT_YEAR = 80

const KNOTS_TO_MPS = 1852 / 3600

const round = (value: number, digits: number): number => {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale || 0
}

/**
 * Typed access to the fields of a sentence, numbered from 1 as in the standard. An empty or missing field is undefined.
 * A field that is there and cannot be what it should be is noted in `problem`: the sentence is then not believed.
 */
export class Fields {
  problem: string | undefined
  readonly #fields: readonly string[]

  constructor(fields: readonly string[]) {
    this.#fields = fields
  }

  get count(): number {
    return this.#fields.length
  }

  text(index: number): string | undefined {
    const field = this.#fields[index - 1]
    return field === undefined || field === '' ? undefined : field
  }

  /** All fields from one on, with the commas between them. */
  rest(index: number): string {
    return this.#fields.slice(index - 1).join(',')
  }

  number(index: number): number | undefined {
    const field = this.text(index)
    if (field === undefined) return undefined
    if (/^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(field)) return Number(field)
    return this.#bad(index, 'no number')
  }

  integer(index: number): number | undefined {
    const value = this.number(index)
    return value === undefined || Number.isInteger(value) ? value : this.#bad(index, 'no whole number')
  }

  /** Degrees from north, 0 to 360. */
  angle(index: number): number | undefined {
    const value = this.number(index)
    return value === undefined || (value >= 0 && value <= 360) ? value : this.#bad(index, 'no angle')
  }

  /** Metres, followed by a field that must say so. */
  metres(index: number): number | undefined {
    const value = this.number(index)
    const unit = this.text(index + 1)
    return value === undefined || unit === undefined || unit === 'M' ? value : this.#bad(index + 1, 'a unit other than metres')
  }

  speedFromKnots(index: number): number | undefined {
    const knots = this.number(index)
    return knots === undefined ? undefined : round(knots * KNOTS_TO_MPS, 6)
  }

  speedFromKmh(index: number): number | undefined {
    const kmh = this.number(index)
    return kmh === undefined ? undefined : round(kmh / 3.6, 6)
  }

  /**
   * `d…dmm.m…` with its hemisphere behind it, as signed degrees. The minutes are the last two digits before the point: the
   * number of digits before them varies among receivers.
   */
  latitude(index: number): number | undefined {
    return this.#coordinate(index, 90, 'N', 'S')
  }

  longitude(index: number): number | undefined {
    return this.#coordinate(index, 180, 'E', 'W')
  }

  #coordinate(index: number, limitDeg: number, plus: string, minus: string): number | undefined {
    const field = this.text(index)
    if (field === undefined) return undefined
    if (!/^\d{2,6}(?:\.\d*)?$/.test(field)) return this.#bad(index, 'no coordinate')
    const point = field.indexOf('.')
    const minutesAt = (point < 0 ? field.length : point) - 2
    const minutes = Number(field.slice(minutesAt))
    const degrees = Number(field.slice(0, minutesAt)) + minutes / 60
    if (minutes >= 60 || degrees > limitDeg) return this.#bad(index, 'no coordinate')
    const hemisphere = this.text(index + 1)
    if (hemisphere !== plus && hemisphere !== minus) return this.#bad(index + 1, `neither ${plus} nor ${minus}`)
    return round(hemisphere === minus ? -degrees : degrees, 9)
  }

  /** A value with its direction behind it; the second direction makes it negative. Without a direction it has no sign, so no meaning. */
  directed(index: number, plus: string, minus: string): number | undefined {
    const value = this.number(index)
    const direction = this.text(index + 1)
    if (value === undefined || (direction !== plus && direction !== minus)) return undefined
    return direction === minus && value !== 0 ? -value : value
  }

  /** `hhmmss[.s…]` as milliseconds since midnight UTC. */
  timeOfDay(index: number): number | undefined {
    const field = this.text(index)
    if (field === undefined) return undefined
    const isTime = /^\d{6}(?:\.\d*)?$/.test(field)
    const ms = isTime ? timeOfDayMs(Number(field.slice(0, 2)), Number(field.slice(2, 4)), Number(field.slice(4))) : undefined
    return ms === undefined ? this.#bad(index, 'no time of day') : ms
  }

  /** `ddmmyy` as days since 1970. A date that no calendar has (`000000` before the first fix) is not available. */
  date(index: number): number | undefined {
    const field = this.text(index)
    if (field === undefined) return undefined
    if (!/^\d{6}$/.test(field)) return this.#bad(index, 'no date')
    const year = Number(field.slice(4))
    return civilDays(year + (year >= PIVOT_YEAR ? 1900 : 2000), Number(field.slice(2, 4)), Number(field.slice(0, 2)))
  }

  #bad(index: number, why: string): undefined {
    this.problem ??= `field ${index} is ${why}`
    return undefined
  }
}

export function civilDays(year: number, month: number, day: number): number | undefined {
  return isCivilDate(year, month, day) ? daysFromCivil(year, month, day) : undefined
}
