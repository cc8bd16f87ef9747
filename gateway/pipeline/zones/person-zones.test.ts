import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fix } from '../../events/business-events.ts'
import { type Floor, type Zone, zoneSchema } from '../../site/site-model.ts'
import { type ZoneMap, zoneMap } from '../../site/zones/zone-map.ts'
import type { PipelineEvent } from '../processor.ts'
import { gaussian, ofType, SCENARIO_START_MS, type Scenario, scenario, seeded } from '../scenario-test-support.ts'
import { personZones } from './person-zones.ts'
import { PERSONS_IN_ZONE } from './persons-in-zone.ts'
import { zoneCrossingSchema } from './zone-settings.ts'

/** In two dimensions 68 % of errors lie within 1.51 deviations of one axis. */
const DEVIATIONS_PER_ACCURACY = 1.51

const box = (x0: number, y0: number, x1: number, y1: number): number[][][] => [
  [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1]
  ]
]
const zone = (id: string, polygon: number[][][], more: object = {}): Zone => zoneSchema.parse({ id, frame: 'plant', polygon, ...more })

const SITE = zone('site', box(0, 0, 100, 100))
const HALL = zone('hall', box(20, 20, 80, 80), { parent: 'site' })
const ROOM = zone('room', box(40, 40, 50, 50), { parent: 'hall' })
const PLANT = [SITE, HALL, ROOM]

type Where = Partial<Omit<Fix, 'time'>> & { readonly person?: string }

/** A fix of a person `s` seconds after the start; x and y in the plant's frame. */
function fixAt(s: number, x: number, y = 45, { person = 'anna', ...more }: Where = {}): PipelineEvent<'PersonFix'> {
  const time = SCENARIO_START_MS + Math.round(s * 1_000)
  const fix: Fix = { tag: 'sim:1', source: 'uwb', method: 'given', time, accuracyM: 0.3, position: { x, y, frame: 'plant' }, ...more }
  return { type: 'PersonFix', key: person, time, data: { person, fix } }
}

const mapOf = (zones: readonly Zone[], floors: readonly Floor[] = []): ZoneMap => zoneMap(zones, floors, new Map())
const started = (zones: readonly Zone[] = PLANT, settings: object = {}, floors: readonly Floor[] = []): Scenario =>
  scenario([personZones(mapOf(zones, floors), zoneCrossingSchema.parse(settings))])
const seconds = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step)

/** Crossings as words: +hall, -room (outside). */
function crossings({ told }: Scenario): string[] {
  return told.map((event) => {
    if (event.type === 'ZoneEntered') return `+${event.data.zone}`
    return event.type === 'ZoneLeft' ? `-${event.data.zone} ${event.data.reason}` : event.type
  })
}
const sourceEvent = (type: 'SourceLost' | 'SourceRestored', s: number, sourceId: string): PipelineEvent => {
  const common = { key: sourceId, time: SCENARIO_START_MS + s * 1_000 }
  return type === 'SourceLost'
    ? { ...common, type, data: { sourceId, driver: 'x', retriable: true } }
    : { ...common, type, data: { sourceId, driver: 'x' } }
}
const zonesChanged = (s: number): PipelineEvent => ({ type: 'ZonesChanged', key: 'gw', time: SCENARIO_START_MS + s * 1_000, data: {} })

