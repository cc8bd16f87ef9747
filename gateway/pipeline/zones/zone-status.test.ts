import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PipelineEvent } from '../processor.ts'
import { ofType, runnerOf, SCENARIO_START_MS, type Scenario, scenario } from '../scenario-test-support.ts'
import { localClock } from './local-time.ts'
import { zoneStatus } from './zone-status.ts'
import { zoneRuleProblems, zoneRulesSchema } from './zone-status-settings.ts'

const ZONES = new Set(['pit', 'hall'])
const HOUR_MS = 3_600_000

const begins = (time = SCENARIO_START_MS): PipelineEvent => ({ type: 'ZonesChanged', key: 'gw', time, data: {} })
const switched = (
  status: 'normal' | 'dangerous' | 'closed',
  ms: number,
  { zone = 'pit', at = SCENARIO_START_MS + ms } = {}
): PipelineEvent => ({
  type: 'DirectoryChanged',
  key: 'gw',
  time: SCENARIO_START_MS + ms,
  data: { by: 'site', who: 'meier', at, change: { kind: 'zone-status', zone, status } }
})
const device = (ms: number, state: { running?: boolean; online?: boolean }, id = 'fans:vent-1'): PipelineEvent => ({
  type: 'DeviceStatus',
  key: id,
  time: SCENARIO_START_MS + ms,
  data: { device: id, ...state }
})
function started(rules: readonly object[], timeZone = 'UTC'): Scenario {
  const run = scenario([zoneStatus(ZONES, zoneRulesSchema.parse({ timeZone, rules }))])
  run.feed(begins())
  return run
}
/** As words: when (UTC), zone, from what to what, by what. */
const changes = ({ told }: Scenario): string[] =>
  ofType(told, 'ZoneStatusChanged').map(
    ({ time, data: { zone, before, status, by } }) => `${new Date(time).toISOString().slice(5, 16)} ${zone} ${before}-${status} ${by}`
  )

