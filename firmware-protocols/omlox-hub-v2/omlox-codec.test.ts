import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decoder } from '../codec.ts'
import { formatUtc } from '../kit/civil-time.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { encodeOmloxMessage, omloxLocation } from './encode-omlox.ts'
import { omloxHubV2 } from './omlox-codec.ts'

const T0 = 1_790_000_000_000
const TRACKABLE = '9d3b2ee3-791f-444d-a0f2-caf52820f561'
const readingsOf = (text: string, decoder: Decoder = omloxHubV2.createDecoder()): readonly Reading[] => {
  const result = decoder.decode(utf8Bytes(text), {})
  if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
  return result.readings
}
const of = (payload: readonly object[], decoder?: Decoder, topic = 'location_updates'): readonly Reading[] =>
  readingsOf(encodeOmloxMessage(topic, payload), decoder)

const eui64 = fc.integer({ min: 0, max: 2 ** 48 - 1 }).map((value) => value.toString(16).toUpperCase().padStart(16, '0'))
const metres = fc.double({ min: -1000, max: 1000, noNaN: true }).map((value) => value || 0)
const place = fc.record({
  id: eui64,
  point: fc.oneof(fc.tuple(metres, metres), fc.tuple(metres, metres, metres)),
  timeMs: fc.nat(1e9).map((value) => T0 + value),
  accuracy: fc.nat(100),
  floor: fc.integer({ min: -3, max: 9 })
})