describe('personZones', () => {
  it('tells each level, from the outside in, and from the inside out, with the fix that decided', () => {
    const run = started()
    run.feed(fixAt(0, 45))
    expect(crossings(run)).toEqual(['+site', '+hall', '+room'])
    expect(run.told[2]).toMatchObject({
      key: 'anna',
      time: SCENARIO_START_MS,
      data: { person: 'anna', zone: 'room', parents: ['hall', 'site'], distanceM: 5, fix: { position: { x: 45 } } }
    })
    run.feed(fixAt(1, 200))
    expect(crossings(run).slice(3)).toEqual(['-room outside', '-hall outside', '-site outside'])
    expect(run.told[5]?.data).toMatchObject({
      zone: 'site',
      parents: [],
      enteredAt: SCENARIO_START_MS,
      distanceM: 100,
      fix: { position: { x: 200 } }
    })
  })

  it('counts a child as in its parents even where it is drawn beyond them', () => {
    const run = started([SITE, zone('balcony', box(95, 40, 120, 50), { parent: 'site' })])
    run.feed(...seconds(0, 20).map((s) => fixAt(s, 110)))
    expect(crossings(run)).toEqual(['+site', '+balcony'])
    run.feed(fixAt(21, 130))
    expect(crossings(run).slice(2)).toEqual(['-balcony outside', '-site outside'])
  })

  it('knows holes', () => {
    const [outer] = box(0, 0, 100, 100)
    const [hole] = box(40, 40, 60, 60)
    const run = started([zone('ring', [outer ?? [], hole ?? []])])
    run.feed(fixAt(0, 50, 50))
    expect(run.told).toEqual([])
    run.feed(fixAt(1, 30, 50), fixAt(2, 50, 50))
    expect(crossings(run)).toEqual(['+ring', '-ring outside'])
  })

  it('waits for evidence near an edge, the longer the poorer the fix', () => {
    const fine = started([HALL])
    fine.feed(fixAt(0, 21))
    expect(crossings(fine)).toEqual(['+hall'])
    const poor = started([HALL])
    poor.feed(fixAt(0, 21, 45, { accuracyM: 2 }), fixAt(1, 21, 45, { accuracyM: 2 }))
    expect(poor.told).toEqual([])
    poor.feed(...seconds(2, 8).map((s) => fixAt(s, 21, 45, { accuracyM: 2 })))
    expect(crossings(poor)).toEqual(['+hall'])
  })

  it('counts many fixes of one second as one', () => {
    const run = started([HALL])
    run.feed(fixAt(0, 0), ...seconds(0.01, 0.9, 0.01).map((s) => fixAt(s, 20.4)))
    expect(run.told).toEqual([])
  })

  it('takes an accuracy as set for fixes that state none', () => {
    const bare = (): PipelineEvent<'PersonFix'> => {
      const { data, ...event } = fixAt(0, 22)
      const { accuracyM: _none, ...fix } = data.fix
      return { ...event, data: { ...data, fix } }
    }
    const fine = started([HALL], { assumedAccuracyM: 0.5 })
    fine.feed(bare())
    expect(crossings(fine)).toEqual(['+hall'])
    const poor = started([HALL], { assumedAccuracyM: 5 })
    poor.feed(bare())
    expect(poor.told).toEqual([])
  })

  it('keeps people within the exit tolerance, the zone’s own before the general one', () => {
    const tolerant = started([zone('pit', box(0, 0, 50, 50), { exitToleranceM: 3 })], { exitToleranceM: 0 })
    tolerant.feed(fixAt(0, 45), ...seconds(1, 60).map((s) => fixAt(s, 52.5)))
    expect(crossings(tolerant)).toEqual(['+pit'])
    const strict = started([zone('pit', box(0, 0, 50, 50))], { exitToleranceM: 0 })
    strict.feed(fixAt(0, 45), ...seconds(1, 60).map((s) => fixAt(s, 52.5)))
    expect(crossings(strict)).toEqual(['+pit', '-pit outside'])
  })

  it('ends the tolerance by its timeout, to the millisecond; one fix inside begins it anew', () => {
    const run = started([zone('pit', box(0, 0, 50, 50), { exitToleranceM: 3, toleranceTimeoutMs: 10_000 })])
    run.feed(fixAt(0, 45), fixAt(1, 51), fixAt(9, 49), fixAt(10, 51))
    run.advanceTo(19_999)
    expect(crossings(run)).toEqual(['+pit'])
    run.advanceTo(20_000)
    expect(crossings(run)).toEqual(['+pit', '-pit outside'])
    expect(run.told[1]).toMatchObject({ time: SCENARIO_START_MS + 20_000, nowMs: 20_000 })
  })

  it('tells an exit after its delay, and not at all if the person is back by then', () => {
    const run = started([zone('pit', box(0, 0, 50, 50), { exitDelayMs: 5_000 })])
    run.feed(fixAt(0, 25), fixAt(1, 70), fixAt(5.9, 25))
    run.advanceTo(60_000)
    expect(crossings(run)).toEqual(['+pit'])
    run.feed(fixAt(61, 70))
    run.advanceTo(65_999)
    expect(run.told).toHaveLength(1)
    run.advanceTo(66_000)
    expect(crossings(run)).toEqual(['+pit', '-pit outside'])
  })

  it('lets who has no fix for the fence timeout leave, children before parents; each fix begins it anew', () => {
    const run = started(PLANT, { fenceTimeoutMs: 30_000 })
    run.feed(fixAt(0, 45), fixAt(20, 45))
    run.advanceTo(49_999)
    expect(run.told).toHaveLength(3)
    run.advanceTo(50_000)
    expect(crossings(run).slice(3)).toEqual(['-room fence-timeout', '-hall fence-timeout', '-site fence-timeout'])
    run.feed(fixAt(51, 45))
    expect(run.told).toHaveLength(9)
  })

  it('keeps a parent whose timeout is shorter for as long as a child has the person', () => {
    const run = started([
      zone('site', box(0, 0, 100, 100), { fenceTimeoutMs: 1_000 }),
      zone('hall', box(20, 20, 80, 80), { parent: 'site', fenceTimeoutMs: 9_000 })
    ])
    run.feed(fixAt(0, 45))
    run.advanceTo(8_999)
    expect(run.told).toHaveLength(2)
    run.advanceTo(9_000)
    expect(crossings(run).slice(2)).toEqual(['-hall fence-timeout', '-site fence-timeout'])
  })

  it('does not count silence while the source is lost or the gateway was blind, unless it is set so', () => {
    const settings = { fenceTimeoutMs: 30_000 }
    const lost = started([SITE], settings)
    lost.feed(fixAt(0, 45), sourceEvent('SourceLost', 10, 'uwb'), sourceEvent('SourceLost', 11, 'other'))
    lost.advanceTo(3_600_000)
    expect(crossings(lost)).toEqual(['+site'])
    lost.feed(sourceEvent('SourceRestored', 3_600, 'other'), sourceEvent('SourceRestored', 3_600, 'uwb'))
    lost.advanceTo(3_629_999)
    expect(crossings(lost)).toEqual(['+site'])
    lost.advanceTo(3_630_000)
    expect(crossings(lost)).toEqual(['+site', '-site fence-timeout'])

    const blind = started([SITE], settings)
    blind.feed(fixAt(0, 45))
    blind.feedAt({ type: 'GatewayWasBlind', key: '', time: SCENARIO_START_MS, data: { fromMs: 1_000, toMs: 500_000 } }, 1_000)
    blind.advanceTo(529_999)
    expect(crossings(blind)).toEqual(['+site'])
    blind.advanceTo(530_000)
    expect(crossings(blind)).toEqual(['+site', '-site fence-timeout'])

    for (const id of ['uwb', 'other']) {
      const run = started([SITE], { ...settings, leaveWhenUnobserved: id === 'uwb' })
      run.feed(fixAt(0, 45), sourceEvent('SourceLost', 10, id))
      run.advanceTo(30_000)
      expect(crossings(run)).toEqual(['+site', '-site fence-timeout'])
    }
  })

  it('takes a fix by another source as being observed again', () => {
    const run = started([SITE], { fenceTimeoutMs: 30_000 })
    run.feed(fixAt(0, 45), sourceEvent('SourceLost', 10, 'uwb'), fixAt(20, 45, 45, { source: 'ble' }))
    run.advanceTo(50_000)
    expect(crossings(run)).toEqual(['+site', '-site fence-timeout'])
  })

  it('tells floors apart, and takes one fix of another floor for a mistake', () => {
    const floors: Floor[] = [
      { id: 'ground', building: 'b', level: 0, frame: 'plant', fromZ: 0, toZ: 4 },
      { id: 'first', building: 'b', level: 1, frame: 'plant', fromZ: 4, toZ: 8 }
    ]
    const zones = [
      SITE,
      zone('workshop', box(20, 20, 80, 80), { parent: 'site', floors: ['ground'] }),
      zone('office', box(20, 20, 80, 80), { parent: 'site', floors: ['first'] })
    ]
    const run = started(zones, {}, floors)
    run.feed(
      ...seconds(0, 10).map((s) => fixAt(s, 45, 45, { floor: 'ground' })),
      fixAt(11, 45, 45, { floor: 'first' }),
      fixAt(12, 45, 45, { floor: 'ground' })
    )
    expect(crossings(run)).toEqual(['+site', '+workshop'])
    run.feed(...seconds(12.1, 12.9, 0.1).map((s) => fixAt(s, 45, 45, { floor: 'first' })), fixAt(13, 45, 45, { floor: 'ground' }))
    expect(crossings(run)).toEqual(['+site', '+workshop'])
    run.feed(...seconds(14, 30).map((s) => fixAt(s, 45, 45, { position: { x: 45, y: 45, z: 5, frame: 'plant' } })))
    expect(crossings(run).slice(-2).sort()).toEqual(['+office', '-workshop outside'].sort())
  })

  it('lets people in at once on the floor that they were on before, and lets height decide by evidence alone', () => {
    const zones = [zone('workshop', box(20, 20, 80, 80), { floors: ['ground'] }), zone('gallery', box(0, 0, 15, 15), { fromZ: 3 })]
    const run = started(zones)
    run.feed(fixAt(0, 18, 18, { floor: 'ground' }), fixAt(1, 45, 45, { floor: 'ground' }))
    expect(crossings(run)).toEqual(['+workshop'])
    const high = started(zones)
    high.feed(fixAt(0, 10, 10, { position: { x: 10, y: 10, z: 3.5, frame: 'plant' } }))
    expect(high.told).toEqual([])
    high.feed(fixAt(1, 10, 10, { position: { x: 10, y: 10, z: 3.5, frame: 'plant' } }))
    expect(crossings(high)).toEqual(['+gallery'])
  })

  it('lets who is seen in a frame without a tie leave the zones of another', () => {
    const run = started([SITE])
    run.feed(fixAt(0, 45), fixAt(1, 45, 45, { position: { x: 1, y: 1, frame: 'tunnel' } }), fixAt(2, 45))
    expect(crossings(run)).toEqual(['+site'])
    run.feed(...seconds(3, 10).map((s) => fixAt(s, 0, 0, { position: { x: 1, y: 1, frame: 'tunnel' } })))
    expect(crossings(run)).toEqual(['+site', '-site outside'])
    expect(ofType(run.told, 'ZoneLeft')[0]?.data.distanceM).toBeUndefined()
  })

  it('lets who leaves the directory leave every zone, and who has taken off the last tag that told of them', () => {
    const run = started()
    run.feed(fixAt(0, 45), { type: 'PersonUnplaced', key: 'anna', time: SCENARIO_START_MS + 5_000, data: { person: 'anna' } })
    expect(crossings(run).slice(3)).toEqual(['-room unbound', '-hall unbound', '-site unbound'])
    expect(run.runner.sizes().get('person-zones')).toBe(0)
    const removed = { by: 'central', at: 0, change: { kind: 'person', person: 'anna', removed: true } } as const
    const overruled = { ...removed, overruled: true } as const
    run.feed(fixAt(6, 10), { type: 'DirectoryChanged', key: 'gw', time: SCENARIO_START_MS + 6_500, data: overruled })
    expect(crossings(run).slice(6)).toEqual(['+site'])
    run.feed({ type: 'DirectoryChanged', key: 'gw', time: SCENARIO_START_MS + 7_000, data: removed })
    expect(crossings(run).slice(6)).toEqual(['+site', '-site unbound'])
  })

  it('judges everybody anew when zones change: removed ones are left, drawn elsewhere left, new parents entered', () => {
    const before = started()
    before.feed(fixAt(0, 45))
    const entries = before.runner.beginSnapshot().take(100)
    const resume = (zones: readonly Zone[]): Scenario => {
      const run = started(zones)
      run.runner.restore(0, [`[${entries.join(',')}]`])
      run.feed(zonesChanged(1))
      return run
    }
    expect(crossings(resume([SITE, HALL]))).toEqual(['-room zone-removed'])
    expect(crossings(resume([SITE, HALL, zone('room', box(60, 60, 70, 70), { parent: 'hall' })]))).toEqual(['-room outside'])
    expect(crossings(resume([SITE, HALL, ROOM, zone('corner', box(44, 44, 46, 46), { parent: 'room' })]))).toEqual(['+corner'])
    const region = zone('region', box(200, 200, 300, 300))
    expect(crossings(resume([region, { ...SITE, parent: 'region' }, HALL, ROOM]))).toEqual(['+region'])
    expect(crossings(resume(PLANT))).toEqual([])
  })

  it('passes over late fixes, and goes on when the clock was set back', () => {
    const run = started([HALL])
    run.feed(fixAt(100, 45))
    for (let n = 0; n < 20; n++) run.feedAt(fixAt(50 + n, 0), 100_100 + n)
    expect(crossings(run)).toEqual(['+hall'])
    for (let n = 0; n < 5; n++) run.feedAt(fixAt(n, 0), 160_101 + n * 1_000)
    expect(crossings(run)).toEqual(['+hall', '-hall outside'])
  })
})

