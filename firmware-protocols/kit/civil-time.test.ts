import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  civilFromDays,
  DAY_MS,
  daysFromCivil,
  formatTimeOfDay,
  formatUtc,
  isCivilDate,
  MAX_EPOCH_MS,
  parseRfc3339,
  timeOfDayMs
} from './civil-time.ts'

describe('civil time', () => {
  it('agrees with the platform on every instant from 1970 to 9999', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_EPOCH_MS }), (ms) => {
        const text = new Date(ms).toISOString()
        expect(formatUtc(ms)).toBe(text)
        expect(parseRfc3339(text)).toBe(ms)
      })
    )
  })

  it('turns days into dates and back over leap years and centuries', () => {
    fc.assert(
      fc.property(fc.integer({ min: -800_000, max: 3_000_000 }), (days) => {
        const date = civilFromDays(days)
        const platform = new Date(days * DAY_MS)
        expect([date.year, date.month, date.day]).toEqual([platform.getUTCFullYear(), platform.getUTCMonth() + 1, platform.getUTCDate()])
        expect(daysFromCivil(date.year, date.month, date.day)).toBe(days)
        expect(isCivilDate(date.year, date.month, date.day)).toBe(true)
      })
    )
  })

  it('refuses dates and times that are none', () => {
    expect([
      isCivilDate(2023, 2, 29),
      isCivilDate(1900, 2, 29),
      isCivilDate(2024, 13, 1),
      isCivilDate(2024, 0, 1),
      isCivilDate(2024, 4, 31)
    ]).toEqual(Array(5).fill(false))
    expect([isCivilDate(2024, 2, 29), isCivilDate(2000, 2, 29)]).toEqual([true, true])
    expect([timeOfDayMs(24, 0, 0), timeOfDayMs(23, 60, 0), timeOfDayMs(23, 59, 61), timeOfDayMs(-1, 0, 0)]).toEqual(
      Array(4).fill(undefined)
    )
  })

  it('takes a leap second as the start of the next day and still writes it', () => {
    expect(timeOfDayMs(23, 59, 60)).toBe(DAY_MS)
    expect(formatTimeOfDay(DAY_MS)).toBe('23:59:60.000')
    expect(parseRfc3339('2016-12-31T23:59:60Z')).toBe(Date.UTC(2017, 0, 1))
  })

  it('reads offsets, lower case and long fractions', () => {
    expect(parseRfc3339('2026-11-20T10:30:00.123999999+01:00')).toBe(Date.UTC(2026, 10, 20, 9, 30, 0, 123))
    expect(parseRfc3339('2026-11-20t04:00:00.5-05:30')).toBe(Date.UTC(2026, 10, 20, 9, 30, 0, 500))
    for (const bad of [
      '2026-11-20',
      '2026-11-20T10:30:00',
      '2026-11-20T25:00:00Z',
      '2026-11-20T10:30:00+24:00',
      '2026-02-29T00:00:00Z',
      'now',
      ''
    ])
      expect(parseRfc3339(bad), bad).toBeUndefined()
  })
})
