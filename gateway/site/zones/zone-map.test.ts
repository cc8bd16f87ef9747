import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fix } from '../../events/business-events.ts'
import { tieFrame } from '../georeference/frame-settings.ts'
import type { Georeference } from '../georeference/level-frame.ts'
import { isWithin, polygonFault, type Ring, type Vertex } from '../polygon.ts'
import { type Floor, type Zone, zoneSchema } from '../site-model.ts'
import { ZoneGrid } from './zone-grid.ts'
import { placeIn, zoneMap } from './zone-map.ts'
import { edgeDistanceM, isAtHeight, isOver, type Place, zoneShape } from './zone-shape.ts'

const SQUARE: Ring = [
  [0, 0],
  [10, 0],
  [10, 10],
  [0, 10]
]
const zone = (more: Record<string, unknown> = {}): Zone => zoneSchema.parse({ id: 'hall', frame: 'plant', polygon: [SQUARE], ...more })
const place = (x: number, y: number, more: Partial<Place> = {}): Place => ({ x, y, z: Number.NaN, floor: undefined, ...more })
const shapeOf = (more: Record<string, unknown> = {}, floors: readonly Floor[] = []) => zoneShape(zone(more), [], floors)

/** Star-shaped, so never crossing itself; up to twelve corners. */
const ring = fc
  .record({
    x: fc.integer({ min: -50, max: 50 }),
    y: fc.integer({ min: -50, max: 50 }),
    radii: fc.array(fc.integer({ min: 2, max: 30 }), { minLength: 3, maxLength: 12 })
  })
  .map(({ x, y, radii }) =>
    radii.map((radius, n): Vertex => {
      const angle = (2 * Math.PI * n) / radii.length
      return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)]
    })
  )
  .filter((vertices) => polygonFault([vertices]) === undefined)

describe('isOver, edgeDistanceM', () => {
  it('has holes outside, and their edges count', () => {
    const hole: Ring = [
      [4, 4],
      [6, 4],
      [6, 6],
      [4, 6]
    ]
    const shape = shapeOf({ polygon: [SQUARE, hole] })
    expect([isOver(shape, 2, 2), isOver(shape, 5, 5), isOver(shape, 11, 5)]).toEqual([true, false, false])
    expect([edgeDistanceM(shape, 5, 5), edgeDistanceM(shape, 3.5, 5), edgeDistanceM(shape, 13, 14)]).toEqual([1, 0.5, 5])
  })

  it('agrees with the plain rule for any shape, and each metre to the edge is a circle that stays on one side', () => {
    fc.assert(
      fc.property(ring, fc.double({ min: -90, max: 90, noNaN: true }), fc.double({ min: -90, max: 90, noNaN: true }), (vertices, x, y) => {
        const shape = shapeOf({ polygon: [vertices] })
        expect(isOver(shape, x, y)).toBe(isWithin([vertices], x, y))
        const distanceM = edgeDistanceM(shape, x, y)
        const crossed = [0, 1, 2, 3, 4, 5, 6, 7].some((n) => {
          const angle = (n * Math.PI) / 4
          return isOver(shape, x + 0.999 * distanceM * Math.cos(angle), y + 0.999 * distanceM * Math.sin(angle)) !== isOver(shape, x, y)
        })
        expect(crossed).toBe(false)
        const nearest = Math.min(...samples(vertices).map(([sx, sy]) => Math.hypot(sx - x, sy - y)))
        expect(nearest - distanceM).toBeGreaterThan(-1e-9)
        expect(nearest - distanceM).toBeLessThan(1)
      })
    )
  })
})

const samples = (vertices: Ring): readonly Vertex[] =>
  vertices.flatMap(([ax, ay], n) => {
    const [bx, by] = vertices[(n + 1) % vertices.length] ?? [ax, ay]
    return Array.from({ length: 60 }, (_, i): Vertex => [ax + ((bx - ax) * i) / 60, ay + ((by - ay) * i) / 60])
  })

describe('isAtHeight', () => {
  const FLOORS: readonly Floor[] = [
    { id: 'ground', building: 'a', level: 0, frame: 'plant', fromZ: 0, toZ: 4 },
    { id: 'first', building: 'a', level: 1, frame: 'plant', fromZ: 4, toZ: 8 },
    { id: 'other', building: 'b', level: 0, frame: 'elsewhere', fromZ: 0, toZ: 4 }
  ]

  it('goes by the floor that the fix names, else by its height, and lets pass what is not known', () => {
    const shape = shapeOf({ floors: ['first'] }, FLOORS)
    const at = (more: Partial<Place>): boolean => isAtHeight(shape, place(1, 1, more))
    expect([at({ floor: 'first' }), at({ floor: 'ground', z: 5 }), at({ z: 4 }), at({ z: 8 }), at({ z: 3.9 }), at({})]).toEqual([
      true,
      false,
      true,
      false,
      false,
      true
    ])
    expect(isAtHeight(shapeOf({ floors: ['other'] }, FLOORS), place(1, 1, { z: 99 }))).toBe(true)
  })

  it('goes by heights, the lower one included', () => {
    const between = shapeOf({ fromZ: 2, toZ: 3 })
    expect([1.9, 2, 2.9, 3, Number.NaN].map((z) => isAtHeight(between, place(1, 1, { z })))).toEqual([false, true, true, false, true])
    expect([1.9, 99].map((z) => isAtHeight(shapeOf({ fromZ: 2 }), place(1, 1, { z })))).toEqual([false, true])
    expect(isAtHeight(shapeOf(), place(1, 1, { z: -500, floor: 'any' }))).toBe(true)
  })
})

