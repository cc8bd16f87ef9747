import { describe, expect, it } from 'vitest'
import { signalLost, signalRestored } from '../../events/business-events.ts'
import { CEILING_MS, FLOOR_MS, LEARNING_MS, Scenario, TAG, WALL_MS } from './signal-loss-test-support.ts'
import { signalLossSchema } from './signal-settings.ts'

describe('silence', () => {
  it('is told when the floor has passed since the last frame of a quick tag, and not before', () => {
    const site = new Scenario()
    site.learn(200)
    const lastMs = site.nowMs
    site.wait(FLOOR_MS - 1)
    expect(site.told).toEqual([])
    site.wait(1)
    expect(site.told).toEqual([
      {
        type: 'SignalLost',
        key: TAG,
        atMs: lastMs + FLOOR_MS,
        time: WALL_MS + lastMs + FLOOR_MS,
        data: { tag: TAG, lastHeardAt: WALL_MS + lastMs, silentForMs: FLOOR_MS, allowedMs: FLOOR_MS }
      }
    ])
    site.wait(24 * 3_600_000)
    expect(site.told).toHaveLength(1)
  })

  it('is allowed for four of the usual gaps: three frames in a row may be lost, not four', () => {
    for (const [lostFrames, told] of [
      [3, 0],
      [4, 1]
    ] as const) {
      const site = new Scenario()
      site.learn(10_000)
      site.wait(10_000 * (lostFrames + 1) - 1)
      site.hear()
      expect(site.told.filter(({ type }) => type === 'SignalLost')).toHaveLength(told)
    }
  })

  it('is allowed up to the ceiling and no longer: three frames a minute, and a new tag after its first', () => {
    const slow = new Scenario()
    slow.learn(20_000)
    slow.wait(80_000)
    expect(slow.told).toHaveLength(1)
    const slower = new Scenario()
    slower.learn(25_000)
    const fresh = new Scenario()
    fresh.hear()
    for (const site of [slower, fresh]) {
      const lastMs = site.nowMs
      site.wait(CEILING_MS - 1)
      expect(site.told).toEqual([])
      site.wait(1)
      expect(site.told).toMatchObject([{ type: 'SignalLost', atMs: lastMs + CEILING_MS, data: { allowedMs: CEILING_MS } }])
    }
  })

  it('of a new tag is judged by the ceiling until it was heard for the learning time', () => {
    const site = new Scenario()
    site.hear()
    site.hearEvery(1_000, LEARNING_MS - 1_000)
    site.wait(CEILING_MS - 1)
    expect(site.told).toEqual([])
  })

  it('of ten thousand tags that stop at once is told at the instant that it is due', () => {
    const site = new Scenario()
    for (let n = 0; n < 10_000; n += 1) site.hear(`ble:${n}`)
    site.wait(CEILING_MS)
    expect(site.told).toHaveLength(10_000)
    expect(new Set(site.told.map(({ atMs }) => atMs))).toEqual(new Set([CEILING_MS]))
  })

  it('ends with one SignalRestored, which says how long it was, and may begin again', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.fix()
    site.wait(100_000)
    site.hear()
    site.hear()
    site.wait(1_000)
    site.hear()
    expect(site.told.slice(1)).toMatchObject([
      { type: 'SignalRestored', key: TAG, data: { tag: TAG, silentForMs: 100_000, fix: { method: 'given' } } }
    ])
    site.wait(FLOOR_MS)
    expect(site.names()).toEqual([`SignalLost ${TAG}`, `SignalRestored ${TAG}`, `SignalLost ${TAG}`])
    for (const { type, data } of site.told) {
      const { data: schema } = type === 'SignalLost' ? signalLost : signalRestored
      expect(schema.strict().parse(data)).toEqual(data)
    }
  })

  it('is ended by a movement, a value or an alert alike', () => {
    for (const type of ['TagMovement', 'TagInfo', 'TagAlert'] as const) {
      const site = new Scenario()
      site.hear()
      site.wait(CEILING_MS)
      if (type !== 'TagAlert') site.feed(type, TAG, { tag: TAG }, 'hall')
      else site.feed(type, TAG, { tag: TAG, kind: 'sos', edge: 'raised', announcedAs: 'event', count: 1, repeats: 0 }, 'hall')
      expect(site.names()).toEqual([`SignalLost ${TAG}`, `SignalRestored ${TAG}`])
    }
  })
})

