import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atOrigin, levelFrame } from './georeference/level-frame.ts'
import { readGeoJson, writeGeoJson } from './site-geojson.ts'
import { recordsOf } from './site-test-support.ts'

const FRAMES = new Map([
  ['hall', levelFrame({ lat: -17.5, lon: 179.99, alt: 30 }, atOrigin(33))],
  ['pole', levelFrame({ lat: 89.99, lon: 20, alt: 2800 }, atOrigin(200))]
])

const problems = (value: unknown, kind: 'anchor' | 'zone' = 'anchor') => {
  const read = readGeoJson(kind, value, FRAMES)
  return read.ok ? [] : read.problems.map(({ at, what }) => `${at}: ${what}`)
}

const collection = (...features: readonly unknown[]) => ({ type: 'FeatureCollection', features })
const POINT = { type: 'Point', coordinates: [179.99, -17.5, 33] }

describe('records on a map', () => {
  it.each(['anchor', 'receiver', 'zone'] as const)(
    'keep every %s on the way out and back, through text, across the 180th meridian and by the pole',
    (kind) => {
      fc.assert(
        fc.property(recordsOf(kind), (records) => {
          const written = writeGeoJson(kind, records, FRAMES)
          if (!written.ok) throw new Error(JSON.stringify(written.problems))
          expect(readGeoJson(kind, JSON.parse(JSON.stringify(written.collection)), FRAMES)).toEqual({ ok: true, records })
        }),
        { numRuns: 200 }
      )
    }
  )

  it('are what map programs write', () => {
    expect(
      readGeoJson('anchor', collection({ type: 'Feature', geometry: POINT, properties: { id: 'a', frame: 'hall', name: null } }), FRAMES)
    ).toEqual({
      ok: true,
      records: [{ id: 'a', frame: 'hall', x: 0, y: 0, z: 3 }]
    })
    const written = writeGeoJson('anchor', [{ id: 'a', frame: 'hall', x: 0, y: 0, z: 3, floor: 'eg' }], FRAMES)
    expect(written).toEqual({
      ok: true,
      collection: collection({
        type: 'Feature',
        id: 'a',
        geometry: POINT,
        properties: { kind: 'anchor', id: 'a', frame: 'hall', floor: 'eg' }
      })
    })
  })

  it('turn outer rings counter-clockwise, as the standard wants them', () => {
    const square = {
      id: 'z',
      frame: 'hall',
      polygon: [
        [
          [0, 0],
          [9, 0],
          [9, 9],
          [0, 9]
        ]
      ]
    } as const
    const written = writeGeoJson('zone', [square], FRAMES)
    if (!written.ok) throw new Error('not written')
    const [feature] = written.collection.features
    const [points = []] = (feature?.geometry.coordinates ?? []) as readonly (readonly (readonly [number, number])[])[]
    expect(points).toHaveLength(5)
    const area = points.slice(1).reduce((sum, [x, y], index) => sum + (points[index]?.[0] ?? 0) * y - x * (points[index]?.[1] ?? 0), 0)
    expect(area).toBeGreaterThan(0)
  })

  it('are refused with the number of the feature and the reason', () => {
    expect(problems({ type: 'Feature' })).toEqual(['1: this is no GeoJSON FeatureCollection'])
    expect(
      problems(
        collection(
          7,
          { type: 'Feature', geometry: POINT, properties: { id: 'a', frame: 'attic' } },
          { type: 'Feature', geometry: POINT, properties: { id: 'a', frame: 'hall', kind: 'zone' } },
          { type: 'Feature', geometry: { type: 'Point', coordinates: [1, 2] }, properties: { id: 'a', frame: 'hall' } },
          { type: 'Feature', geometry: { type: 'Point', coordinates: [17, 118, 0] }, properties: { id: 'a', frame: 'hall' } },
          { type: 'Feature', geometry: POINT, properties: { id: 'a b', frame: 'hall' } },
          { type: 'Feature', geometry: POINT, properties: { id: 'a', frame: 'hall', colour: 'red' } }
        )
      )
    ).toEqual([
      '1: this feature has no geometry, or no properties',
      '2: the frame attic is not tied to the earth',
      '3: this is a zone, and anchors are read',
      '4: the geometry is no Point with a height',
      '5: the geometry is no Point with a height',
      expect.stringContaining('6: id: 1 to 120 characters'),
      expect.stringContaining('7: ')
    ])
    expect(
      problems(
        collection({ type: 'Feature', geometry: { type: 'MultiPolygon', coordinates: [] }, properties: { id: 'z', frame: 'hall' } }),
        'zone'
      )
    ).toEqual(['1: the geometry is no Polygon on the earth'])
    expect(writeGeoJson('anchor', [{ id: 'a', frame: 'attic', x: 0, y: 0, z: 0 }], FRAMES)).toMatchObject({
      ok: false,
      problems: [{ at: 1, what: 'the frame attic of anchor a is not tied to the earth' }]
    })
  })

  it('give records or problems, whatever the JSON is', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            geometry: fc.oneof(fc.jsonValue(), fc.constant(POINT)),
            properties: fc.oneof(fc.jsonValue(), fc.constant({ id: 'a', frame: 'hall' }))
          })
        ),
        (features) => {
          const read = readGeoJson('anchor', collection(...features), FRAMES)
          if (!read.ok) expect(read.problems.length).toBeGreaterThan(0)
        }
      ),
      { numRuns: 500 }
    )
  })
})
