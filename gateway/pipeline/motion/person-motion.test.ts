import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fix } from '../../events/business-events.ts'
import type { PipelineEvent } from '../processor.ts'
import { gaussian, ofType, SCENARIO_START_MS, type Scenario, scenario, seeded } from '../scenario-test-support.ts'
import { motionSchema } from './motion-settings.ts'
import { personMotion } from './person-motion.ts'

const SETTINGS = motionSchema.parse({})
/** In two dimensions 68 % of errors lie within 1.51 deviations of one axis. */
const DEVIATIONS_PER_ACCURACY = 1.51
const LATITUDE_DEG = 51.5
const METRES_PER_DEG = 111_262

type Where = Partial<Fix> & { readonly x?: number; readonly y?: number; readonly person?: string }

/** A fix of a person `s` seconds after the start. */
function fixAt(s: number, { x = 0, y = 0, person = 'anna', ...more }: Where = {}): PipelineEvent<'PersonFix'> {
  const time = SCENARIO_START_MS + Math.round(s * 1_000)
  const fix: Fix = { tag: 'sim:1', method: 'given', time, accuracyM: 0.3, position: { x, y, frame: 'hall' }, ...more }
  return { type: 'PersonFix', key: person, time, data: { person, fix } }
}

/** A fix by GNSS, metres east and north of a place. */
const gnssAt = (s: number, x: number, y: number): PipelineEvent<'PersonFix'> => {
  const { data, ...event } = fixAt(s)
  const { position: _none, ...fix } = data.fix
  const geo = {
    latitudeDeg: LATITUDE_DEG + y / METRES_PER_DEG,
    longitudeDeg: 180 + x / (METRES_PER_DEG * Math.cos((LATITUDE_DEG * Math.PI) / 180))
  }
  const eastern = geo.longitudeDeg > 180 ? { ...geo, longitudeDeg: geo.longitudeDeg - 360 } : geo
  return { ...event, data: { ...data, fix: { ...fix, method: 'gnss', geo: eastern } } }
}

const started = (settings: object = {}): Scenario => scenario([personMotion(motionSchema.parse(settings))])
const seconds = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step)
const typesOf = ({ told }: Scenario): string[] => told.map(({ type }) => type)