describe('zoneStatus', () => {
  it('follows a switch at once, tells who switched, and tells nothing twice', () => {
    const run = started([])
    run.feed(switched('dangerous', 1_000), switched('dangerous', 2_000), switched('normal', 60_000))
    expect(run.told.map(({ key, time, data }) => ({ key, time: time - SCENARIO_START_MS, data }))).toEqual([
      {
        key: 'pit',
        time: 1_000,
        data: {
          zone: 'pit',
          before: 'normal',
          status: 'dangerous',
          by: 'switch',
          evidence: { switchedBy: 'site', who: 'meier', at: SCENARIO_START_MS + 1_000 }
        }
      },
      {
        key: 'pit',
        time: 60_000,
        data: {
          zone: 'pit',
          before: 'dangerous',
          status: 'normal',
          by: 'switch',
          evidence: {
            switchedBy: 'site',
            who: 'meier',
            at: SCENARIO_START_MS + 60_000,
            ended: { switchedBy: 'site', who: 'meier', at: SCENARIO_START_MS + 2_000 }
          }
        }
      }
    ])
  })

  it('switches ahead of time, to the millisecond, and lets an older switch overrule nothing', () => {
    const run = started([])
    run.feed(switched('closed', 0, { at: SCENARIO_START_MS + HOUR_MS + 1_234 }))
    run.advanceTo(HOUR_MS + 1_233)
    expect(run.told).toEqual([])
    run.advanceTo(HOUR_MS + 1_234)
    expect(changes(run)).toEqual(['11-16T07:00 pit normal-closed switch'])
    run.feed(switched('normal', HOUR_MS + 2_000, { at: SCENARIO_START_MS + 1_000 }))
    expect(run.told).toHaveLength(1)
  })

  it('knows no zone that is not there, and forgets one that is removed', () => {
    const run = started([])
    run.feed(switched('closed', 1, { zone: 'elsewhere' }), switched('closed', 2))
    expect(changes(run)).toEqual(['11-16T06:00 pit normal-closed switch'])
    const entries = run.runner.beginSnapshot().take(10)
    const told: unknown[] = []
    const runner = runnerOf([zoneStatus(new Set(['hall']), zoneRulesSchema.parse({}))], (event) => told.push(event))
    runner.restore(10, [`[${entries.join(',')}]`])
    runner.feed(begins(), 11)
    expect(told).toEqual([])
    expect([...runner.entries()][0]?.state).toMatchObject({ zones: {}, switches: {} })
  })

  it('follows a weekly time by the clock of the site, the first minute included and the last not', () => {
    const run = started(
      [{ zone: 'pit', status: 'dangerous', weekly: { days: ['mon', 'wed'], from: '08:30', to: '09:00' } }],
      'Europe/Berlin'
    )
    run.advanceTo(1.5 * HOUR_MS - 1)
    expect(run.told).toEqual([])
    run.advanceTo(6 * 24 * HOUR_MS)
    expect(changes(run)).toEqual([
      '11-16T07:30 pit normal-dangerous schedule',
      '11-16T08:00 pit dangerous-normal schedule',
      '11-18T07:30 pit normal-dangerous schedule',
      '11-18T08:00 pit dangerous-normal schedule'
    ])
    expect(run.told[0]).toMatchObject({
      nowMs: 1.5 * HOUR_MS,
      data: { evidence: { from: '08:30', to: '09:00', localTime: '2026-11-16T08:30' } }
    })
    expect(run.told[1]).toMatchObject({ nowMs: 2 * HOUR_MS, data: { evidence: { ended: { from: '08:30' } } } })
  })

  it('goes over midnight with the day on which it begins, and a whole day to its end', () => {
    const night = started([{ zone: 'pit', status: 'closed', weekly: { days: ['mon'], from: '22:00', to: '05:00' } }])
    night.advanceTo(6 * 24 * HOUR_MS)
    expect(changes(night)).toEqual(['11-16T22:00 pit normal-closed schedule', '11-17T05:00 pit closed-normal schedule'])
    const day = started([{ zone: 'pit', status: 'closed', weekly: { days: ['tue'], from: '00:00', to: '24:00' } }])
    day.advanceTo(6 * 24 * HOUR_MS)
    expect(changes(day)).toEqual(['11-17T00:00 pit normal-closed schedule', '11-18T00:00 pit closed-normal schedule'])
  })

  it('follows a dated time once', () => {
    const run = started(
      [{ zone: 'pit', status: 'dangerous', dated: { from: '2026-11-17T10:00', to: '2026-11-17T10:15' } }],
      'Europe/Berlin'
    )
    run.advanceTo(10 * 24 * HOUR_MS)
    expect(changes(run)).toEqual(['11-17T09:00 pit normal-dangerous schedule', '11-17T09:15 pit dangerous-normal schedule'])
  })

  it('follows summer time: times that are left out begin late, times that come twice hold twice', () => {
    /** From a time on for some hours: the changes. */
    const over = (from: number, hours: number, to: string): string[] => {
      const rules = zoneRulesSchema.parse({
        timeZone: 'Europe/Berlin',
        rules: [{ zone: 'pit', status: 'closed', weekly: { from: '02:30', to } }]
      })
      const run = scenario([zoneStatus(ZONES, rules)])
      run.feedAt(begins(from), from - SCENARIO_START_MS)
      run.advanceTo(from - SCENARIO_START_MS + hours * HOUR_MS)
      return changes(run).map((each) => each.slice(6, 11))
    }
    expect(over(Date.UTC(2027, 2, 28), 6, '04:00')).toEqual(['01:00', '02:00'])
    expect(over(Date.UTC(2027, 9, 31) - HOUR_MS, 6, '02:45')).toEqual(['00:30', '00:45', '01:30', '01:45'])
  })

  it('follows the state of equipment, each of the four, and not that of other devices nor an older one', () => {
    const states = [
      ['running', { running: true }, { running: false }],
      ['stopped', { running: false }, { running: true }],
      ['online', { online: true }, { online: false }],
      ['offline', { online: false }, { online: true }]
    ] as const
    for (const [is, on, off] of states) {
      const run = started([{ zone: 'pit', status: 'dangerous', equipment: { device: 'fans:vent-1', is } }])
      run.feed(
        device(500, on, 'fans:vent-2'),
        device(1_000, on),
        device(1_500, on),
        device(2_000, {}),
        switched('normal', 2_100, { zone: 'hall' })
      )
      expect(changes(run)).toEqual(['11-16T06:00 pit normal-dangerous equipment'])
      expect(run.told[0]?.data).toMatchObject({ evidence: { device: 'fans:vent-1', is, since: SCENARIO_START_MS + 1_000 } })
      run.feedAt(device(1_700, off), 2_500)
      expect(run.told).toHaveLength(1)
      run.feed(device(3_000, off))
      expect(changes(run)[1]).toBe('11-16T06:00 pit dangerous-normal equipment')
      expect(run.told[1]?.data).toMatchObject({ evidence: { ended: { since: SCENARIO_START_MS + 1_000 } } })
    }
  })

  it('lets the gravest count: nobody switches to normal what a machine makes dangerous, and what stays is told when it ends', () => {
    const run = started([
      { zone: 'pit', status: 'dangerous', equipment: { device: 'fans:vent-1', is: 'stopped' } },
      { zone: 'pit', status: 'closed', weekly: { from: '06:00', to: '07:00' } }
    ])
    run.feed(
      device(1_000, { running: false }),
      switched('normal', 2_000),
      device(3_000, { running: true }),
      switched('dangerous', 4_000),
      switched('normal', 5_000)
    )
    run.advanceTo(HOUR_MS)
    expect(changes(run)).toEqual([
      '11-16T06:00 pit normal-closed schedule',
      '11-16T06:00 pit closed-dangerous equipment',
      '11-16T06:00 pit dangerous-closed schedule',
      '11-16T06:00 pit closed-dangerous switch',
      '11-16T06:00 pit dangerous-closed schedule',
      '11-16T07:00 pit closed-normal schedule'
    ])
  })

  it('ends as the last of each switch says, in whatever order they come', () => {
    const order = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 10_000 }), status: fc.constantFrom('normal', 'dangerous', 'closed') }),
      { maxLength: 15 }
    )
    fc.assert(
      fc.property(order, (all) => {
        const run = started([])
        for (const { at, status } of all) run.feedAt(switched(status, at), 20_000)
        const greatest = Math.max(...all.map(({ at }) => at))
        const wanted = all.findLast(({ at }) => at === greatest)?.status ?? 'normal'
        expect(ofType(run.told, 'ZoneStatusChanged').at(-1)?.data.status ?? 'normal').toBe(wanted)
      })
    )
  })
})

