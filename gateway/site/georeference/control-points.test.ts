import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ControlPoint, type FrameFit, fitControlPoints } from './control-points.ts'
import { type FramePoint, levelFrame, type Placement } from './level-frame.ts'
import { apartM, places } from './places-test-support.ts'
import type { Refusal } from './refusal.ts'
import { topocentricAt } from './topocentric.ts'
import type { Wgs84Point } from './wgs84.ts'

const ORIGIN: Wgs84Point = { lat: 52.5, lon: 13.4, alt: 80 }
/** A hall, its corners and something in the middle. */
const CORNERS: readonly FramePoint[] = [
  { x: 0, y: 0, z: 1 },
  { x: 60, y: 0, z: 1.2 },
  { x: 60, y: 40, z: 4 },
  { x: 0, y: 40, z: 1.5 },
  { x: 25, y: 18, z: 3 }
]
const PLACEMENT: Placement = { headingDeg: 33, scale: 1, eastM: 5, northM: -7, upM: 2 }

type Spoil = (point: FramePoint, index: number) => Partial<FramePoint>

/** True places of points, whose frame coordinates are then spoilt. */
function measured(
  points: readonly FramePoint[],
  spoil: Spoil = () => ({}),
  origin = ORIGIN,
  placement = PLACEMENT
): readonly ControlPoint[] {
  const frame = levelFrame(origin, placement)
  return points.map((point, index) => {
    const place = frame.toWgs84(point)
    if (place === undefined) throw new Error('no place')
    return { ...point, ...spoil(point, index), ...place }
  })
}

function good(points: readonly ControlPoint[]): FrameFit {
  const fit = fitControlPoints(points)
  if (!fit.ok) throw new Error(fit.what)
  return fit
}

function refused(points: readonly ControlPoint[]): Refusal {
  const fit = fitControlPoints(points)
  if (fit.ok) throw new Error('not refused')
  return fit
}

const metres = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true })
/** Gaussian enough: three even errors together, as deviation 1. */
const noise = fc.tuple(metres(1), metres(1), metres(1)).map(([a, b, c]) => a + b + c)

/** So placed that the middle of the points is the origin, and the frame level there: what the fit takes for granted. */
function centred(points: readonly FramePoint[], headingDeg: number, scale: number, upM: number): Placement {
  const axes = { lat: 0, lon: 0, alt: 0 }
  const enu = topocentricAt(axes)
  const turned = levelFrame(axes, { headingDeg, scale, eastM: 0, northM: 0, upM: 0 })
  const middle = { x: 0, y: 0, z: 0 }
  for (const { x, y } of points) {
    middle.x += x / points.length
    middle.y += y / points.length
  }
  const place = turned.toWgs84(middle)
  if (place === undefined) throw new Error('no place')
  const { eastM, northM } = enu.toEnu(place)
  return { headingDeg, scale, eastM: -eastM, northM: -northM, upM }
}

describe('exact control points', () => {
  it('give back the frame that they were measured in, anywhere on earth, from two points on', () => {
    fc.assert(
      fc.property(
        places,
        fc.double({ min: 0, max: 359, noNaN: true }),
        fc.double({ min: 0.5, max: 1.5, noNaN: true }),
        metres(50),
        fc.array(fc.record({ x: metres(3000), y: metres(3000), z: metres(10) }), { minLength: 0, maxLength: 6 }),
        (origin, headingDeg, scale, upM, more) => {
          const points = [...CORNERS.slice(0, more.length === 0 ? 2 : 3), ...more]
          const placement = centred(points, headingDeg, scale, upM)
          const truth = levelFrame(origin, placement)
          const { georeference, residuals, outlier, placement: found } = good(measured(points, undefined, origin, placement))
          expect(outlier).toBeUndefined()
          for (const { eastM, northM, upM: offM } of residuals) expect(Math.hypot(eastM, northM, offM)).toBeLessThan(1e-5)
          expect(found.scale / scale).toBeCloseTo(1, 8)
          for (const point of [...points, { x: 1000, y: -1000, z: 5 }]) {
            const [fitted, true_] = [georeference.toWgs84(point), truth.toWgs84(point)]
            if (fitted === undefined || true_ === undefined) throw new Error('no place')
            expect(apartM(fitted, true_)).toBeLessThan(1e-4)
          }
        }
      ),
      { numRuns: 500 }
    )
  })

  it('tell heading, scale and shift in words that can be checked', () => {
    const fit = good(measured(CORNERS))
    expect(fit.placement).toMatchObject({ headingDeg: expect.closeTo(33, 2), scale: expect.closeTo(1, 6) })
    expect(fit.centroid.alt).toBeCloseTo(80 + 2 + 10.7 / 5, 3)
    expect(fit.warnings).toEqual([])
    expect(fit.horizontalRmsM).toBeLessThan(1e-5)
  })

  it('say with two points that nothing would show a mistake', () => {
    const fit = good(measured(CORNERS.slice(0, 2)))
    expect(fit.residuals.every(({ horizontalM }) => horizontalM < 1e-6)).toBe(true)
    expect(fit.warnings).toEqual([expect.stringContaining('measure a third')])
  })
})

