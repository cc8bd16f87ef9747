import type { ZoneRule } from './zone-status-settings.ts'

/** What the clock on the wall of the site shows, to the minute. */
export interface LocalTime {
  /** 2026-12-24T18:00 */
  readonly stamp: string
  /** 18:00 */
  readonly timeOfDay: string
  /** mon, tue, … */
  readonly day: string
  readonly dayBefore: string
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

/** @param timeZone IANA name; gives the local time of an epoch time, with summer time as the zone has it */
export function localClock(timeZone: string): (wallMs: number) => LocalTime {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit'
  })
  return (wallMs) => {
    const parts = new Map(format.formatToParts(wallMs).map(({ type, value }) => [type, value]))
    const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? ''
    const date = `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`
    const timeOfDay = `${part('hour')}:${part('minute')}`
    const weekday = new Date(`${date}T00:00Z`).getUTCDay()
    return { stamp: `${date}T${timeOfDay}`, timeOfDay, day: DAYS[weekday] ?? 'sun', dayBefore: DAYS[(weekday + 6) % 7] ?? 'sat' }
  }
}

/**
 * Whether the time of a rule holds. It goes by what the clock on the wall shows: a time that summer time leaves out begins with the next one that there is,
 * and one that winter time repeats holds both times. Rules for equipment have no time.
 */
export function isTimeOf({ weekly, dated }: ZoneRule, { stamp, timeOfDay, day, dayBefore }: LocalTime): boolean {
  if (dated !== undefined) return stamp >= dated.from && stamp < dated.to
  if (weekly === undefined) return false
  const { from, to } = weekly
  const days: readonly string[] = weekly.days
  if (from < to) return days.includes(day) && timeOfDay >= from && timeOfDay < to
  return (days.includes(day) && timeOfDay >= from) || (days.includes(dayBefore) && timeOfDay < to)
}