describe('personZones, whatever the jitter', () => {
  const accuracy = fc.double({ min: Math.log(0.05), max: Math.log(20), noNaN: true }).map(Math.exp)
  const hz = fc.constantFrom(0.05, 0.2, 1, 5)
  const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  const FIELD = zone('field', box(0, -10_000, 10_000, 10_000))

  it('crosses an edge at most once while somebody stands anywhere near it', () => {
    // A place in units of the accuracy, so that every distance is as likely to be tried with every accuracy.
    fc.assert(
      fc.property(accuracy, hz, seed, fc.double({ min: -4, max: 3, noNaN: true }), (accuracyM, rate, from, away) => {
        const random = seeded(from)
        const run = started([FIELD])
        for (const s of seconds(0, 600 / rate, 1 / rate)) {
          const noise = (): number => (gaussian(random) * accuracyM) / DEVIATIONS_PER_ACCURACY
          run.feed(fixAt(s, away * accuracyM + noise(), noise(), { accuracyM }))
        }
        expect(run.told.length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 120 }
    )
  })

  it('tells exactly one entry and one exit of a walk straight through', () => {
    fc.assert(
      fc.property(accuracy, fc.constantFrom(1, 5), seed, fc.double({ min: 0.5, max: 2, noNaN: true }), (accuracyM, rate, from, mps) => {
        const random = seeded(from)
        const lengthM = 20 * accuracyM + 40
        const run = started([zone('hall', box(0, -1_000, lengthM, 1_000))])
        for (const s of seconds(0, (2 * lengthM) / mps, 1 / rate)) {
          const noise = (): number => (gaussian(random) * accuracyM) / DEVIATIONS_PER_ACCURACY
          run.feed(fixAt(s, s * mps - lengthM / 2 + noise(), noise(), { accuracyM }))
        }
        expect(crossings(run)).toEqual(['+hall', '-hall outside'])
      }),
      { numRuns: 60 }
    )
  })
})

describe('personZones and PERSONS_IN_ZONE', () => {
  it('count exactly, up the tree, as geometry does for fixes that leave no doubt', () => {
    // Odd places keep a metre from every edge of the plant.
    const step = fc.record({
      person: fc.constantFrom('anna', 'boris', 'carla'),
      x: fc.integer({ min: -5, max: 54 }),
      y: fc.integer({ min: -5, max: 54 }),
      tag: fc.constantFrom('sim:1', 'sim:2')
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const run = scenario([personZones(mapOf(PLANT), zoneCrossingSchema.parse({ exitToleranceM: 0 })), PERSONS_IN_ZONE])
        const at = new Map<string, readonly [x: number, y: number]>()
        for (const [index, { person, x, y, tag }] of steps.entries()) {
          run.feed(fixAt(index, 2 * x + 1, 2 * y + 1, { person, tag, accuracyM: 0.1 }))
          at.set(person, [2 * x + 1, 2 * y + 1])
          const told = new Map(ofType(run.told, 'PersonsInZone').map(({ data }) => [data.zone, data]))
          for (const [id, from, to] of [
            ['site', 0, 100],
            ['hall', 20, 80],
            ['room', 40, 50]
          ] as const) {
            const inside = [...at].filter(([, place]) => place.every((each) => each > from && each < to)).map(([who]) => who)
            expect([id, told.get(id)?.number ?? 0, told.get(id)?.persons ?? []]).toEqual([id, inside.length, inside.sort()])
          }
        }
      }),
      { numRuns: 40 }
    )
  })
})
