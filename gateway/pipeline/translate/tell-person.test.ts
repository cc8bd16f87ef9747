import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { personAlert, personMovement, personTelemetry } from '../../events/business-events.ts'
import type { EventData } from '../event-data.ts'
import { type AnyProcessor, defineProcessor } from '../processor.ts'
import { type TellPersonOptions, tellPerson } from './tell-person.ts'
import { Scenario, START } from './translate-test-support.ts'

const TAG = 'pans:4d18'
const SOS = { tag: TAG, kind: 'sos', edge: 'raised', announcedAs: 'level', count: 1, repeats: 0 } as const

/** Every fix enters three zones, which lie in one another. It stands behind the other in the topology. */
const ZONES = defineProcessor({
  name: 'zones',
  title: 'Enters zones',
  in: ['PersonFix'],
  out: ['ZoneEntered'],
  version: 1,
  key: (event) => event.key,
  initial: () => ({}),
  process({ time, data: { person, fix } }, _state, context) {
    for (const [zone, parents] of [
      ['hall', ['site']],
      ['site', []],
      ['bay', ['hall', 'site']]
    ] as const) {
      context.emit('ZoneEntered', { key: person, time, data: { person, zone, parents: [...parents], fix, distanceM: 1 } })
    }
  }
})

class Telling extends Scenario {
  constructor(options?: TellPersonOptions, others: readonly AnyProcessor[] = []) {
    super(
      [tellPerson(options), ...others],
      ['PersonFix', 'PastFix', 'WornInfo', 'WornAlert', 'TagTakenOff', 'ZoneEntered', 'ZoneLeft', 'DirectoryChanged']
    )
  }

  fix(timeMs: number) {
    return {
      tag: TAG,
      source: 'hall',
      method: 'given' as const,
      time: START + timeMs,
      accuracyM: 0.3,
      floor: 'eg',
      position: { x: timeMs, y: 2 }
    }
  }

  moves(atMs: number, timeMs = atMs): void {
    this.feed(atMs, 'PersonFix', 'ann', { person: 'ann', fix: this.fix(timeMs), speedMps: 1.2 }, { timeMs })
  }

  crosses(atMs: number, type: 'ZoneEntered' | 'ZoneLeft', zone: string, parents: string[]): void {
    const crossing = { person: 'ann', zone, parents, fix: this.fix(atMs), distanceM: 1 }
    if (type === 'ZoneEntered') this.feed(atMs, type, 'ann', crossing)
    else this.feed(atMs, type, 'ann', { ...crossing, enteredAt: 0, reason: 'outside' })
  }

  measures(atMs: number, info: Omit<EventData['TagInfo'], 'tag'>, tag = TAG): void {
    this.feed(atMs, 'WornInfo', 'ann', { person: 'ann', info: { tag, ...info } }, { source: 'hall' })
  }

  alerts(atMs: number, alert: Partial<EventData['TagAlert']> = {}): void {
    this.feed(atMs, 'WornAlert', 'ann', { person: 'ann', alert: { ...SOS, ...alert } }, { source: 'hall' })
  }
}