describe('rhythm', () => {
  it('of bursts is that between the bursts', () => {
    const site = new Scenario()
    for (let burst = 0; burst < 40; burst += 1) {
      for (let frame = 0; frame < 5; frame += 1) {
        site.hear()
        site.wait(100)
      }
      site.wait(18_000)
    }
    site.wait(40_000)
    expect(site.told).toEqual([])
  })

  it('of a tag that sends seldom at rest is kept while it moves, also when frames of its rest are lost', () => {
    const site = new Scenario()
    site.learn(20_000)
    for (let day = 0; day < 5; day += 1) {
      site.hearEvery(200, 40 * 60_000)
      site.hearEvery(20_000, 10 * 60_000)
      site.wait(60_000)
      site.hear()
    }
    expect(site.told).toEqual([])
  })

  it('that has never been slow stands the first rest, and lost frames in it where the tag says that it rests', () => {
    const quiet = new Scenario()
    quiet.learn(200)
    quiet.hearEvery(20_000, 600_000)
    expect(quiet.told).toEqual([])
    const telling = new Scenario()
    telling.hear()
    telling.hearEvery(200, LEARNING_MS + 1_000, TAG, { moving: true })
    telling.wait(200)
    telling.hear(TAG, { moving: false })
    telling.wait(80_000)
    telling.hear(TAG, { moving: false })
    expect(telling.told).toEqual([])
  })

  it('is not changed by two outages, and changed by three of an hour', () => {
    const outages = (count: number): Scenario => {
      const site = new Scenario()
      site.learn(1_000)
      for (let n = 0; n < count; n += 1) {
        site.wait(20_000)
        site.hear()
        site.hearEvery(1_000, 60_000)
      }
      site.wait(FLOOR_MS)
      return site
    }
    expect(outages(2).told).toHaveLength(1)
    expect(outages(3).told).toHaveLength(0)
  })

  it('becomes quick again within two hours', () => {
    const site = new Scenario()
    site.learn(20_000)
    site.hearEvery(1_000, 2 * 3_600_000)
    site.wait(FLOOR_MS)
    expect(site.told).toHaveLength(1)
  })

  it('does not learn from a silence beyond the ceiling, nor from one in which nobody listened', () => {
    const site = new Scenario()
    site.learn(1_000)
    for (let n = 0; n < 4; n += 1) {
      site.wait(2 * CEILING_MS)
      site.hear()
      site.hearEvery(1_000, 60_000)
      site.wait(1_000)
      site.beBlind(40_000)
      site.hear()
      site.hearEvery(1_000, 60_000)
      site.loseSource()
      site.wait(50_000)
      site.restoreSource()
      site.hear()
      site.hearEvery(1_000, 60_000)
    }
    const before = site.told.length
    site.wait(FLOOR_MS)
    expect(site.told).toHaveLength(before + 1)
  })

  it('of a source with limits of its own may be as slow as these; where two sources hear a tag, the strictest hold', () => {
    const settings = { sources: { lora: { ceilingS: 3_600 } } }
    const tracker = new Scenario(settings)
    tracker.hear(TAG, {}, 'lora')
    tracker.hearEvery(600_000, 6 * 600_000, TAG, {}, 'lora')
    tracker.wait(3_599_999)
    expect(tracker.told).toEqual([])
    tracker.wait(1)
    expect(tracker.told).toHaveLength(1)
    const both = new Scenario(settings)
    both.hear(TAG, {}, 'lora')
    both.hear(TAG, {}, 'hall')
    both.wait(CEILING_MS)
    expect(both.told).toHaveLength(1)
    // It has left the hall, and is back outside.
    both.hear(TAG, {}, 'lora')
    both.wait(3_599_999)
    expect(both.told).toHaveLength(2)
    both.wait(1)
    expect(both.told).toHaveLength(3)
  })
})

