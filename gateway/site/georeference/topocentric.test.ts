import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apartM, places } from './places-test-support.ts'
import { topocentricAt } from './topocentric.ts'
import { fromEarth, toEarth } from './wgs84.ts'

const within10Km = fc.record({
  eastM: fc.double({ min: -10_000, max: 10_000, noNaN: true }),
  northM: fc.double({ min: -10_000, max: 10_000, noNaN: true }),
  upM: fc.double({ min: -500, max: 500, noNaN: true })
})

/** The worked examples of EPSG Guidance Note 7-2, sections 4.1.1 and 4.1.2. */
const EXAMPLE = { lat: 53 + 48 / 60 + 33.82 / 3600, lon: 2 + 7 / 60 + 46.38 / 3600, alt: 73 }

describe('earth-centred axes', () => {
  it('agree with the example of the EPSG', () => {
    const { x, y, z } = toEarth(EXAMPLE)
    expect([x, y, z].map((value) => value.toFixed(3))).toEqual(['3771793.968', '140253.342', '5124304.349'])
  })

  it('lead back to where they came from, at any latitude and from the bottom of a mine to the air', () => {
    fc.assert(
      fc.property(places, (place) => {
        const back = fromEarth(toEarth(place))
        expect(apartM(back, place)).toBeLessThan(1e-7)
        expect(Math.abs(back.alt - place.alt)).toBeLessThan(1e-7)
        expect(Math.abs(back.lat - place.lat)).toBeLessThan(1e-12)
      }),
      { numRuns: 2000 }
    )
  })

  it('know the poles, where no longitude can be told', () => {
    expect(fromEarth({ x: 0, y: 0, z: 6_356_752.314_245_179 })).toEqual({ lat: 90, lon: 0, alt: expect.closeTo(0, 8) })
    expect(fromEarth({ x: 0, y: 0, z: -6_356_652.314_245_179 })).toEqual({ lat: -90, lon: 0, alt: expect.closeTo(-100, 8) })
  })
})

describe('axes east, north, up', () => {
  it('agree with the example of the EPSG', () => {
    const { eastM, northM, upM } = topocentricAt({ lat: 55, lon: 5, alt: 200 }).toEnu(EXAMPLE)
    expect([eastM, northM, upM].map((value) => value.toFixed(3))).toEqual(['-189013.869', '-128642.040', '-4220.171'])
  })

  it('keep lengths, and lead back', () => {
    fc.assert(
      fc.property(places, within10Km, within10Km, (origin, one, other) => {
        const axes = topocentricAt(origin)
        const [a, b] = [axes.fromEnu(one), axes.fromEnu(other)]
        expect(Math.abs(apartM(a, b) - Math.hypot(one.eastM - other.eastM, one.northM - other.northM, one.upM - other.upM))).toBeLessThan(
          1e-7
        )
        const back = axes.toEnu(a)
        expect(Math.hypot(back.eastM - one.eastM, back.northM - one.northM, back.upM - one.upM)).toBeLessThan(1e-7)
      }),
      { numRuns: 2000 }
    )
  })

  it('point where they say', () => {
    const axes = topocentricAt({ lat: 50, lon: 179.9999, alt: 100 })
    expect(axes.toEnu({ lat: 50, lon: 179.9999, alt: 103 })).toEqual({
      eastM: expect.closeTo(0, 7),
      northM: expect.closeTo(0, 7),
      upM: expect.closeTo(3, 7)
    })
    expect(axes.toEnu({ lat: 50.0001, lon: 179.9999, alt: 100 }).northM).toBeGreaterThan(11)
    expect(axes.toEnu({ lat: 50, lon: -179.9999, alt: 100 }).eastM).toBeCloseTo(14.34, 1)
  })

  it('know that the earth falls away: 7.8 m at 10 km', () => {
    const { upM, northM } = topocentricAt({ lat: 50, lon: 8, alt: 0 }).toEnu({ lat: 50.0899, lon: 8, alt: 0 })
    expect(northM).toBeCloseTo(10_000, -1)
    expect(upM).toBeCloseTo(-7.85, 1)
  })
})