describe('measured control points', () => {
  it('leave residuals as large as the errors, and name nobody, but once in a hundred', () => {
    let named = 0
    let sets = 0
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, noise, noise), { minLength: 5, maxLength: 5 }), (errors) => {
        const fit = good(
          measured(CORNERS, ({ x, y, z }, index) => {
            const [ex = 0, ey = 0, ez = 0] = errors[index] ?? []
            return { x: x + 0.03 * ex, y: y + 0.03 * ey, z: z + 0.03 * ez }
          })
        )
        sets++
        if (fit.outlier !== undefined) named++
        const largest = Math.max(...errors.map(([ex, ey]) => Math.hypot(ex, ey))) * 0.03
        expect(fit.horizontalRmsM).toBeLessThanOrEqual(largest * 1.01 + 1e-4)
        expect(fit.placement.headingDeg).toSatisfy((heading: number) => Math.abs(heading - 33) < 0.3)
      }),
      { numRuns: 1000, seed: 7 }
    )
    expect(named / sets).toBeLessThan(0.01)
  })

  it('name the one bad point, whichever it is, with four points or more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 5 }),
        fc.nat({ max: 3 }),
        fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
        fc.double({ min: 1, max: 30, noNaN: true }),
        (count, bad, direction, byM) => {
          const fit = good(
            measured(CORNERS.slice(0, count), ({ x, y }, index) =>
              index === bad ? { x: x + byM * Math.cos(direction), y: y + byM * Math.sin(direction) } : {}
            )
          )
          expect(fit.outlier).toBe(`point ${bad + 1}`)
          expect(fit.warnings.join()).toContain(`point ${bad + 1} lies`)
        }
      ),
      { numRuns: 500 }
    )
  })

  it('call a point by its name', () => {
    const points = measured(CORNERS, (_, index) => (index === 2 ? { x: 63 } : {})).map((point, index) => ({ ...point, name: `P${index}` }))
    expect(good(points)).toMatchObject({
      outlier: 'P2',
      warnings: [expect.stringMatching(/^P2 lies 3\.\d+ m from where the others say it lies, which agree to 0\.0\d+ m/)]
    })
  })

  it('name a bad one of three by the lengths between them, and none where that cannot be told', () => {
    const bad = measured(CORNERS.slice(0, 3), (_, index) => (index === 0 ? { x: -4, y: -3 } : {}))
    expect(good(bad).outlier).toBe('point 1')
    // Moved round the second point: the first and the third are equally suspect.
    const unclear = measured(CORNERS.slice(0, 3), (_, index) =>
      index === 0 ? { x: 60 - 60 * Math.cos(0.15), y: 60 * Math.sin(0.15) } : {}
    )
    const fit = fitControlPoints(unclear)
    expect(fit.ok ? fit.outlier : undefined).toBeUndefined()
  })

  it('name a bad height, and leave the plane alone', () => {
    const fit = good(measured(CORNERS, ({ z }, index) => (index === 3 ? { z: z + 2 } : {})))
    expect(fit.outlier).toBeUndefined()
    expect(fit.warnings).toEqual([expect.stringMatching(/^the height of point 4 is 2\.00 m below/)])
  })

  it('ask about units when the scale is one of theirs', () => {
    for (const [worth, unit] of [
      [1000, 'millimetres'],
      [100, 'centimetres'],
      [1 / 0.3048, 'feet']
    ] as const) {
      const fit = good(measured(CORNERS, ({ x, y, z }) => ({ x: x * worth, y: y * worth, z: z * worth })))
      expect(fit.warnings.join()).toContain(`are x and y in ${unit}?`)
      expect(fit.heightRmsM).toBeLessThan(0.001)
    }
    expect(good(measured(CORNERS, ({ x, y }) => ({ x: x * 1.05, y: y * 1.05 }))).warnings.join()).toContain('check the points')
  })
})

