import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PollSchedule, retryAfterMs } from './poll-schedule.ts'

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0)

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined]
  ])('%j', (header, ms) => {
    expect(retryAfterMs(header, NOW)).toBe(ms)
  })
  it('is never negative, endless or no number', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const ms = retryAfterMs(header, NOW)
        expect(ms === undefined || (ms >= 0 && ms <= 86_400_000)).toBe(true)
      })
    )
  })
})

describe('the schedule', () => {
  it('waits longer each time that it is told to without a time, up to a quarter of an hour, and begins anew after an answer', () => {
    const schedule = new PollSchedule()
    expect(Array.from({ length: 10 }, () => schedule.throttled(0, 1_000, undefined))).toEqual([
      5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 900_000, 900_000
    ])
    schedule.answered()
    expect(schedule.throttled(0, 60_000, undefined)).toBe(60_000)
  })

  it('never allows a request before any time that was set', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('asked' as const), ms: fc.nat(10_000) }),
      fc.record({ kind: fc.constant('throttled' as const), ms: fc.option(fc.nat(100_000), { nil: undefined }) })
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(5_000)), { maxLength: 50 }), (steps) => {
        const schedule = new PollSchedule()
        let nowMs = 0
        for (const [{ kind, ms }, passedMs] of steps) {
          const before = schedule.earliestMs
          if (kind === 'asked') schedule.asked(nowMs, ms)
          else expect(schedule.throttled(nowMs, 1_000, ms)).toBeGreaterThanOrEqual(Math.max(1_000, ms ?? 5_000))
          expect(schedule.earliestMs).toBeGreaterThanOrEqual(Math.max(before, nowMs + (ms ?? 5_000)))
          nowMs += passedMs
        }
      })
    )
  })
})
