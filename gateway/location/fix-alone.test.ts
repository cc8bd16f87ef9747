import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Anchor, type Fix, isFix, type Located } from './fix.ts'
import { DEFAULT_LOCATION_SETTINGS } from './location-settings.ts'
import { type RangeSet, RangeTracker } from './range-tracker.ts'
import { createNormal, distanceM, type Place, rangesTo, SIX_AROUND } from './simulated-ranges-test-support.ts'

const tracker = new RangeTracker(DEFAULT_LOCATION_SETTINGS)
const HEIGHT = DEFAULT_LOCATION_SETTINGS.carryingHeightM

function found(located: Located): Fix {
  if (!isFix(located)) throw new Error(located.error)
  return located
}
const metres = (max: number) => fc.integer({ min: -1000 * max, max: 1000 * max }).map((value) => value / 1000)
const place: fc.Arbitrary<Place> = fc.record({ x: metres(30), y: metres(30), z: metres(30) })

/** Four anchors that span a room, each at its corner by some metres, and as many others as there may be. */
const room: fc.Arbitrary<Anchor[]> = fc
  .tuple(
    fc.array(fc.record({ x: metres(4), y: metres(4), z: metres(4) }), { minLength: 4, maxLength: 4 }),
    fc.array(place, { maxLength: 5 })
  )
  .map(([jitter, others]) => {
    const corners = [
      { x: -20, y: -20, z: -20 },
      { x: 20, y: 20, z: -20 },
      { x: 20, y: -20, z: 20 },
      { x: -20, y: 20, z: 20 }
    ]
    const moved = corners.map((corner, index) => {
      const by = jitter[index] ?? { x: 0, y: 0, z: 0 }
      return { x: corner.x + by.x, y: corner.y + by.y, z: corner.z + by.z }
    })
    return [...moved, ...others].map((at, index) => ({ id: `A${index}`, ...at }))
  })

const shuffled = (set: RangeSet, by: number): RangeSet => {
  const order = set.anchors.map((_, index) => (index + by) % set.anchors.length).reverse()
  return {
    ...set,
    anchors: order.flatMap((index) => set.anchors[index] ?? []),
    rangesM: order.flatMap((index) => set.rangesM[index] ?? [])
  }
}

describe('a fix from one set of ranges', () => {
  it('is the exact place for exact ranges, in 3 dimensions', () => {
    fc.assert(
      fc.property(room, place, (anchors, tag) => {
        const fix = found(tracker.alone(rangesTo(anchors, tag, { dims: 3 })))
        expect(distanceM(fix, tag)).toBeLessThan(1e-6)
        expect(fix.used).toEqual(anchors.map(({ id }) => id))
      })
    )
  })

  it('is the exact place for exact ranges of a tag at carrying height, in 2 dimensions', () => {
    fc.assert(
      fc.property(room, place, (anchors, { x, y }) => {
        const tag = { x, y, z: HEIGHT }
        expect(distanceM(found(tracker.alone(rangesTo(anchors, tag))), tag)).toBeLessThan(1e-6)
      })
    )
  })

  it('turns and moves with its anchors', () => {
    const errors = fc.array(metres(1), { minLength: 9, maxLength: 9 })
    fc.assert(
      fc.property(room, place, errors, metres(180), place, (anchors, tag, error, turnDeg, by) => {
        const set = rangesTo(anchors, tag, { dims: 3, error: (_, index) => (error[index] ?? 0) / 5 })
        const [cosine, sine] = [Math.cos((turnDeg * Math.PI) / 180), Math.sin((turnDeg * Math.PI) / 180)]
        const carry = (p: Place) => ({ x: cosine * p.x - sine * p.y + by.x, y: sine * p.x + cosine * p.y + by.y, z: p.z + by.z })
        const before = tracker.alone(set)
        const after = tracker.alone({ ...set, anchors: set.anchors.map((anchor) => ({ id: anchor.id, ...carry(anchor) })) })
        expect(isFix(after)).toBe(isFix(before))
        if (!isFix(before) || !isFix(after)) return
        expect(distanceM(carry(before), after)).toBeLessThan(1e-3)
        expect(after.accuracyM).toBeCloseTo(before.accuracyM, 3)
      })
    )
  })

  it('does not depend on the order of the ranges', () => {
    fc.assert(
      fc.property(room, place, fc.array(metres(1)), fc.nat(8), (anchors, tag, error, by) => {
        const set = rangesTo(anchors, tag, { error: (_, index) => error[index] ?? 0 })
        const [one, other] = [tracker.alone(set), tracker.alone(shuffled(set, by))]
        expect(isFix(other)).toBe(isFix(one))
        if (isFix(one) && isFix(other)) expect(distanceM(one, other)).toBeLessThan(1e-3)
      })
    )
  })

  it('is moved a little, and no more, by one range that is too long by any amount', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.double({ min: 0.3, max: 500, noNaN: true }), metres(5), metres(5), (bad, byM, x, y) => {
        const tag = { x, y, z: HEIGHT }
        const fix = found(tracker.alone(rangesTo(SIX_AROUND, tag, { error: (_, index) => (index === bad ? byM : 0) })))
        expect(Math.hypot(fix.x - x, fix.y - y)).toBeLessThan(0.15)
      })
    )
  })

  it('is never NaN, whatever is measured', () => {
    const wild = fc.oneof(fc.constantFrom(0, 1e-12, 1e5, 2e7, -2e7, 5), metres(50))
    const anchors = fc.uniqueArray(fc.record({ id: fc.string(), x: wild, y: wild, z: wild }), { maxLength: 8, selector: ({ id }) => id })
    const ranges = fc.array(fc.oneof(fc.constantFrom(0, 1e-12, 1e5), fc.double({ min: 0, max: 1e5, noNaN: true })), {
      minLength: 8,
      maxLength: 8
    })
    fc.assert(
      fc.property(anchors, ranges, fc.constantFrom(2, 3), (where, rangesM, dims) => {
        const located = tracker.alone({ timeS: 0, dims, anchors: where, rangesM: rangesM.slice(0, where.length) })
        if (!isFix(located)) expect(located.error).not.toBe('')
        else for (const value of [located.x, located.y, located.z, located.accuracyM]) expect(value).toSatisfy(Number.isFinite)
      }),
      { numRuns: 1000 }
    )
  })

  it('tells how large its errors are: 68 % lie within, all ranges in sight', () => {
    const normal = createNormal(1)
    let within = 0
    const fixes = 2000
    for (let count = 0; count < fixes; count++) {
      const tag = { x: 3 * normal(), y: 3 * normal(), z: HEIGHT + 0.3 * normal() }
      const fix = found(tracker.alone(rangesTo(SIX_AROUND, tag, { error: () => 0.1 * normal() })))
      if (Math.hypot(fix.x - tag.x, fix.y - tag.y) <= fix.accuracyM) within++
    }
    expect(within / fixes).toBeGreaterThan(0.62)
    expect(within / fixes).toBeLessThan(0.76)
  })

  it('moves its mean less by half a metre on one range than one fix scatters', () => {
    const tag = { x: 1, y: -2, z: HEIGHT }
    for (let bad = 0; bad < 6; bad++) {
      const clean = meanAndSd(tag, () => 0)
      const disturbed = meanAndSd(tag, (index) => (index === bad ? 0.5 : 0))
      expect(Math.hypot(disturbed.x - clean.x, disturbed.y - clean.y)).toBeLessThan(clean.sdM)
    }
  })
})

