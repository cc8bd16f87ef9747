import fc from 'fast-check'
import { toEarth, type Wgs84Point } from './wgs84.ts'

/** Poles, equator and 180th meridian come often. */
export const places: fc.Arbitrary<Wgs84Point> = fc.record({
  lat: fc.oneof({ weight: 3, arbitrary: fc.double({ min: -90, max: 90, noNaN: true }) }, fc.constantFrom(-90, -89.9999999, 0, 89.9999, 90)),
  lon: fc.oneof(
    { weight: 3, arbitrary: fc.double({ min: -180, max: 180, noNaN: true }) },
    fc.constantFrom(-180, -179.99999, 0, 179.99999, 180)
  ),
  alt: fc.double({ min: -500, max: 9000, noNaN: true })
})
/** Straight through the earth, m. */
export const apartM = (a: Wgs84Point, b: Wgs84Point): number => {
  const [p, q] = [toEarth(a), toEarth(b)]
  return Math.hypot(p.x - q.x, p.y - q.y, p.z - q.z)
}