describe('personMotion', () => {
  it('tells that a person has stopped once they have stayed for the time, since when, and not a second sooner', () => {
    const run = started()
    run.feed(...seconds(0, 29).map((s) => fixAt(s)))
    expect(run.told).toEqual([])
    run.feed(fixAt(30))
    expect(run.told).toMatchObject([
      {
        type: 'PersonStopped',
        key: 'anna',
        data: { person: 'anna', since: SCENARIO_START_MS, radiusM: 1.5, fix: { time: SCENARIO_START_MS + 30_000 } }
      }
    ])
    run.feed(...seconds(31, 600).map((s) => fixAt(s)))
    expect(run.told).toHaveLength(1)
  })

  it('takes somebody who works on the spot as standing still, and not somebody who paces further than the radius and the accuracy', () => {
    const still = started()
    still.feed(...seconds(0, 60).map((s) => fixAt(s, { x: s % 2, accuracyM: 0.05 })))
    expect(typesOf(still)).toEqual(['PersonStopped'])
    const pacing = started()
    pacing.feed(...seconds(0, 600).map((s) => fixAt(s, { x: (Math.floor(s / 5) % 2) * 5, accuracyM: 0.05 })))
    expect(pacing.told).toEqual([])
  })

  it('tells that they move again after two fixes outside over the time, for how long they had stopped, and by which fix', () => {
    const run = started()
    run.feed(...seconds(0, 100).map((s) => fixAt(s)))
    run.feed(fixAt(101, { x: 5 }), fixAt(102, { x: 12 }))
    expect(typesOf(run)).toEqual(['PersonStopped'])
    run.feed(fixAt(103, { x: 20 }))
    expect(run.told[1]).toMatchObject({
      type: 'PersonMoving',
      key: 'anna',
      data: { person: 'anna', stoppedForMs: 101_000, fix: { position: { x: 20 } } }
    })
    run.feed(...seconds(104, 150).map((s) => fixAt(s, { x: 20 })))
    expect(run.told[2]).toMatchObject({ type: 'PersonStopped', data: { since: SCENARIO_START_MS + 103_000 } })
  })

  it('does not end a stop for one fix astray, nor for one a minute', () => {
    const run = started()
    run.feed(...seconds(0, 600).map((s) => fixAt(s, { x: s % 60 === 59 ? 40 : 0 })))
    expect(typesOf(run)).toEqual(['PersonStopped'])
  })

  it('asks for two fixes outside of tags that are seldom heard', () => {
    const run = started()
    run.feed(...seconds(0, 120, 20).map((s) => fixAt(s)), fixAt(140, { x: 30 }))
    expect(typesOf(run)).toEqual(['PersonStopped'])
    run.feed(fixAt(160, { x: 60 }))
    expect(typesOf(run)).toEqual(['PersonStopped', 'PersonMoving'])
  })

  it('asks for two even where no time is asked for', () => {
    const run = started({ leaveAfterMs: 0 })
    run.feed(...seconds(0, 60).map((s) => fixAt(s)), fixAt(61, { x: 40 }), fixAt(62))
    expect(typesOf(run)).toEqual(['PersonStopped'])
    run.feed(fixAt(63, { x: 40 }), fixAt(64, { x: 40 }))
    expect(typesOf(run)).toEqual(['PersonStopped', 'PersonMoving'])
  })

  it('leaves by a greater radius than it stops by', () => {
    const run = started({ radiusM: 1, leaveRadiusM: 3 })
    run.feed(...seconds(0, 60).map((s) => fixAt(s, { accuracyM: 0.01 })))
    run.feed(...seconds(61, 100).map((s) => fixAt(s, { x: 2.9, accuracyM: 0.01 })))
    expect(typesOf(run)).toEqual(['PersonStopped'])
    const further = started({ radiusM: 1, leaveRadiusM: 3 })
    further.feed(...seconds(0, 60).map((s) => fixAt(s, { accuracyM: 0.01 })))
    further.feed(...seconds(61, 64).map((s) => fixAt(s, { x: 3.2, accuracyM: 0.01 })))
    expect(typesOf(further)).toEqual(['PersonStopped', 'PersonMoving'])
  })

  it('takes longer where fixes are poor, rather than tell a slow walk as a stop', () => {
    const run = started()
    run.feed(...seconds(0, 120).map((s) => fixAt(s, { accuracyM: 10 })))
    expect(run.told).toEqual([])
    run.feed(...seconds(121, 300).map((s) => fixAt(s, { accuracyM: 10 })))
    expect(typesOf(run)).toEqual(['PersonStopped'])
  })

  it('takes an accuracy as set for fixes that state none', () => {
    const without = (s: number): PipelineEvent<'PersonFix'> => {
      const { data, ...event } = fixAt(s)
      const { accuracyM: _none, ...fix } = data.fix
      return { ...event, data: { ...data, fix } }
    }
    const fine = started({ assumedAccuracyM: 0.1 })
    fine.feed(...seconds(0, 30).map(without))
    expect(typesOf(fine)).toEqual(['PersonStopped'])
    const poor = started({ assumedAccuracyM: 10 })
    poor.feed(...seconds(0, 30).map(without))
    expect(poor.told).toEqual([])
  })

  it('does not count a time without fixes as standing still; one just as long as allowed counts', () => {
    const run = started({ longestGapMs: 20_000, afterMs: 40_000 })
    run.feed(fixAt(0), fixAt(20.001), fixAt(40.001))
    expect(run.told).toEqual([])
    run.feed(fixAt(60.001))
    expect(run.told).toMatchObject([{ data: { since: SCENARIO_START_MS + 20_001 } }])
    const allowed = started({ longestGapMs: 20_000, afterMs: 40_000 })
    allowed.feed(fixAt(0), fixAt(20), fixAt(40))
    expect(typesOf(allowed)).toEqual(['PersonStopped'])
  })

  it('keeps who had stopped through a silence, and tells that they have moved if they come back elsewhere', () => {
    const run = started()
    run.feed(...seconds(0, 60).map((s) => fixAt(s)), ...seconds(4_000, 4_060).map((s) => fixAt(s)))
    expect(typesOf(run)).toEqual(['PersonStopped'])
    run.feed(...seconds(9_000, 9_002).map((s) => fixAt(s, { x: 50 })))
    expect(run.told[1]).toMatchObject({ type: 'PersonMoving', data: { stoppedForMs: 9_000_000 } })
  })

  it('passes over fixes that come late', () => {
    const run = started()
    run.feed(...seconds(0, 60).map((s) => fixAt(s)))
    for (const s of seconds(10, 20)) run.feedAt(fixAt(s, { x: 99 }), 60_500 + s)
    run.feed(...seconds(61, 70).map((s) => fixAt(s)))
    expect(typesOf(run)).toEqual(['PersonStopped'])
  })

  it('goes on after the clock was set back, with the right length of the stop', () => {
    const run = started()
    run.feed(...seconds(0, 60).map((s) => fixAt(s)))
    for (const s of seconds(61, 200)) run.feedAt(fixAt(s - 3_600), s * 1_000)
    for (const s of seconds(201, 204)) run.feedAt(fixAt(s - 3_600, { x: 20 }), s * 1_000)
    expect(typesOf(run)).toEqual(['PersonStopped', 'PersonMoving'])
    expect(ofType(run.told, 'PersonMoving')[0]?.data.stoppedForMs).toBe(201_000)
  })

  it('takes another floor for another place, and one fix of it for a mistake', () => {
    const run = started()
    run.feed(
      ...seconds(0, 60).map((s) => fixAt(s, { floor: 'ground' })),
      fixAt(61, { floor: 'first' }),
      ...seconds(62, 70).map((s) => fixAt(s, { floor: 'ground' }))
    )
    expect(typesOf(run)).toEqual(['PersonStopped'])
    run.feed(...seconds(71, 73).map((s) => fixAt(s, { floor: 'first' })))
    expect(typesOf(run)).toEqual(['PersonStopped', 'PersonMoving'])
  })

  it('takes positions without a frame as those of their source: what another source says cannot be compared', () => {
    const run = started()
    const by = (source: string, s: number): PipelineEvent<'PersonFix'> => fixAt(s, { source, position: { x: 1, y: 1 } })
    run.feed(...seconds(0, 60).map((s) => by('north', s)), by('south', 61), by('north', 62), by('south', 63))
    expect(typesOf(run)).toEqual(['PersonStopped'])
    run.feed(...seconds(64, 66).map((s) => by('south', s)))
    expect(typesOf(run)).toEqual(['PersonStopped', 'PersonMoving'])
  })

  it('works in WGS84 as in metres, across the date line too', () => {
    const run = started()
    run.feed(...seconds(0, 60).map((s) => gnssAt(s, s % 2 === 0 ? 0.7 : -0.7, 0)))
    expect(typesOf(run)).toEqual(['PersonStopped'])
    run.feed(...seconds(61, 66).map((s) => gnssAt(s, 0, 3.2)))
    expect(typesOf(run)).toEqual(['PersonStopped'])
    run.feed(...seconds(67, 70).map((s) => gnssAt(s, 0, 5)))
    expect(typesOf(run)).toEqual(['PersonStopped', 'PersonMoving'])
  })

  it('forgets who leaves the directory or takes the last tag off, and a fix that names no place changes nothing', () => {
    const run = started()
    const { position: _none, ...nowhere } = fixAt(31).data.fix
    run.feed(...seconds(0, 29).map((s) => fixAt(s)), { ...fixAt(30), data: { person: 'anna', fix: nowhere } })
    expect(run.told).toEqual([])
    const removed = { by: 'central', at: 0, change: { kind: 'person', person: 'anna', removed: true } } as const
    run.feed({ type: 'DirectoryChanged', key: 'gw', time: SCENARIO_START_MS + 30_000, data: removed })
    expect(run.runner.sizes().get('person-motion')).toBe(0)
    run.feed(...seconds(31, 60).map((s) => fixAt(s)))
    expect(run.told).toEqual([])
    run.feed({ type: 'PersonUnplaced', key: 'anna', time: SCENARIO_START_MS + 60_500, data: { person: 'anna' } })
    expect(run.runner.sizes().get('person-motion')).toBe(0)
    run.feed(fixAt(61))
    const overruled = { ...removed, overruled: true } as const
    run.feed({ type: 'DirectoryChanged', key: 'gw', time: SCENARIO_START_MS + 61_000, data: overruled })
    expect(run.runner.sizes().get('person-motion')).toBe(1)
  })

  it('refuses a radius for leaving that is below that for stopping', () => {
    expect(motionSchema.safeParse({ radiusM: 5 }).error?.issues).toMatchObject([
      { path: ['leaveRadiusM'], message: 'is less than radiusM' }
    ])
    expect(motionSchema.safeParse({ radiusM: 5, leaveRadiusM: 5 }).success).toBe(true)
  })
})