describe('omlox hub', () => {
  it('reads back local places, alone, in a list and as a message', () => {
    fc.assert(
      fc.property(fc.uniqueArray(place, { minLength: 1, maxLength: 10, selector: ({ id }) => id }), (list) => {
        const objects = list.map(({ id, point, timeMs, accuracy, floor }) =>
          omloxLocation(id, point, { timestamp_generated: formatUtc(timeMs), accuracy, floor })
        )
        const expected = list.map(({ id, point: [x, y, z], timeMs, accuracy, floor }) => ({
          tag: id.toLowerCase(),
          position: z === undefined ? { x, y } : { x, y, z },
          accuracyM: accuracy,
          floor,
          deviceTime: timeMs,
          extra: { kind: 'location', crs: 'local', provider_id: id }
        }))
        expect(of(objects)).toMatchObject(expected)
        expect(readingsOf(JSON.stringify(objects))).toMatchObject(expected)
        expect(objects.map((item) => readingsOf(JSON.stringify(item))[0])).toMatchObject(expected)
      })
    )
  })

  it('tells degrees from metres by the projection alone', () => {
    const geo = of([omloxLocation('ac:23:3f:af:f3:90', [7.8, 48.1, 3], { crs: 'EPSG:4326' })])[0]
    expect(geo).toMatchObject({ tag: 'ac233faff390', geo: { latitudeDeg: 48.1, longitudeDeg: 7.8 }, extra: { elevation_m: 3 } })
    expect(geo).not.toHaveProperty('position')
    expect(JSON.stringify(geo)).not.toContain('altitudeM')
    const utm = of([omloxLocation('a1', [400_000, 5_300_000], { crs: 'EPSG:32632' })])[0]
    expect(utm).not.toHaveProperty('position')
    expect(utm).toMatchObject({ extra: { position: { x: 400_000, y: 5_300_000 } } })
    const beyond = omloxLocation('a1', [7, 91], { crs: 'EPSG:4326' })
    expect(omloxHubV2.createDecoder().decode(utf8Bytes(JSON.stringify(beyond)), {})).toMatchObject({ kind: 'error', code: 'VALUE_RANGE' })
  })

  it('marks a location that comes again', () => {
    const decoder = omloxHubV2.createDecoder()
    const tell = (timeMs: number): boolean | undefined =>
      of([omloxLocation('a1', [1, 2], { timestamp_generated: formatUtc(timeMs) })], decoder)[0]?.stale
    expect([tell(T0), tell(T0), tell(T0 - 5), tell(T0 + 1), tell(T0 - 60_000)]).toEqual([undefined, true, true, undefined, undefined])
  })

  it('finds the tag of a trackable that enters a fence', () => {
    const decoder = omloxHubV2.createDecoder()
    const event = { id: 'e1', fence_id: 'f1', event_type: 'region_entry', trackable_id: TRACKABLE, entry_time: formatUtc(T0) }
    const enter = (): Reading | undefined => of([event], decoder, 'fence_events')[0]
    expect(enter()).toMatchObject({ device: TRACKABLE.replaceAll('-', ''), deviceTime: T0, extra: { kind: 'fence_event' } })
    of([omloxLocation('AC233FAFF390', [1, 2], { trackables: [TRACKABLE] })], decoder)
    expect(enter()).toMatchObject({ tag: 'ac233faff390', extra: { event_type: 'region_entry', trackable_id: TRACKABLE } })
    readingsOf(JSON.stringify({ id: TRACKABLE, type: 'omlox', location_providers: ['ac:23:3f:af:f3:91'] }), decoder)
    expect(enter()).toMatchObject({ tag: 'ac233faff391' })
  })

  it('reads motions, proximity and collections of features', () => {
    const location = omloxLocation('a1', [1, 2])
    expect(of([{ id: TRACKABLE, name: 'Crane', location }], undefined, 'trackable_motions')).toMatchObject([
      { tag: 'a1', position: { x: 1, y: 2 }, extra: { kind: 'trackable_motion', trackable_id: TRACKABLE, trackable_name: 'Crane' } }
    ])
    const proximity = { source: 'Gate-1', provider_type: 'rfid', provider_id: 'E200', accuracy: 2 }
    expect(of([proximity], undefined, 'proximity_updates')).toMatchObject([{ tag: 'e200', receiver: 'gate-1', extra: { distance_m: 2 } }])
    const features = [
      {
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [7, 48] },
        properties: { provider_id: 'a1', source: 's', provider_type: 'uwb' }
      }
    ]
    expect(of([{ type: 'FeatureCollection', features }], undefined, 'location_updates:geojson')).toMatchObject([
      { tag: 'a1', geo: { latitudeDeg: 48, longitudeDeg: 7 } }
    ])
  })

  it('loses no tag to an object that is none', () => {
    expect(of([{}, omloxLocation('a1', [1, 2]), omloxLocation('a2', [])])).toMatchObject([{ tag: 'a1', extra: { refused_objects: 2 } }])
  })

  it('never throws', () => {
    const decoder = omloxHubV2.createDecoder()
    const member = fc.constantFrom(
      'id',
      'type',
      'event',
      'topic',
      'payload',
      'provider_id',
      'position',
      'location',
      'source',
      'crs',
      'fence_id',
      'event_type',
      'trackables',
      'region',
      'collision_type',
      'properties',
      '__proto__'
    )
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(
        'message',
        'error',
        'omlox',
        'local',
        'EPSG:4326',
        'a1',
        { type: 'Point', coordinates: [1, 2] },
        { coordinates: [null] }
      )
    )
    const object = fc.dictionary(member, value)
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      object.map((item) => JSON.stringify(item)),
      fc
        .tuple(fc.array(object, { maxLength: 3 }), fc.constantFrom('location_updates', 'fence_events:geojson'))
        .map(([list, topic]) => encodeOmloxMessage(topic, list)),
      fc.tuple(place, fc.nat(200), fc.string({ maxLength: 2 })).map(([{ id, point }, at, noise]) => {
        const whole = JSON.stringify(omloxLocation(id, point))
        return whole.slice(0, at) + noise + whole.slice(at + 1)
      })
    )
    fc.assert(
      fc.property(text, (message) => {
        expect(['readings', 'ignored', 'error']).toContain(decoder.decode(utf8Bytes(message), {}).kind)
      })
    )
  })
})
