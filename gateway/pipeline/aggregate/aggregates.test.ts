import { describe, expect, it } from 'vitest'
import { telemetryAggregate } from '../../events/business-events.ts'
import type { EventData, EventType } from '../event-data.ts'
import { PipelineRunner } from '../pipeline-runner.ts'
import type { PipelineEvent } from '../processor.ts'
import { joinTopology } from '../topology.ts'
import { aggregatesSchema } from './aggregate-settings.ts'
import { aggregates } from './aggregates.ts'
import { addValue, newSeries } from './panes.ts'

/** A whole minute. */
const START_MS = Date.UTC(2026, 10, 16, 6)
const TAG = 'ble:a'

class Site {
  readonly told: EventData['TelemetryAggregate'][] = []
  readonly runner: PipelineRunner
  nowMs = 0
  wallStepMs = 0

  constructor(config: object[]) {
    const processors = aggregates(aggregatesSchema.parse(config))
    const made = new Set(processors.flatMap((each) => each.out))
    const inputs = [...new Set(processors.flatMap((each) => each.in))].filter((type) => !made.has(type))
    this.runner = new PipelineRunner({
      topology: joinTopology(processors, { inputs, sinks: ['TelemetryAggregate'] }),
      onOutput: ({ type, data, time }) => {
        if (type !== 'TelemetryAggregate') return
        const aggregate = telemetryAggregate.data.strict().parse(data)
        expect(time).toBe(aggregate.windowTo)
        this.told.push(aggregate)
      },
      wallAt: (nowMs) => START_MS + nowMs + this.wallStepMs,
      onFault: (_processor, _key, error) => {
        throw error
      }
    })
  }

  at(second: number): void {
    this.nowMs = second * 1_000
    this.runner.advanceTo(this.nowMs)
  }

  /** @param time seconds since the start; absent: now */
  feed<Type extends EventType>(type: Type, key: string, data: EventData[Type], time = this.nowMs / 1_000): void {
    const event = { type, key, data, time: START_MS + this.wallStepMs + time * 1_000 }
    this.runner.feed(event as PipelineEvent, this.nowMs)
  }

  info(values: Partial<EventData['TagInfo']>, time?: number, tag = TAG): void {
    this.feed('TagInfo', tag, { tag, ...values }, time)
  }
}

const minute = { of: 'tag', metrics: ['heartRateBpm'], windowS: 60 }