/** Mean of 1 000 fixes of a tag at rest, and their deviation in the direction in which they scatter less. */
function meanAndSd(tag: Place, extra: (index: number) => number): { x: number; y: number; sdM: number } {
  const normal = createNormal(7)
  const fixes: Fix[] = []
  for (let count = 0; count < 1000; count++)
    fixes.push(found(tracker.alone(rangesTo(SIX_AROUND, tag, { error: (_, index) => 0.1 * normal() + extra(index) }))))
  const x = fixes.reduce((sum, fix) => sum + fix.x, 0) / fixes.length
  const y = fixes.reduce((sum, fix) => sum + fix.y, 0) / fixes.length
  const variance = (of: (fix: Fix) => number) => fixes.reduce((sum, fix) => sum + of(fix) ** 2, 0) / fixes.length
  return {
    x,
    y,
    sdM: Math.sqrt(
      Math.min(
        variance((fix) => fix.x - x),
        variance((fix) => fix.y - y)
      )
    )
  }
}

describe('no fix, and why', () => {
  const tag = { x: 3, y: 4, z: HEIGHT }
  const at = (id: string, x: number, y: number, z: number): Anchor => ({ id, x, y, z })
  const why = (anchors: readonly Anchor[], dims: 2 | 3) => {
    const located = tracker.alone(rangesTo(anchors, tag, { dims }))
    return isFix(located) ? JSON.stringify(located) : located.error
  }

  it('too few ranges', () => {
    expect(why([at('a', 0, 0, 2), at('b', 9, 0, 2)], 2)).toContain('2 ranges')
    expect(why([at('a', 0, 0, 2), at('b', 9, 0, 2), at('c', 0, 9, 3)], 3)).toContain('3 ranges')
    expect(why([], 2)).toContain('no ranges')
  })

  it('anchors at one place, in one line, in one plane', () => {
    expect(why([at('a', 0, 0, 1), at('b', 0, 0, 2), at('c', 0, 0, 3)], 2)).toContain('one place on the ground')
    const line = why([at('a', 0, 0, 2), at('b', 5, 0, 3), at('c', 10, 0, 2)], 2)
    expect(line).toContain('either side of the line of the anchors')
    expect(line).toContain('(3.00, 4.00)')
    expect(line).toContain('(3.00, -4.00)')
    expect(why([at('a', 0, 0, 2.5), at('b', 9, 0, 2.5), at('c', 0, 9, 2.5), at('d', 9, 9, 2.5)], 3)).toContain('either side of the plane')
  })

  it('a tag on the line of its anchors, which tell nothing of the way across it', () => {
    expect(why([at('a', -6, -8, HEIGHT), at('b', 0, 0, HEIGHT), at('c', 6, 8, HEIGHT)], 2)).toContain('not in one line')
  })

  it('counts another place that is near for the accuracy', () => {
    const beside = { x: 3, y: 0.4, z: HEIGHT }
    const located = tracker.alone(rangesTo([at('a', 0, 0, HEIGHT), at('b', 5, 0.01, HEIGHT), at('c', 10, 0, HEIGHT)], beside))
    if (isFix(located)) expect(located.accuracyM).toBeGreaterThan(0.7)
    else expect(located.error).toContain('not in one line')
  })
})
