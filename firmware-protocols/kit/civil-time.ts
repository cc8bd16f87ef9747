/**
 * Calendar arithmetic on numbers alone, because codecs must not see a clock. Proleptic Gregorian calendar, UTC, no leap
 * seconds (a stamp of 23:59:60 reads as the first instant of the next day), as epoch milliseconds have it.
 */

export const DAY_MS = 86_400_000

/** Days since 1970-01-01 of a civil date. Counts from 1 March of year 0, so that the leap day ends a year. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year
  const era = Math.floor(shiftedYear / 400)
  const yearOfEra = shiftedYear - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** The inverse of `daysFromCivil`. */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

export function isCivilDate(year: number, month: number, day: number): boolean {
  if (!Number.isInteger(year) || month < 1 || month > 12 || day < 1) return false
  const leapDay = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0
  return day <= (MONTH_DAYS[month - 1] ?? 0) + leapDay
}

/** Milliseconds since midnight, or undefined when it is no time of day. Second 60 is taken (a leap second). */
export function timeOfDayMs(hour: number, minute: number, second: number): number | undefined {
  if (!(hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 61)) return undefined
  return (hour * 60 + minute) * 60_000 + Math.floor(second * 1000 + 1e-6)
}

const TWO_DIGITS = Array.from({ length: 100 }, (_unused, value) => String(value).padStart(2, '0'))

/** Decimal digits of a whole number, at least `width`. */
const pad = (value: number, width: number): string => (width === 2 ? TWO_DIGITS[value] : undefined) ?? String(value).padStart(width, '0')

/** `12:40:14.000`; a leap second reads `23:59:60.000`. */
export function formatTimeOfDay(ms: number): string {
  const minuteOfDay = Math.min(Math.floor(ms / 60_000), 1439)
  const rest = ms - minuteOfDay * 60_000
  return `${pad(Math.floor(minuteOfDay / 60), 2)}:${pad(minuteOfDay % 60, 2)}:${pad(Math.floor(rest / 1000), 2)}.${pad(rest % 1000, 3)}`
}

/** The last instant that `formatUtc` can write: the end of year 9999. */
export const MAX_EPOCH_MS = 253_402_300_799_999

/** `2023-06-23T12:40:14.000Z`. Epoch milliseconds from 1970 to the end of 9999. */
export function formatUtc(epochMs: number): string {
  const days = Math.floor(epochMs / DAY_MS)
  const date = civilFromDays(days)
  return `${pad(date.year, 4)}-${pad(date.month, 2)}-${pad(date.day, 2)}T${formatTimeOfDay(epochMs - days * DAY_MS)}Z`
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** Epoch milliseconds of an RFC 3339 date-time (section 5.6), digits below a millisecond cut off; undefined when it is none. */
export function parseRfc3339(text: string): number | undefined {
  const match = RFC_3339.exec(text)
  if (!match) return undefined
  const field = (index: number): number => Number(match[index] ?? 0)
  if (!isCivilDate(field(1), field(2), field(3))) return undefined
  const ofDay = timeOfDayMs(field(4), field(5), field(6))
  if (ofDay === undefined || field(9) > 23 || field(10) > 59) return undefined
  const offsetMs = (field(9) * 60 + field(10)) * 60_000 * (match[8] === '-' ? -1 : 1)
  const fractionMs = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  return daysFromCivil(field(1), field(2), field(3)) * DAY_MS + ofDay + fractionMs - offsetMs
}