describe('localClock', () => {
  it('gives the local time, midnight as 00:00, with the day of the week', () => {
    expect(localClock('Europe/Berlin')(Date.UTC(2026, 10, 15, 23))).toEqual({
      stamp: '2026-11-16T00:00',
      timeOfDay: '00:00',
      day: 'mon',
      dayBefore: 'sun'
    })
    expect(localClock('Asia/Kathmandu')(Date.UTC(2026, 10, 16, 6))).toMatchObject({ stamp: '2026-11-16T11:45' })
  })
})

describe('zoneRulesSchema', () => {
  const issues = (rule: object): string[] =>
    zoneRulesSchema
      .safeParse({ rules: [{ zone: 'pit', status: 'closed', ...rule }] })
      .error?.issues.map(({ path, message }) => `${path.slice(2).join('.')} ${message}`) ?? []

  it('refuses what could never hold or means nothing, and says where', () => {
    expect(issues({})).toEqual([' has not exactly one of weekly, dated and equipment'])
    expect(issues({ weekly: { from: '08:00', to: '08:00' } })).toEqual(['weekly.to has no length'])
    expect(issues({ weekly: { from: '8:00', to: '24:30' } })).toHaveLength(2)
    expect(issues({ dated: { from: '2026-02-30T10:00', to: '2026-03-01T10:00' } })).toEqual([
      'dated.from names a day that the calendar does not have'
    ])
    expect(issues({ dated: { from: '2026-03-02T10:00', to: '2026-03-01T10:00' } })).toEqual(['dated.to is not after from'])
    expect(zoneRulesSchema.safeParse({ timeZone: 'Europe/Entenhausen' }).error?.issues[0]?.message).toBe('is no time zone')
    expect(issues({ weekly: { from: '22:00', to: '06:00' } })).toEqual([])
  })

  it('names rules for zones that are not there', () => {
    const rules = zoneRulesSchema.parse({ rules: [{ zone: 'pitt', status: 'closed', weekly: { from: '08:00', to: '09:00' } }] })
    expect(zoneRuleProblems(rules, ZONES)).toMatchObject([
      { path: ['rules', 0, 'zone'], message: 'names pitt, which is no zone of the site' }
    ])
    expect(zoneRuleProblems(rules, new Set(['pitt']))).toEqual([])
  })
})