describe('tellPerson', () => {
  describe('movement', () => {
    it('is told with person, fix, accuracy, age, floor, zones, speed and battery, as the contract has it', () => {
      const site = new Telling({}, [ZONES])
      site.measures(0, { batteryPct: 61 })
      site.moves(1_000)
      site.advanceTo(1_000)
      const [told] = site.take('PersonMovement')
      expect(told).toMatchObject({ key: 'ann', time: START + 1_000, source: 'hall', nowMs: 1_000 })
      const data = {
        person: 'ann',
        fix: { ...site.fix(1_000), zones: ['bay', 'hall', 'site'] },
        fixAgeMs: 0,
        speedMps: 1.2,
        batteryPct: 61
      }
      expect(told?.data).toEqual(data)
      expect(personMovement.data.strict().parse(told?.data)).toEqual(data)
    })

    it('is told at most every 200 ms: the newest wins, and the last is always told', () => {
      const site = new Telling()
      for (const atMs of [0, 50, 120, 199, 201, 210, 390]) site.moves(atMs)
      site.advanceTo(10_000)
      expect(site.take('PersonMovement').map(({ nowMs, data }) => [nowMs, data.fix.time - START, data.fixAgeMs])).toEqual([
        [0, 0, 0],
        [200, 199, 1],
        [400, 390, 10]
      ])
    })

    it('is told of each fix of a tag that sends no faster', () => {
      const site = new Telling()
      for (let atMs = 0; atMs <= 1_000; atMs += 200) site.moves(atMs)
      site.advanceTo(1_000)
      expect(site.take('PersonMovement').map(({ nowMs }) => nowMs)).toEqual([0, 200, 400, 600, 800, 1_000])
    })

    it('is paced as installers set', () => {
      const site = new Telling({ movementEveryMs: 1_000 })
      for (let atMs = 0; atMs <= 2_000; atMs += 200) site.moves(atMs)
      site.advanceTo(9_000)
      expect(site.take('PersonMovement').map(({ nowMs }) => nowMs)).toEqual([0, 1_000, 2_000, 3_000])
    })

    it('says how old a late fix is', () => {
      const site = new Telling()
      site.moves(5_000, 1_500)
      site.advanceTo(5_000)
      expect(site.take('PersonMovement').map(({ data }) => data.fixAgeMs)).toEqual([3_500])
    })

    it('from the past is told with its own time, as often, and changes nothing that is known now', () => {
      const site = new Telling()
      site.moves(60_000)
      site.advanceTo(60_000)
      site.take()
      for (const timeMs of [1_000, 1_100, 1_200, 1_400]) {
        site.feed(60_100, 'PastFix', 'ann', { person: 'ann', fix: site.fix(timeMs) }, { timeMs })
      }
      expect(site.take('PersonMovement').map(({ time, data }) => [time - START, data.fix.time - START, data.fixAgeMs])).toEqual([
        [1_000, 1_000, 59_100],
        [1_200, 1_200, 58_900],
        [1_400, 1_400, 58_700]
      ])
      site.alerts(60_200)
      expect(site.take('PersonAlert')[0]?.data.lastFix?.time).toBe(START + 60_000)
    })

    it('of any stream: never more often, the newest at each time, none after the last fix is missing', () => {
      fc.assert(
        fc.property(fc.array(fc.nat(450), { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 500 }), (gaps, everyMs) => {
          const site = new Telling({ movementEveryMs: everyMs })
          const at: number[] = []
          let nowMs = 0
          for (const gap of gaps) {
            nowMs += gap
            at.push(nowMs)
            site.moves(nowMs)
          }
          site.advanceTo(nowMs + everyMs)
          const told = site.take('PersonMovement')
          expect(told.at(-1)?.data.fix.time).toBe(START + nowMs)
          told.forEach(({ nowMs: toldMs, data }, n) => {
            // What arrives at the very time of telling may be in it or not.
            expect([Math.max(...at.filter((each) => each <= toldMs)), Math.max(...at.filter((each) => each < toldMs))]).toContain(
              data.fix.time - START
            )
            expect(toldMs - (told[n - 1]?.nowMs ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(everyMs)
            expect(data.fixAgeMs).toBeLessThanOrEqual(everyMs)
          })
        })
      )
    })
  })

  describe('telemetry', () => {
    it("is told with the person's last place, and without what says nothing of a person", () => {
      const site = new Telling()
      site.moves(0)
      site.crosses(0, 'ZoneEntered', 'hall', [])
      site.measures(700, { heartRateBpm: 88, helmetWorn: false, deviceTime: 5, stale: true, accelMps2: [0, 0, 9.8] })
      const [told] = site.take('PersonTelemetry')
      const data = {
        person: 'ann',
        tag: TAG,
        heartRateBpm: 88,
        helmetWorn: false,
        deviceTime: 5,
        stale: true,
        lastFix: { ...site.fix(0), zones: ['hall'] },
        fixAgeMs: 700
      }
      expect(told).toMatchObject({ key: 'ann', time: START + 700, source: 'hall' })
      expect(told?.data).toEqual(data)
      expect(personTelemetry.data.strict().parse(told?.data)).toEqual(data)
    })

    it('is not told of a frame with raw acceleration alone', () => {
      const site = new Telling()
      site.measures(0, { accelMps2: [0, 0, 9.8], pressurePa: 101_325, sequence: 4 })
      expect(site.take('PersonTelemetry')).toEqual([])
    })
  })

  describe('alerts', () => {
    it('have what a rescuer needs: who, which tag, where by which accuracy and how long ago, zones, floor, battery', () => {
      const site = new Telling()
      site.feed(0, 'DirectoryChanged', 'gw', { by: 'site', at: START, change: { kind: 'person', person: 'ann', name: 'Ann Ito' } })
      site.measures(0, { batteryPct: 12 })
      site.moves(1_000)
      site.crosses(1_000, 'ZoneEntered', 'hall', [])
      site.crosses(1_000, 'ZoneEntered', 'bay', ['hall'])
      site.crosses(2_000, 'ZoneLeft', 'bay', ['hall'])
      site.alerts(31_000, { slot: '2', count: 3 })
      const [told] = site.take('PersonAlert')
      const data = {
        person: 'ann',
        tag: TAG,
        name: 'Ann Ito',
        kind: 'sos',
        slot: '2',
        edge: 'raised',
        count: 3,
        lastFix: { ...site.fix(1_000), zones: ['hall'] },
        fixAgeMs: 30_000,
        batteryPct: 12
      }
      expect(told).toMatchObject({ key: 'ann', time: START + 31_000, source: 'hall' })
      expect(told?.data).toEqual(data)
      expect(personAlert.data.strict().parse(told?.data)).toEqual(data)
      site.alerts(32_000, { edge: 'cleared' })
      expect(site.take('PersonAlert').map(({ data: { edge } }) => edge)).toEqual(['cleared'])
    })

    it('take their own place where nothing is known of the person, or it is much younger', () => {
      const lastFix = { geo: { latitudeDeg: 50, longitudeDeg: 8 }, accuracyM: 4, ageMs: 1_000 }
      const site = new Telling()
      site.alerts(5_000, { lastFix })
      const own = { tag: TAG, source: 'hall', method: 'gnss', time: START + 4_000, accuracyM: 4, geo: lastFix.geo }
      expect(site.take('PersonAlert')[0]?.data).toMatchObject({ lastFix: own, fixAgeMs: 1_000 })
      site.moves(6_000)
      site.alerts(17_000, { lastFix })
      expect(site.take('PersonAlert')[0]?.data).toMatchObject({ lastFix: site.fix(6_000), fixAgeMs: 11_000 })
      site.alerts(17_001, { lastFix })
      expect(site.take('PersonAlert')[0]?.data.lastFix).toMatchObject({ method: 'gnss', time: START + 16_001 })
    })

    it('are told even when nothing is known', () => {
      const site = new Telling()
      site.alerts(5_000)
      expect(site.take('PersonAlert').map(({ data }) => data)).toEqual([{ person: 'ann', tag: TAG, kind: 'sos', edge: 'raised', count: 1 }])
    })

    it('prefer their own battery, and do not take that of a tag taken off', () => {
      const site = new Telling()
      site.measures(0, { batteryPct: 50 })
      site.alerts(1, { batteryPct: 3 })
      site.feed(2, 'WornInfo', 'ann', { person: 'ann', info: { tag: TAG, batteryPct: 99 } }, { timeMs: 0 })
      site.alerts(2)
      site.feed(3, 'TagTakenOff', 'ann', { person: 'ann', tag: TAG })
      site.alerts(4)
      expect(site.take('PersonAlert').map(({ data }) => data.batteryPct)).toEqual([3, 3, undefined])
    })

    it('keep the name of someone who was taken out of the directory', () => {
      const site = new Telling()
      site.feed(0, 'DirectoryChanged', 'gw', { by: 'site', at: START, change: { kind: 'person', person: 'ann', name: 'Ann Ito' } })
      site.feed(1, 'DirectoryChanged', 'gw', { by: 'central', at: START, change: { kind: 'person', person: 'ann', removed: true } })
      site.alerts(4)
      expect(site.take('PersonAlert')[0]?.data.name).toBe('Ann Ito')
    })
  })
})
