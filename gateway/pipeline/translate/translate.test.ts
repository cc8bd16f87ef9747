import { describe, expect, it } from 'vitest'
import { signalLost } from '../../events/business-events.ts'
import { zoneSchema } from '../../site/site-model.ts'
import { zoneMap } from '../../site/zones/zone-map.ts'
import type { EventData } from '../event-data.ts'
import type { AnyProcessor, PipelineEvent } from '../processor.ts'
import { ofType, SCENARIO_START_MS, type Scenario, scenario } from '../scenario-test-support.ts'
import { signalLoss } from '../signal/signal-loss.ts'
import { signalLossSchema, signalLossSettings } from '../signal/signal-settings.ts'
import { personZones } from '../zones/person-zones.ts'
import { PERSONS_IN_ZONE } from '../zones/persons-in-zone.ts'
import { zoneCrossingSchema } from '../zones/zone-settings.ts'
import { bind } from './bind.ts'
import { locate } from './locate.ts'
import { placePerson } from './place-person.ts'
import { tellPerson } from './tell-person.ts'

const TAG = 'pans:4d18'
const OTHER = 'pans:4d19'

const box = (id: string, fromX: number, toX: number, parent?: string) =>
  zoneSchema.parse({
    id,
    parent,
    frame: 'hall',
    polygon: [
      [
        [fromX, 0],
        [toX, 0],
        [toX, 10],
        [fromX, 10]
      ]
    ]
  })
const ZONES = zoneMap([box('site', 0, 100), box('press', 50, 60, 'site'), box('rack', 90, 95, 'site')], [], new Map())

function site(): Scenario {
  const processors: readonly AnyProcessor[] = [
    locate({ site: { anchor: [], receiver: [], floor: [] }, georeferences: new Map(), zones: ZONES, sources: { uwb: { frame: 'hall' } } }),
    bind(),
    placePerson(),
    personZones(ZONES, zoneCrossingSchema.parse({})),
    PERSONS_IN_ZONE,
    tellPerson(),
    signalLoss(signalLossSettings(signalLossSchema.parse({ parkingZones: ['rack'] })))
  ]
  return scenario(processors)
}

function event<Type extends 'TagMovement' | 'TagInfo' | 'TagAlert' | 'DirectoryChanged'>(
  atMs: number,
  type: Type,
  key: string,
  data: EventData[Type]
) {
  return { type, key, time: SCENARIO_START_MS + atMs, source: 'uwb', data } as unknown as PipelineEvent
}
const moved = (atMs: number, x: number, tag = TAG) => event(atMs, 'TagMovement', tag, { tag, position: { x, y: 5 }, accuracyM: 0.2 })
const alarmed = (atMs: number, tag = TAG) =>
  event(atMs, 'TagAlert', tag, { tag, kind: 'sos', edge: 'raised', announcedAs: 'level', count: 1, repeats: 0 })
const changed = (atMs: number, change: EventData['DirectoryChanged']['change']) =>
  event(atMs, 'DirectoryChanged', 'gw', { by: 'site', at: SCENARIO_START_MS + atMs, change })

/** Walks from x = 5 at a step a second. */
function walk(plant: Scenario, fromMs: number, toMs: number, xAt: (atMs: number) => number, tag = TAG): void {
  for (let atMs = fromMs; atMs <= toMs; atMs += 500) plant.feed(moved(atMs, xAt(atMs), tag))
}

describe('from tags to people, all processors together', () => {
  it('says at an alarm who it is, where, in which zones', () => {
    const plant = site()
    plant.feed(changed(0, { kind: 'person', person: 'ann', name: 'Ann Ito' }), changed(0, { kind: 'bound', tag: TAG, person: 'ann' }))
    walk(plant, 500, 60_000, (atMs) => Math.min(55, 5 + atMs / 1_000))
    plant.feed(event(60_100, 'TagInfo', TAG, { tag: TAG, batteryPct: 44 }), alarmed(61_000))
    expect(ofType(plant.told, 'PersonAlert').map(({ data }) => data)).toMatchObject([
      {
        person: 'ann',
        name: 'Ann Ito',
        tag: TAG,
        kind: 'sos',
        fixAgeMs: 1_000,
        batteryPct: 44,
        lastFix: { accuracyM: 0.2, position: { x: 55 }, zones: ['press', 'site'] }
      }
    ])
    expect(ofType(plant.told, 'PersonMovement').at(-1)?.data.fix.zones).toEqual(['press', 'site'])
    expect(
      ofType(plant.told, 'PersonsInZone')
        .filter(({ data }) => data.zone === 'press')
        .at(-1)?.data.number
    ).toBe(1)
  })

  it('counts nobody twice who wears two tags, and nobody who has taken them off', () => {
    const plant = site()
    for (const tag of [TAG, OTHER]) plant.feed(changed(0, { kind: 'bound', tag, person: 'ann' }))
    for (let atMs = 500; atMs <= 20_000; atMs += 500) plant.feed(moved(atMs, 55), moved(atMs, 55.2, OTHER))
    const inPress = () =>
      ofType(plant.told, 'PersonsInZone')
        .filter(({ data }) => data.zone === 'press')
        .map(({ data }) => data.number)
    expect(inPress()).toEqual([1])
    plant.feed(changed(20_100, { kind: 'unbound', tag: TAG, person: 'ann' }))
    expect(inPress()).toEqual([1])
    plant.feed(changed(20_200, { kind: 'unbound', tag: OTHER, person: 'ann' }))
    plant.advanceTo(30_000)
    expect(inPress()).toEqual([1, 0])
  })

  it('locates a tag that nobody wears, and tells of its silence where it was last', () => {
    const plant = site()
    walk(plant, 500, 60_000, () => 55)
    expect(ofType(plant.told, 'TagFix').at(-1)?.data.fix.zones).toEqual(['press', 'site'])
    expect(ofType(plant.told, 'PersonMovement')).toEqual([])
    plant.advanceTo(200_000)
    const [lost] = ofType(plant.told, 'SignalLost')
    expect(lost?.data).toMatchObject({ tag: TAG, lastFix: { zones: ['press', 'site'] } })
    expect(signalLost.data.parse(lost?.data).person).toBe(undefined)
  })

  it('misses nobody whose tag lies in the rack', () => {
    const plant = site()
    walk(plant, 500, 60_000, () => 92)
    plant.advanceTo(200_000)
    expect(ofType(plant.told, 'SignalLost')).toEqual([])
  })
})
