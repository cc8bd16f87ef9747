import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atOrigin, levelFrame } from './level-frame.ts'
import { places } from './places-test-support.ts'
import { topocentricAt } from './topocentric.ts'

const metres = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true })

describe('a frame by origin and heading', () => {
  const origin = { lat: 48, lon: 11, alt: 500 }

  it('has its y axis where the heading says, and x to the right of it', () => {
    const axes = topocentricAt(origin)
    const seen = (headingDeg: number, x: number, y: number) => {
      const place = levelFrame(origin, atOrigin(headingDeg)).toWgs84({ x, y, z: 0 })
      if (place === undefined) throw new Error('no place')
      const { eastM, northM } = axes.toEnu(place)
      return [Math.round(eastM * 1000) / 1000 + 0, Math.round(northM * 1000) / 1000 + 0]
    }
    expect(seen(0, 0, 100)).toEqual([0, 100])
    expect(seen(0, 100, 0)).toEqual([100, 0])
    expect(seen(90, 0, 100)).toEqual([100, 0])
    expect(seen(90, 100, 0)).toEqual([0, -100])
    expect(seen(30, 0, 100)).toEqual([50, 86.603])
    expect(seen(-45, 100, 0)).toEqual([70.711, 70.711])
  })

  it('leads there and back at any latitude and heading, with any placement', () => {
    fc.assert(
      fc.property(
        places,
        fc.record({
          headingDeg: fc.double({ min: -360, max: 360, noNaN: true }),
          scale: fc.double({ min: 0.01, max: 2, noNaN: true }),
          eastM: metres(1000),
          northM: metres(1000),
          upM: metres(100)
        }),
        fc.record({ x: metres(10_000), y: metres(10_000), z: metres(200) }),
        (place, placement, point) => {
          const frame = levelFrame(place, placement)
          const there = frame.toWgs84(point)
          const back = there && frame.toFrame(there)
          expect(Math.hypot((back?.x ?? Number.NaN) - point.x, (back?.y ?? 0) - point.y, (back?.z ?? 0) - point.z)).toBeLessThan(1e-5)
          expect(there?.lon).toSatisfy((lon: number) => lon >= -180 && lon <= 180)
          expect(there?.lat).toSatisfy((lat: number) => lat >= -90 && lat <= 90)
        }
      ),
      { numRuns: 2000 }
    )
  })
})