describe('personMotion, whatever the jitter', () => {
  const accuracy = fc.double({ min: Math.log(0.02), max: Math.log(50), noNaN: true }).map(Math.exp)
  const hz = fc.constantFrom(0.05, 0.2, 1, 5)
  const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 })

  it('never tells that somebody moves who stands still, whatever accuracy is stated', () => {
    fc.assert(
      fc.property(fc.array(accuracy, { minLength: 1, maxLength: 3 }), hz, seed, (accuracies, rate, from) => {
        const random = seeded(from)
        const run = started()
        for (const [index, s] of seconds(0, 400 / rate, 1 / rate).entries()) {
          const accuracyM = accuracies[index % accuracies.length] ?? 1
          const noise = (): number => (gaussian(random) * accuracyM) / DEVIATIONS_PER_ACCURACY
          run.feed(fixAt(s, { x: noise(), y: noise(), accuracyM }))
        }
        expect(ofType(run.told, 'PersonMoving')).toEqual([])
        expect(ofType(run.told, 'PersonStopped').length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 150 }
    )
  })

  it('never tells that somebody has stopped who walks on at the slowest speed or faster', () => {
    fc.assert(
      fc.property(
        accuracy,
        hz,
        seed,
        fc.double({ min: 1, max: 8, noNaN: true }),
        fc.double({ min: 0, max: 7, noNaN: true }),
        (accuracyM, rate, from, times, heading) => {
          const random = seeded(from)
          const run = started()
          const mps = SETTINGS.slowestWalkMps * times
          for (const s of seconds(0, 600 / rate, 1 / rate)) {
            const noise = (): number => (gaussian(random) * accuracyM) / DEVIATIONS_PER_ACCURACY
            run.feed(fixAt(s, { x: mps * s * Math.cos(heading) + noise(), y: mps * s * Math.sin(heading) + noise(), accuracyM }))
          }
          expect(run.told).toEqual([])
        }
      ),
      { numRuns: 150 }
    )
  })
})