describe('frames that are not live', () => {
  it('count for nothing when stale or delivered again, and end no loss', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.wait(FLOOR_MS - 1)
    site.hear(TAG, { stale: true })
    site.hear(TAG, { redelivered: true })
    site.wait(1)
    expect(site.told).toHaveLength(1)
    site.hear(TAG, { stale: true })
    site.hear(TAG, { redelivered: true, charging: true })
    expect(site.told).toHaveLength(1)
    expect(site.state().charging).toBe(false)
  })

  it('count from when they happened: a late one defers the loss by that much less, one as old as a loss ends none', () => {
    const site = new Scenario()
    site.learn(1_000)
    const lastMs = site.nowMs
    site.wait(20_000)
    site.hear(TAG, {}, 'hall', 15_000)
    site.wait(lastMs + 5_000 + FLOOR_MS - 1 - site.nowMs)
    expect(site.told).toEqual([])
    site.wait(1)
    expect(site.told).toMatchObject([{ type: 'SignalLost', data: { lastHeardAt: WALL_MS + lastMs + 5_000, silentForMs: FLOOR_MS } }])
    site.hear(TAG, {}, 'hall', FLOOR_MS)
    expect(site.told).toHaveLength(1)
    site.hear(TAG, {}, 'hall', FLOOR_MS - 1)
    expect(site.told).toHaveLength(2)
  })

  it('do not turn time back when they overtake one another', () => {
    const site = new Scenario()
    site.learn(1_000)
    const lastMs = site.nowMs
    site.wait(500)
    site.hear(TAG, {}, 'hall', 3_000)
    site.wait(lastMs + FLOOR_MS - 1 - site.nowMs)
    expect(site.told).toEqual([])
    site.wait(1)
    expect(site.told).toHaveLength(1)
  })
})

describe('what is told of a lost tag', () => {
  it('is its last fix with its age, zone, battery and person', () => {
    const site = new Scenario()
    site.feed('DirectoryChanged', 'gw', { by: 'site', at: WALL_MS, change: { kind: 'bound', tag: TAG, person: 'anna' } })
    site.hear(TAG, { batteryPct: 60 })
    site.fix(['hall-1'], TAG, 2_000)
    site.fix(['older'], TAG, 4_000)
    site.wait(CEILING_MS)
    expect(site.told).toMatchObject([
      { data: { person: 'anna', batteryPct: 60, fixAgeMs: CEILING_MS + 2_000, lastFix: { zones: ['hall-1'], time: WALL_MS - 2_000 } } }
    ])
    expect(site.told[0]?.data).not.toHaveProperty('batteryLow')
  })

  it('names who wears it when that is told, whatever was said first', () => {
    const site = new Scenario()
    const change = (kind: 'bound' | 'unbound', person: string, at: number): void =>
      site.feed('DirectoryChanged', 'gw', { by: 'site', at: WALL_MS + at, change: { kind, tag: TAG, person } })
    const lose = (): unknown => {
      site.hear()
      site.wait(CEILING_MS)
      return site.told.findLast(({ type }) => type === 'SignalLost')?.data['person']
    }
    expect(lose()).toBe(undefined)
    change('bound', 'second', 2_000)
    change('bound', 'first', 1_000)
    expect(lose()).toBe('second')
    change('bound', 'third', site.nowMs + CEILING_MS + 1)
    expect(lose()).toBe('second')
    expect(lose()).toBe('third')
    change('unbound', 'third', site.nowMs)
    site.hear()
    expect(site.told.at(-1)?.data).not.toHaveProperty('person')
  })

  it('says when a low battery had been announced: by an alert that still stands, or by its percentage', () => {
    const low = (edge: 'raised' | 'cleared') => (site: Scenario) =>
      site.feed('TagAlert', TAG, { tag: TAG, kind: 'low-battery', edge, announcedAs: 'level', count: 1, repeats: 0 }, 'hall')
    const percent = (batteryPct: number) => (site: Scenario) => site.hear(TAG, { batteryPct })
    for (const [steps, isLow] of [
      [[low('raised')], true],
      [[low('raised'), low('cleared')], undefined],
      [[low('raised'), percent(49)], true],
      [[low('raised'), percent(50)], undefined],
      [[percent(10)], true],
      [[percent(11)], undefined]
    ] as const) {
      const site = new Scenario()
      for (const step of steps) step(site)
      site.wait(CEILING_MS)
      expect(site.told[0]?.data['batteryLow']).toBe(isLow)
    }
  })

  it('says when the tag was said to go off; that is no frame of it, and the next one takes it back', () => {
    const site = new Scenario()
    site.learn(1_000)
    const lastMs = site.nowMs
    site.wait(10_000)
    site.hear(TAG, { online: false })
    site.wait(FLOOR_MS - 10_000)
    expect(site.told).toMatchObject([{ atMs: lastMs + FLOOR_MS, data: { announcedOff: true } }])
    site.hear(TAG, { online: false })
    expect(site.told).toHaveLength(1)
    site.hear()
    site.wait(CEILING_MS)
    expect(site.told[2]?.data).not.toHaveProperty('announcedOff')
  })
})