describe('ZoneGrid', () => {
  it('finds every zone at a place that asking all of them finds', () => {
    const places = fc.array(fc.tuple(fc.integer({ min: -90, max: 90 }), fc.integer({ min: -90, max: 90 })), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.array(ring, { minLength: 1, maxLength: 12 }), places, (rings, asked) => {
        const shapes = rings.map((vertices, n) => shapeOf({ id: `zone-${n}`, polygon: [vertices] }))
        const grid = new ZoneGrid(shapes)
        for (const [x, y] of [...asked, ...rings.flat()]) {
          const found = grid.near(x, y).filter((shape) => isOver(shape, x, y))
          expect(found.map((shape) => shape.zone.id)).toEqual(shapes.filter((shape) => isOver(shape, x, y)).map((shape) => shape.zone.id))
        }
      }),
      { numRuns: 40 }
    )
  })

  it('asks few of a thousand zones', () => {
    const shapes = Array.from({ length: 1_000 }, (_, n) => {
      const [x, y] = [(n % 40) * 10, Math.floor(n / 40) * 10]
      return shapeOf({ id: `room-${n}`, polygon: [SQUARE.map(([dx, dy]) => [x + dx, y + dy])] })
    })
    const grid = new ZoneGrid(shapes)
    const asked = Array.from({ length: 1_000 }, (_, n) => grid.near((n * 37) % 400, (n * 17) % 250).length)
    expect(Math.max(...asked)).toBeLessThanOrEqual(4)
    expect(grid.near(-1, 5)).toEqual([])
    expect(grid.near(Number.NaN, 5)).toEqual([])
  })
})

describe('placeIn', () => {
  const tie = (settings: Parameters<typeof tieFrame>[0]): Georeference => {
    const tied = tieFrame(settings)
    if (!tied.ok) throw new Error(tied.what)
    return tied.georeference
  }
  const TIES = new Map([
    ['plant', tie({ origin: { lat: 51, lon: 7, alt: 300 }, headingDeg: 0 })],
    ['yard', tie({ origin: { lat: 51, lon: 7, alt: 300 }, headingDeg: 90 })]
  ])
  const map = zoneMap([zone(), zone({ id: 'pit', frame: 'mine' })], [], TIES)
  const [plant, mine] = map.frames
  const put = (frame: typeof plant, fix: Partial<Fix>): Place | undefined => {
    const at = place(0, 0)
    return frame !== undefined && placeIn(map, frame, { tag: 'sim:1', method: 'given', time: 0, ...fix }, at) ? at : undefined
  }

  it('takes the frame as it is, WGS84 by the tie, whatever height the satellites say, and other frames by way of the earth', () => {
    expect(put(plant, { position: { x: 1, y: 2, z: 3, frame: 'plant' }, floor: 'f' })).toEqual({ x: 1, y: 2, z: 3, floor: 'f' })
    const east = put(plant, { geo: { latitudeDeg: 51, longitudeDeg: 7 + 100 / 70_197.65, altitudeM: 9_000 } })
    expect(east?.x).toBeCloseTo(100, 1)
    expect(east?.y).toBeCloseTo(0, 1)
    expect(east?.z).toBeNaN()
    const turned = put(plant, { position: { x: 0, y: 50, z: 2, frame: 'yard' } })
    expect(turned).toMatchObject({ x: expect.closeTo(50), y: expect.closeTo(0), z: expect.closeTo(2) })
  })

  it('refuses what cannot be compared', () => {
    expect(put(mine, { geo: { latitudeDeg: 51, longitudeDeg: 7 } })).toBeUndefined()
    expect(put(plant, { position: { x: 1, y: 2, frame: 'mine' } })).toBeUndefined()
    expect(put(plant, { position: { x: 1, y: 2 } })).toBeUndefined()
    expect(put(plant, {})).toBeUndefined()
  })
})

describe('zoneMap', () => {
  it('gives each zone its parents, the innermost first, and ends at a parent that is not there', () => {
    const zones = [
      zone({ id: 'room', parent: 'floor' }),
      zone({ id: 'floor', parent: 'building' }),
      zone({ id: 'building', parent: 'gone' })
    ]
    const { shapes } = zoneMap(zones, [], new Map())
    expect(shapes.get('room')?.parents).toEqual(['floor', 'building'])
    expect(shapes.get('building')?.parents).toEqual([])
  })
})