describe('windows', () => {
  it('begin with their first instant and end before their last: a value on the edge counts once, in the later one', () => {
    const site = new Site([minute])
    for (const [second, heartRateBpm] of [
      [0, 60],
      [30, 90],
      [59.999, 75],
      [60, 100]
    ] as const) {
      site.at(second)
      site.info({ heartRateBpm })
    }
    site.at(64.999)
    expect(site.told).toEqual([])
    site.at(65)
    const of = { of: 'tag', id: TAG, metric: 'heartRateBpm' }
    expect(site.told).toEqual([
      { ...of, windowFrom: START_MS, windowTo: START_MS + 60_000, count: 3, min: 60, mean: 75, max: 90, last: 75 }
    ])
    site.at(125)
    expect(site.told.slice(1)).toEqual([
      { ...of, windowFrom: START_MS + 60_000, windowTo: START_MS + 120_000, count: 1, min: 100, mean: 100, max: 100, last: 100 }
    ])
    site.at(86_000)
    expect(site.told).toHaveLength(2)
  })

  it('take what comes within the lateness, in its own place; what comes later is counted, and told with the next', () => {
    const site = new Site([minute])
    site.at(59)
    site.info({ heartRateBpm: 80 })
    site.at(64.999)
    site.info({ heartRateBpm: 60 }, 30)
    site.at(65)
    site.info({ heartRateBpm: 200 }, 59)
    site.info({ heartRateBpm: 70 })
    site.at(300)
    expect(site.told).toMatchObject([
      { count: 2, min: 60, max: 80, last: 80 },
      { count: 1, max: 70, late: 1 }
    ])
    expect(site.told[0]).not.toHaveProperty('late')
  })

  it('may overlap: each value is in as many as the window has slides', () => {
    const site = new Site([{ ...minute, everyS: 20 }])
    site.at(25)
    site.info({ heartRateBpm: 60 })
    site.at(500)
    expect(site.told.map(({ windowFrom, count }) => [(windowFrom - START_MS) / 1_000, count])).toEqual([
      [-20, 1],
      [0, 1],
      [20, 1]
    ])
  })

  it('are told again for no clock that is turned back; what falls into told ones is late', () => {
    const site = new Site([minute])
    site.at(30)
    site.info({ heartRateBpm: 60 })
    site.at(65)
    site.wallStepMs = -50_000
    site.info({ heartRateBpm: 70 })
    site.at(600)
    site.info({ heartRateBpm: 80 })
    site.at(900)
    expect(site.told).toMatchObject([
      { count: 1, max: 60 },
      { count: 1, max: 80, late: 1 }
    ])
  })

  it('are told before the value that comes when the clock has been put forward past their end', () => {
    const site = new Site([{ ...minute, everyS: 20 }])
    site.at(30)
    site.info({ heartRateBpm: 60 })
    site.wallStepMs = 600_000
    site.info({ heartRateBpm: 70 })
    expect(site.told.map(({ count }) => count)).toEqual([1, 1, 1])
  })

  it('of different lengths and metrics stand side by side, also where one is declared twice', () => {
    const quick = { ...minute, windowS: 10 }
    const site = new Site([{ ...minute, metrics: ['heartRateBpm', 'spo2Pct', 'spo2Pct'] }, quick, quick, { ...minute, windowS: 120 }])
    site.info({ heartRateBpm: 60, spo2Pct: 98 })
    const timers = (): unknown => [...site.runner.entries()].map((entry) => entry.timers)
    expect(timers()).toEqual([[['close', 15_000]]])
    site.at(15)
    expect(site.told).toHaveLength(1)
    expect(timers()).toEqual([[['close', 65_000]]])
    site.at(200)
    expect(site.told.map(({ metric, windowFrom, windowTo, last, count }) => [metric, windowTo - windowFrom, last, count])).toEqual([
      ['heartRateBpm', 10_000, 60, 1],
      ['heartRateBpm', 60_000, 60, 1],
      ['spo2Pct', 60_000, 98, 1],
      ['heartRateBpm', 120_000, 60, 1]
    ])
  })

  it('are kept bounded, and forgotten with a key that is silent for a day', () => {
    const site = new Site([minute])
    for (let n = 0; n < 100; n += 1) site.info({ heartRateBpm: 60 }, n * 60)
    const [entry] = site.runner.entries()
    expect(JSON.stringify(entry).length).toBeLessThan(2_048)
    const series = (entry?.state as { series: Record<string, { late: number }> } | undefined)?.series['heartRateBpm/60000/60000/5000']
    expect(series?.late).toBe(96)
    site.at(5 * 60 + 86_400)
    expect(site.runner.sizes().get('aggregate-tag')).toBe(0)
    site.info({ heartRateBpm: 60 }, 0)
    expect(site.runner.sizes().get('aggregate-tag')).toBe(1)
    site.at(3 * 86_400)
    expect(site.runner.sizes().get('aggregate-tag')).toBe(0)
  })
})

describe('addValue', () => {
  it('counts a value once that is late and finds no room', () => {
    const series = newSeries()
    const shape = { windowMs: 20, slideMs: 10, maxPanes: 2 }
    for (const time of [40, 50]) addValue(series, shape, time, 1, 20)
    expect(addValue(series, shape, 15, 1, 20)).toBe(false)
    expect(series.late).toBe(1)
    expect(addValue(series, shape, 60, 1, 20)).toBe(false)
    expect(series.late).toBe(2)
  })
})

