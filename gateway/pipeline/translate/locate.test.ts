import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atOrigin, type Georeference, levelFrame } from '../../site/georeference/level-frame.ts'
import type { EventData } from '../event-data.ts'
import { PipelineRunner } from '../pipeline-runner.ts'
import type { PipelineEvent } from '../processor.ts'
import { joinTopology } from '../topology.ts'
import { type LocateOptions, locate } from './locate.ts'
import { Scenario, START } from './translate-test-support.ts'

const TAG = 'pans:4d18'
const HALL: Georeference = levelFrame({ lat: 50, lon: 8, alt: 100 }, atOrigin(0))
const SITE: LocateOptions['site'] = {
  anchor: [
    { id: 'a1', frame: 'hall', x: 0, y: 0, z: 3, floor: 'eg' },
    { id: 'a2', frame: 'hall', x: 20, y: 0, z: 3, floor: 'eg' },
    { id: 'a3', frame: 'hall', x: 20, y: 20, z: 3, floor: 'eg' },
    { id: 'a4', frame: 'hall', x: 0, y: 20, z: 3, floor: 'eg' },
    { id: 'b1', frame: 'hall', x: 0, y: 0, z: 8, floor: 'og' },
    { id: 'b2', frame: 'hall', x: 20, y: 0, z: 8, floor: 'og' },
    { id: 'b3', frame: 'hall', x: 20, y: 20, z: 8, floor: 'og' },
    { id: 'b4', frame: 'hall', x: 0, y: 20, z: 8, floor: 'og' }
  ],
  receiver: [
    { id: 'r1', frame: 'hall', x: 0, y: 0, z: 3, floor: 'eg' },
    { id: 'r2', frame: 'hall', x: 10, y: 0, z: 3, floor: 'eg' },
    { id: 'r3', frame: 'hall', x: 5, y: 0, z: 8, floor: 'og' }
  ],
  floor: [
    { id: 'eg', building: 'b', level: 0, frame: 'hall', fromZ: 0, toZ: 5 },
    { id: 'og', building: 'b', level: 1, frame: 'hall', fromZ: 5, toZ: 10 }
  ]
}
const OPTIONS: LocateOptions = { site: SITE, georeferences: new Map([['hall', HALL]]), sources: { uwb: { frame: 'hall' } } }

/** Ranges of a tag at this place to the anchors whose ids begin so. */
function rangesFrom(x: number, y: number, z: number, floor = 'a'): NonNullable<EventData['TagMovement']['ranges']> {
  return SITE.anchor
    .filter(({ id }) => id.startsWith(floor))
    .map((each) => ({ anchor: `pans:${each.id}`, rangeM: Math.hypot(x - each.x, y - each.y, z - each.z) }))
}

class Locating extends Scenario {
  constructor(options: Partial<LocateOptions> = {}) {
    super([locate({ ...OPTIONS, ...options })], ['TagMovement', 'TagInfo'])
  }

  moves(atMs: number, data: Omit<EventData['TagMovement'], 'tag'>, { timeMs = atMs, source = 'uwb' } = {}): void {
    this.feed(atMs, 'TagMovement', TAG, { tag: TAG, ...data }, { timeMs, source })
  }

  hears(atMs: number, receiver: string, rssiDbm: number, source = 'ble'): void {
    this.feed(atMs, 'TagInfo', TAG, { tag: TAG, receiver, rssiDbm }, { source })
  }

  fixes() {
    return this.take('TagFix').map(({ data }) => data)
  }

  last() {
    return this.fixes().at(-1)?.fix
  }
}

