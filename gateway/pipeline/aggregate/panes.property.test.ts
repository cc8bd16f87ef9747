import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventData } from '../event-data.ts'
import { PipelineRunner } from '../pipeline-runner.ts'
import { joinTopology } from '../topology.ts'
import { aggregatesSchema } from './aggregate-settings.ts'
import { aggregates } from './aggregates.ts'

/** A Monday; no whole multiple of anything but seconds. */
const START_MS = Date.UTC(2026, 10, 16, 6, 0, 7)

interface Value {
  /** Since the value before arrived. */
  readonly afterMs: number
  /** It happened so long before it arrived. */
  readonly ageMs: number
  readonly value: number
}

type Told = Omit<EventData['TelemetryAggregate'], 'of' | 'id' | 'metric'>

interface Shape {
  readonly windowS: number
  readonly everyS: number
  readonly latenessS: number
}

function run(values: readonly Value[], { windowS, everyS, latenessS }: Shape, endAfterMs: number): readonly Told[] {
  const told: Told[] = []
  const config = aggregatesSchema.parse([{ of: 'tag', metrics: ['heartRateBpm'], windowS, everyS, latenessS }])
  const runner = new PipelineRunner({
    topology: joinTopology(aggregates(config), { inputs: ['TagInfo'], sinks: ['TelemetryAggregate'] }),
    onOutput: ({ data }) => {
      const { of, id, metric, ...rest } = data as EventData['TelemetryAggregate']
      expect({ of, id, metric }).toEqual({ of: 'tag', id: 'ble:a', metric: 'heartRateBpm' })
      told.push(rest)
    },
    wallAt: (nowMs) => START_MS + nowMs,
    onFault: (_processor, _key, error) => {
      throw error
    }
  })
  let nowMs = 0
  for (const { afterMs, ageMs, value } of values) {
    nowMs += afterMs
    const data = { tag: 'ble:a', heartRateBpm: value }
    runner.feed({ type: 'TagInfo', key: 'ble:a', time: START_MS + nowMs - ageMs, data }, nowMs)
  }
  runner.advanceTo(nowMs + endAfterMs)
  return told
}

/** From the whole list: a value is in a window when it happened within it and arrived before the window was told. */
function naive(values: readonly Value[], { windowS, everyS, latenessS }: Shape): readonly Omit<Told, 'late'>[] {
  const [windowMs, everyMs, latenessMs] = [windowS * 1_000, everyS * 1_000, latenessS * 1_000]
  let arrivedAt = START_MS
  const arrived = values.map(({ afterMs, ageMs, value }) => {
    arrivedAt += afterMs
    return { arrivedAt, time: arrivedAt - ageMs, value }
  })
  const first = Math.min(...arrived.map(({ time }) => time))
  const windows: Omit<Told, 'late'>[] = []
  for (let to = Math.floor(first / everyMs) * everyMs; to <= arrivedAt + windowMs; to += everyMs) {
    const within = arrived.filter((one) => one.time >= to - windowMs && one.time < to && one.arrivedAt < to + latenessMs)
    if (within.length === 0) continue
    const all = within.map(({ value }) => value)
    const lastTime = Math.max(...within.map(({ time }) => time))
    windows.push({
      windowFrom: to - windowMs,
      windowTo: to,
      count: all.length,
      min: Math.min(...all),
      mean: all.reduce((sum, value) => sum + value, 0) / all.length,
      max: Math.max(...all),
      last: within.findLast(({ time }) => time === lastTime)?.value ?? Number.NaN
    })
  }
  return windows
}

const value: fc.Arbitrary<Value> = fc.record({
  afterMs: fc.oneof(fc.nat(3_000), fc.constantFrom(0, 1_000, 3_000), fc.nat(60_000)),
  ageMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(40_000), fc.constantFrom(1_000, 2_000, 7_000)),
  value: fc.integer({ min: -50, max: 250 })
})
const shape: fc.Arbitrary<Shape> = fc
  .record({ slides: fc.integer({ min: 1, max: 5 }), everyS: fc.constantFrom(1, 2, 5, 10), latenessS: fc.constantFrom(0, 1, 5) })
  .map(({ slides, everyS, latenessS }) => ({ windowS: slides * everyS, everyS, latenessS }))

describe('aggregates, over random values', () => {
  it('equal what is computed from the whole list, window by window, in order', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), shape, (values, form) => {
        const told = run(values, form, (form.windowS + form.latenessS + form.everyS) * 1_000)
        expect(told.map(({ late: _late, ...rest }) => rest)).toEqual(naive(values, form))
      }),
      { numRuns: 1_000 }
    )
  })

  it('without overlap have each value in one window or count it as late', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), fc.constantFrom(0, 1, 5), (values, latenessS) => {
        // The one at the end is on time, and its window tells of the late ones before.
        const all = [...values, { afterMs: 60_000, ageMs: 0, value: 1 }]
        const told = run(all, { windowS: 10, everyS: 10, latenessS }, 60_000)
        expect(told.reduce((sum, { count, late = 0 }) => sum + count + late, 0)).toBe(all.length)
      }),
      { numRuns: 500 }
    )
  })
})