describe('what is summed up', () => {
  it('is live values only, and keys without any are not kept', () => {
    const site = new Site([minute])
    site.info({ heartRateBpm: 60, stale: true })
    site.info({ heartRateBpm: 60, redelivered: true })
    site.info({ batteryPct: 60 })
    expect(site.runner.sizes().get('aggregate-tag')).toBe(0)
  })

  it('is a gas by its name and unit, and a speed also of movements', () => {
    const site = new Site([{ ...minute, metrics: ['gas.co.ppm', 'speedMps'] }])
    site.info({
      gases: [
        { gas: 'o2', volumePct: 20.9 },
        { gas: 'co', ppm: 31 }
      ]
    })
    site.info({ gases: [{ gas: 'o2', volumePct: 20.9 }] })
    site.feed('TagMovement', TAG, { tag: TAG, speedMps: 1.5 })
    site.at(100)
    expect(site.told).toMatchObject([
      { metric: 'gas.co.ppm', count: 1, last: 31 },
      { metric: 'speedMps', count: 1, last: 1.5 }
    ])
  })

  it('of a person comes from all tags that the person wears', () => {
    const site = new Site([{ ...minute, of: 'person', metrics: ['heartRateBpm', 'speedMps'] }])
    for (const [tag, heartRateBpm] of [
      ['ble:a', 60],
      ['ble:b', 80]
    ] as const) {
      site.feed('WornInfo', 'anna', { person: 'anna', info: { tag, heartRateBpm } })
    }
    const fix = { tag: TAG, method: 'given' as const, time: START_MS }
    site.feed('PersonFix', 'anna', { person: 'anna', fix, speedMps: 2 })
    site.at(100)
    expect(site.told).toMatchObject([
      { of: 'person', id: 'anna', metric: 'heartRateBpm', count: 2, mean: 70 },
      { of: 'person', id: 'anna', metric: 'speedMps', count: 1, last: 2 }
    ])
  })

  it('of a zone is what is measured on those who are in it, at each level, and how many they are', () => {
    const site = new Site([{ ...minute, of: 'zone', metrics: ['temperatureDegC', 'persons'] }])
    const fix = { tag: TAG, method: 'given' as const, time: START_MS }
    const crossing = { person: 'anna', parents: [], fix, distanceM: 1 }
    const measure = (temperatureDegC: number): void =>
      site.feed('WornInfo', 'anna', { person: 'anna', info: { tag: TAG, temperatureDegC } })
    measure(10)
    for (const zone of ['oven', 'hall', 'oven']) site.feed('ZoneEntered', 'anna', { ...crossing, zone })
    measure(40)
    site.feed('ZoneLeft', 'anna', { ...crossing, zone: 'oven', enteredAt: 0, reason: 'outside' })
    measure(20)
    site.feed('ZoneLeft', 'anna', { ...crossing, zone: 'hall', enteredAt: 0, reason: 'outside' })
    measure(10)
    expect(site.runner.sizes().get('zone-measurements')).toBe(0)
    for (const number of [1, 2, 1]) site.feed('PersonsInZone', 'hall', { zone: 'hall', number })
    site.at(100)
    expect(site.told.map(({ id, metric, count, max, last }) => [id, metric, count, max, last])).toEqual([
      ['hall', 'temperatureDegC', 2, 40, 20],
      ['hall', 'persons', 3, 2, 1],
      ['oven', 'temperatureDegC', 1, 40, 40]
    ])
  })
})

describe('settings', () => {
  it.each([
    [{ ...minute, metrics: ['heartrate'] }, 'is no value of a tag'],
    [{ ...minute, metrics: ['persons'] }, 'can be summed up of a zone, not of a tag'],
    [{ ...minute, everyS: 25 }, 'does not divide the window'],
    [{ ...minute, everyS: 3 }, 'keeps too many windows open'],
    [{ ...minute, latenessS: 960 }, 'keeps too many windows open']
  ])('refuse %j: it %s', (aggregate, message) => {
    expect(aggregatesSchema.safeParse([aggregate]).error?.issues[0]?.message).toBe(message)
  })

  it('take none, and what is summed up of zones without anything else that measures', () => {
    expect(aggregates(aggregatesSchema.parse([]))).toEqual([])
    const persons = aggregates(aggregatesSchema.parse([{ of: 'zone', metrics: ['persons'], windowS: 60 }]))
    expect(persons.map((each) => [each.name, each.in])).toEqual([['aggregate-zone', ['PersonsInZone']]])
    const people = aggregates(aggregatesSchema.parse([{ of: 'person', metrics: ['spo2Pct'], windowS: 60 }]))
    expect(people.map((each) => each.in)).toEqual([['WornInfo']])
  })
})