describe('locate', () => {
  describe('positions given by the system', () => {
    it('stay as they are, with their accuracy, on the earth and on a floor', () => {
      const site = new Locating()
      site.moves(1_000, { position: { x: 3, y: 4, z: 6.2 }, accuracyM: 0.25, speedMps: 1.1, courseDeg: 90 })
      const [told] = site.take('TagFix')
      expect(told).toMatchObject({ key: TAG, time: START + 1_000, source: 'uwb', data: { speedMps: 1.1, courseDeg: 90 } })
      const fix = told?.data.fix
      expect(fix).toMatchObject({ tag: TAG, source: 'uwb', method: 'given', time: START + 1_000, accuracyM: 0.25, floor: 'og' })
      expect(fix?.position).toEqual({ x: 3, y: 4, z: 6.2, frame: 'hall' })
      const back = HALL.toFrame({ lat: fix?.geo?.latitudeDeg ?? 0, lon: fix?.geo?.longitudeDeg ?? 0, alt: 106.2 })
      expect(Math.hypot((back?.x ?? 0) - 3, (back?.y ?? 0) - 4)).toBeLessThan(0.001)
      expect(fix?.geo).not.toHaveProperty('altitudeM')
      expect(told?.data).not.toHaveProperty('past')
    })

    it('have the accuracy of their source where they say none: 1 m, 10 m of satellite receivers, or as set', () => {
      const geo = { latitudeDeg: 50, longitudeDeg: 8 }
      const site = new Locating({ sources: { set: { accuracyM: 3 } } })
      site.moves(0, { position: { x: 1, y: 1 } })
      site.moves(1, { geo }, { source: 'gnss' })
      site.moves(2, { position: { x: 1, y: 1 } }, { source: 'set' })
      site.moves(3, { geo, accuracyM: 2 }, { source: 'set' })
      expect(site.fixes().map(({ fix }) => [fix.method, fix.accuracyM])).toEqual([
        ['given', 1],
        ['gnss', 10],
        ['given', 3],
        ['gnss', 2]
      ])
    })

    it('name their own frame before that of the source, and without any are in none', () => {
      const site = new Locating()
      site.moves(0, { position: { x: 1, y: 1, frame: 'yard' } })
      site.moves(1, { position: { x: 1, y: 1 } }, { source: 'other' })
      expect(site.fixes().map(({ fix }) => [fix.position?.frame, fix.geo])).toEqual([
        ['yard', undefined],
        [undefined, undefined]
      ])
    })

    it('are on the floor of that number where no height is told, and on none at a height between', () => {
      const site = new Locating()
      site.moves(0, { position: { x: 1, y: 1 }, floor: 1 })
      site.moves(1, { position: { x: 1, y: 1, z: 5 } })
      site.moves(2, { position: { x: 1, y: 1, z: 4.99 }, floor: 1 })
      site.moves(3, { position: { x: 1, y: 1, z: 10 } })
      expect(site.fixes().map(({ fix }) => fix.floor)).toEqual(['og', 'og', 'eg', undefined])
    })

    it('of satellites come in metres of the frame of their source, with a height only where it is known', () => {
      const site = new Locating()
      const geo = { latitudeDeg: 50.0001, longitudeDeg: 8 }
      site.moves(0, { geo })
      site.moves(1, { geo: { ...geo, altitudeM: 60, geoidSeparationM: 47 } })
      const [flat, high] = site.fixes()
      expect(flat?.fix.geo).toEqual(geo)
      expect(flat?.fix.position).toMatchObject({ frame: 'hall', z: undefined })
      expect(flat?.fix.position?.y).toBeCloseTo(11.12, 1)
      expect(high?.fix.position?.z).toBeCloseTo(7, 1)
      expect(high?.fix.floor).toBe('og')
    })

    it('are smoothed where their source is set so: one outlier moves nobody', () => {
      for (const [smooth, farM] of [
        [true, 1],
        [false, 40]
      ] as const) {
        const site = new Locating({ sources: { uwb: { frame: 'hall', smooth } } })
        for (let n = 0; n < 20; n++) site.moves(n * 1_000, { position: { x: 5, y: 5 }, accuracyM: 0.5 })
        site.moves(20_000, { position: { x: 45, y: 5 }, accuracyM: 0.5 })
        expect(Math.abs((site.last()?.position?.x ?? 0) - 5)).toBeLessThanOrEqual(farM)
        if (!smooth) expect(farM).toBe(40)
      }
    })
  })

  describe('time', () => {
    it('a fix older than the newest is told as past, with its own time, and changes no filter', () => {
      const kept = new Locating({ sources: { uwb: { frame: 'hall', smooth: true } } })
      const disturbed = new Locating({ sources: { uwb: { frame: 'hall', smooth: true } } })
      for (const site of [kept, disturbed]) for (let n = 0; n < 10; n++) site.moves(n * 1_000, { position: { x: n, y: 0 } })
      disturbed.fixes()
      disturbed.moves(9_500, { position: { x: 300, y: 0 } }, { timeMs: 8_999 })
      expect(disturbed.fixes()).toMatchObject([{ past: true, fix: { time: START + 8_999, position: { x: 300 } } }])
      // It does not become the newest itself.
      disturbed.moves(9_600, { position: { x: 301, y: 0 } }, { timeMs: 8_999.5 })
      expect(disturbed.fixes()).toMatchObject([{ past: true }])
      for (const site of [kept, disturbed]) site.moves(10_000, { position: { x: 10, y: 0 } })
      expect(disturbed.last()).toEqual(kept.last())
    })

    it('repeated data keep their own time, and are no fix where that is unknown', () => {
      const site = new Locating()
      site.moves(60_000, { position: { x: 1, y: 1 }, stale: true })
      expect(site.fixes()).toEqual([])
      site.moves(60_000, { position: { x: 1, y: 1 }, stale: true, deviceTime: START + 5_000 }, { timeMs: 5_000 })
      expect(site.fixes().map(({ fix, past }) => [fix.time, past])).toEqual([[START + 5_000, undefined]])
      site.moves(61_000, { position: { x: 1, y: 1 } })
      site.moves(62_000, { position: { x: 1, y: 1 }, stale: true, deviceTime: START + 5_000 }, { timeMs: 5_000 })
      expect(site.fixes().map(({ past }) => past)).toEqual([undefined, true])
    })

    it('a wall clock that is set back makes nothing past', () => {
      const site = new Locating()
      site.moves(1_000, { position: { x: 1, y: 1 } })
      site.wallStepMs = -3_600_000
      site.moves(2_000, { position: { x: 1, y: 1 } })
      expect(site.fixes().map(({ past }) => past)).toEqual([undefined, undefined])
    })

    it('one system that lags behind another is not past for that', () => {
      const site = new Locating()
      site.moves(1_000, { position: { x: 1, y: 1 } })
      site.moves(1_100, { position: { x: 1, y: 1 } }, { timeMs: 600, source: 'slow' })
      expect(site.fixes().map(({ past }) => past)).toEqual([undefined, undefined])
    })
  })

  describe('ranges', () => {
    it('are solved for the place, at carrying height, with what the anchors know of frame and floor', () => {
      const site = new Locating()
      for (let n = 0; n < 5; n++) site.moves(n * 200, { ranges: rangesFrom(7, 11, 1.2) })
      const fix = site.last()
      expect(fix).toMatchObject({ method: 'ranges', floor: 'eg', position: { frame: 'hall' } })
      expect(Math.hypot((fix?.position?.x ?? 0) - 7, (fix?.position?.y ?? 0) - 11)).toBeLessThan(0.1)
      expect(fix?.position?.z).toBeCloseTo(1.2, 0)
      expect(fix?.geo?.latitudeDeg).toBeGreaterThan(50)
      expect(fix?.accuracyM).toBeGreaterThan(0)
    })

    it('hold the tag over the floor on which the nearest anchor is', () => {
      const site = new Locating()
      for (let n = 0; n < 5; n++) site.moves(n * 200, { ranges: rangesFrom(7, 11, 6.2, 'b') })
      const fix = site.last()
      expect(fix?.floor).toBe('og')
      expect(fix?.position?.z).toBeCloseTo(6.2, 0)
      expect(Math.hypot((fix?.position?.x ?? 0) - 7, (fix?.position?.y ?? 0) - 11)).toBeLessThan(0.1)
    })

    it('follow a tag from one floor to the next', () => {
      const site = new Locating()
      for (let n = 0; n < 5; n++) site.moves(n * 200, { ranges: rangesFrom(7, 11, 1.2) })
      site.moves(1_000, { ranges: rangesFrom(7, 11, 6.2, 'b') })
      const fix = site.last()
      expect(fix?.floor).toBe('og')
      expect(fix?.position?.z).toBeCloseTo(6.2, 0)
      expect(Math.hypot((fix?.position?.x ?? 0) - 7, (fix?.position?.y ?? 0) - 11)).toBeLessThan(0.3)
    })

    it('may bring the places of their anchors along where installers have set none', () => {
      const site = new Locating({ site: { ...SITE, anchor: [] } })
      const ranges = rangesFrom(7, 11, 1.2).map((each, n) => ({ ...each, anchorPosition: SITE.anchor[n] ?? { x: 0, y: 0 } }))
      site.moves(0, { ranges })
      const fix = site.last()
      expect(fix?.position?.frame).toBe('hall')
      expect(Math.hypot((fix?.position?.x ?? 0) - 7, (fix?.position?.y ?? 0) - 11)).toBeLessThan(0.1)
    })

    it('to too few anchors are no fix, and the state says why', () => {
      const site = new Locating()
      site.moves(0, { ranges: rangesFrom(7, 11, 1.2).slice(0, 2) })
      expect(site.fixes()).toEqual([])
      expect(JSON.stringify([...site.runner.entries()])).toContain('there are 2 ranges')
    })

    it('of anchors that are given twice, or are no lengths, are left out', () => {
      const site = new Locating()
      const good = rangesFrom(7, 11, 1.2)
      const [first] = good
      site.moves(0, {
        ranges: [
          ...good,
          { anchor: first?.anchor ?? '', rangeM: 90 },
          { anchor: 'pans:b1', rangeM: -1 },
          { anchor: 'pans:b2', rangeM: Number.NaN }
        ]
      })
      const fix = site.last()
      expect(Math.hypot((fix?.position?.x ?? 0) - 7, (fix?.position?.y ?? 0) - 11)).toBeLessThan(0.1)
    })

    it('come out the same when the state was read back from a checkpoint in between, bit for bit', () => {
      const options = { sources: { uwb: { frame: 'hall', smooth: true } } }
      const place = fc.record({
        x: fc.double({ min: 1, max: 19, noNaN: true }),
        y: fc.double({ min: 1, max: 19, noNaN: true }),
        isRanged: fc.boolean()
      })
      fc.assert(
        fc.property(fc.array(place, { minLength: 2, maxLength: 12 }), (places) => {
          const through = new Locating(options)
          const told: unknown[] = []
          const again = () =>
            new PipelineRunner({
              topology: joinTopology([locate({ ...OPTIONS, ...options })], { inputs: ['TagMovement', 'TagInfo'], sinks: ['TagFix'] }),
              onOutput: ({ data }) => told.push(data),
              wallAt: (nowMs) => START + nowMs,
              onFault: (...fault) => told.push(fault)
            })
          let runner = again()
          places.forEach(({ x, y, isRanged }, n) => {
            const data = isRanged ? { ranges: rangesFrom(x, y, 1.2) } : { position: { x, y } }
            through.moves(n * 300, data)
            const event = { type: 'TagMovement', key: TAG, time: START + n * 300, source: 'uwb', data: { tag: TAG, ...data } }
            runner.feed(event as PipelineEvent, n * 300)
            const entries = runner.beginSnapshot().take(10)
            runner = again()
            runner.restore(n * 300, [`[${entries.join(',')}]`])
            expect([...runner.entries()].map((entry) => JSON.stringify(entry))).toEqual(entries)
          })
          expect(told).toEqual(through.fixes())
        }),
        { numRuns: 30 }
      )
    })
  })

  describe('receivers', () => {
    it('place a tag at the only one that hears it, on its floor', () => {
      const site = new Locating()
      site.hears(0, 'r3', -70)
      expect(site.last()).toMatchObject({ method: 'nearest-receiver', floor: 'og', position: { x: 5, y: 0, frame: 'hall' } })
      expect(site.last()?.source).toBe(undefined)
    })

    it('place it between those that do, nearer to the louder, whichever source they belong to', () => {
      const site = new Locating()
      site.hears(0, 'r1', -66, 'ble-1')
      site.hears(2_000, 'r2', -70, 'ble-2')
      site.hears(4_100, 'r1', -66, 'ble-1')
      const fix = site.last()
      expect(fix?.method).toBe('receivers')
      expect(fix?.position?.x).toBeGreaterThan(0.5)
      expect(fix?.position?.x).toBeLessThan(5)
    })

    it('place it at the nearest where their source is set so', () => {
      const site = new Locating({ sources: { ble: { receivers: 'nearest' } } })
      site.hears(0, 'r1', -66)
      site.hears(2_000, 'r2', -70)
      site.hears(4_100, 'r1', -66)
      expect(site.last()).toMatchObject({ method: 'nearest-receiver', position: { x: 0, y: 0 } })
    })

    it('of another storey do not pull it about', () => {
      const site = new Locating()
      site.hears(0, 'r1', -60)
      site.hears(100, 'r3', -61)
      site.hears(2_100, 'r1', -60)
      expect(site.last()).toMatchObject({ method: 'nearest-receiver', floor: 'eg', position: { x: 0, y: 0 } })
    })

    it('that have not heard it for ten seconds no longer count', () => {
      const site = new Locating()
      site.hears(0, 'r1', -50)
      site.hears(10_000, 'r2', -80)
      expect(site.last()?.position?.x).toBeLessThan(5)
      site.hears(20_001, 'r2', -80)
      expect(site.last()).toMatchObject({ method: 'nearest-receiver', position: { x: 10, y: 0 } })
    })

    it('tell of a place at most every two seconds, and at once when another is the loudest', () => {
      const site = new Locating()
      for (let n = 0; n <= 20; n++) site.hears(n * 100, 'r1', -66)
      expect(site.fixes()).toHaveLength(2)
      site.hears(2_100, 'r2', -50)
      expect(site.fixes()).toHaveLength(1)
    })

    it('that nobody has placed leave nothing behind', () => {
      const site = new Locating()
      site.hears(0, 'unknown', -60)
      expect(site.fixes()).toEqual([])
      expect(site.runner.sizes().get('locate')).toBe(0)
    })
  })

  it('forgets a tag that is not heard for an hour, and keeps little of one that is', () => {
    const site = new Locating()
    for (let n = 0; n < 30; n++) site.moves(n * 200, { ranges: [...rangesFrom(7, 11, 1.2), ...rangesFrom(7, 11, 1.2, 'b').slice(0, 2)] })
    for (const source of ['b', 'c', 'd', 'e', 'f']) site.moves(6_000, { position: { x: 1, y: 1 } }, { source })
    site.moves(6_000, { ranges: rangesFrom(7, 11, 1.2) })
    site.advanceTo(6_000 + 3_599_999)
    expect(site.runner.sizes().get('locate')).toBe(1)
    expect(JSON.stringify([...site.runner.entries()]).length).toBeLessThan(2_048)
    site.advanceTo(6_000 + 3_600_000)
    expect(site.runner.sizes().get('locate')).toBe(0)
  })
})