describe('points that give no frame', () => {
  it('are refused when there are too few, or all at one place', () => {
    expect(refused([]).what).toContain('fewer than two')
    expect(refused(measured(CORNERS.slice(0, 1))).what).toContain('fewer than two')
    expect(refused(measured(CORNERS, () => ({ x: 5, y: 5 }))).what).toContain('one place of the frame')
    const [first] = measured(CORNERS)
    if (first === undefined) throw new Error('no point')
    const { lat, lon, alt } = first
    expect(refused(CORNERS.map((point) => ({ ...point, lat, lon, alt }))).what).toContain('one place of the earth')
    expect(refused(measured(Array.from({ length: 1001 }, (_, x) => ({ x, y: x % 7, z: 0 })))).what).toContain('more than 1000')
  })

  it('are refused when the frame is mirrored, by any axis and with noise, and when one point is bad besides', () => {
    const mirrors: readonly Spoil[] = [({ x, y }) => ({ x: y, y: x }), ({ x }) => ({ x: -x }), ({ y }) => ({ y: -y })]
    for (const mirror of mirrors) {
      for (const count of [3, 4, 5]) {
        expect(refused(measured(CORNERS.slice(0, count), mirror)).what).toContain('the frame is mirrored')
        const noisy: Spoil = (point, index) => {
          const { x = point.x, y = point.y } = mirror(point, index)
          return { x: x + 0.1 * Math.sin(7 * index), y: y + 0.1 * Math.cos(5 * index) }
        }
        expect(refused(measured(CORNERS.slice(0, count), noisy)).what).toContain('the frame is mirrored')
      }
      for (const byM of [5, 100]) {
        const spoilt: Spoil = (point, index) => {
          const { x = point.x, y = point.y } = mirror(point, index)
          return index === 3 ? { x: x + byM, y } : { x, y }
        }
        expect(refused(measured(CORNERS, spoilt)).what).toContain('the frame is mirrored')
      }
    }
  })

  it('are refused when three or more lie on one line, which a mirror image would share', () => {
    const line = [0, 10, 25, 80].map((x) => ({ x, y: 2 * x + 0.01 * Math.sin(x), z: 0 }))
    expect(refused(measured(line))).toMatchObject({
      what: expect.stringContaining('one line'),
      remedy: expect.stringContaining('off that line')
    })
    // A gallery of 2 km is narrow, but not a line.
    expect(good(measured([0, 500, 1000, 2000].map((x, index) => ({ x, y: index % 2 === 0 ? 0 : 3, z: 0 })))).outlier).toBeUndefined()
  })

  it('are refused when they do not go together, with a word on lat and lon that are swapped', () => {
    const shuffled = measured(CORNERS).map((point, index, all) => ({
      ...point,
      x: all[(index + 2) % 5]?.x ?? 0,
      y: all[(index * 3 + 1) % 5]?.y ?? 0
    }))
    expect(refused(shuffled).what).toContain('do not fit')
    const swapped = measured(CORNERS).map((point) => ({ ...point, lat: point.lon, lon: point.lat }))
    expect(refused(swapped).remedy).toBe('lat and lon are swapped')
  })

  it('are refused when z points down', () => {
    expect(refused(measured(CORNERS, ({ z }) => ({ z: -z }))).what).toContain('downwards')
  })

  it('are judged without an exception, whatever they are', () => {
    const any = fc.record({ x: metres(1e8), y: metres(1e8), z: metres(1e8), lat: metres(90), lon: metres(180), alt: metres(12_000) })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 8 }), (points) => {
        const fit = fitControlPoints(points)
        if (fit.ok) for (const { horizontalM } of fit.residuals) expect(horizontalM).not.toBeNaN()
        else expect(`${fit.what}${fit.remedy}`).not.toMatch(/NaN|undefined/)
      }),
      { numRuns: 1000 }
    )
  })
})