describe('a tag that is put away', () => {
  it('may be silent on its charger and in a parking zone, and is watched again when it is heard elsewhere', () => {
    const site = new Scenario({ parkingZones: ['rack'] })
    const away: readonly (() => void)[] = [
      () => site.hear(TAG, { charging: true }),
      () => {
        site.hear(TAG, { charging: false })
        site.fix(['rack', 'hall'])
      }
    ]
    for (const putAway of away) {
      putAway()
      site.wait(48 * 3_600_000)
      expect(site.told).toEqual([])
      expect(site.state().status).toBe('parked')
    }
    site.hear()
    site.fix(['hall'])
    site.wait(CEILING_MS)
    expect(site.names()).toEqual([`SignalLost ${TAG}`])
  })

  it('is none that was taken off, that is beside the zone, or of which that was said long before its last frame', () => {
    const notAway: readonly ((site: Scenario) => void)[] = [
      (site) => {
        site.hear(TAG, { charging: true })
        site.hear(TAG, { charging: false })
      },
      (site) => {
        site.hear()
        site.fix(['hall'])
      },
      (site) => {
        site.hear(TAG, { charging: true })
        site.hearEvery(10_000, 30 * 60_000 + 10_000)
      },
      (site) => {
        site.hear()
        site.fix(['rack'])
        site.hearEvery(10_000, 30 * 60_000 + 10_000)
      }
    ]
    for (const put of notAway) {
      const site = new Scenario({ parkingZones: ['rack'] })
      put(site)
      site.wait(CEILING_MS)
      expect(site.told).toHaveLength(1)
    }
  })
})

describe('settings', () => {
  it('refuse a floor above the ceiling, also by what a source overrides', () => {
    expect(signalLossSchema.safeParse({ floorS: 90 }).error?.issues[0]?.message).toBe('makes the floor greater than the ceiling')
    expect(signalLossSchema.safeParse({ sources: { a: { ceilingS: 20 } } }).error?.issues[0]?.path).toEqual(['sources', 'a', 'ceilingS'])
    expect(signalLossSchema.safeParse({ floorS: 5, ceilingS: 5 }).success).toBe(true)
  })

  it('say how long a silent tag is remembered', () => {
    const site = new Scenario({ forgetAfterDays: 1 })
    site.hear()
    site.wait(CEILING_MS + 86_400_000 - 1)
    expect(site.runner.sizes().get('signal-loss')).toBe(1)
    site.wait(1)
    expect(site.runner.sizes().get('signal-loss')).toBe(0)
  })

  it('keep one who is heard again', () => {
    const site = new Scenario({ forgetAfterDays: 1 })
    site.hear()
    site.wait(CEILING_MS + 3_600_000)
    site.hear()
    site.hearEvery(60_000, 2 * 86_400_000)
    expect(site.state().rhythm.gaps).toBe(1 + 2 * 24 * 60)
  })
})
