import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isBitTable, type PlanLimits, planReads, type ReadGroup, type ReadPoint, splitGroup } from './read-plan.ts'

const table = fc.constantFrom('coil', 'discrete-input', 'holding-register', 'input-register')
const pointArb = fc
  .record({
    unit: fc.integer({ min: 1, max: 2 }),
    table,
    address: fc.nat(90),
    count: fc.constantFrom(1, 2, 4),
    intervalMs: fc.constantFrom(1000, 1000, 5000)
  })
  .map((point): ReadPoint => ({ ...point, count: isBitTable(point.table) ? 1 : point.count }))
const pointsArb = fc.array(pointArb, { maxLength: 60 })
const limitsArb = fc.record({
  maxRegisters: fc.oneof(fc.integer({ min: 4, max: 20 }), fc.integer({ min: 4, max: 125 })),
  maxBits: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2000 })),
  bridgeRegisters: fc.nat(8),
  bridgeBits: fc.nat(8)
})

const end = ({ address, count }: ReadPoint): number => address + count
const maxOf = (limits: PlanLimits, { table }: ReadPoint | ReadGroup<ReadPoint>): number =>
  isBitTable(table) ? limits.maxBits : limits.maxRegisters
const bridgeOf = (limits: PlanLimits, { table }: ReadGroup<ReadPoint>): number =>
  isBitTable(table) ? limits.bridgeBits : limits.bridgeRegisters

/** Places read that no point wants, in runs: the longest. */
function longestGap(group: ReadGroup<ReadPoint>): number {
  const wanted = new Set(group.points.flatMap(({ address, count }) => Array.from({ length: count }, (_, index) => address + index)))
  let longest = 0
  let run = 0
  for (let at = group.start; at < group.start + group.count; at++) {
    run = wanted.has(at) ? 0 : run + 1
    longest = Math.max(longest, run)
  }
  return longest
}

function fits(group: ReadGroup<ReadPoint>): boolean {
  const starts = Math.min(...group.points.map(({ address }) => address))
  const ends = Math.max(...group.points.map(end))
  return (
    group.start === starts &&
    group.start + group.count === ends &&
    group.points.every(({ intervalMs, table, unit }) => unit === group.unit && table === group.table && intervalMs === group.intervalMs)
  )
}

describe('the plan', () => {
  it('has each wanted value whole in exactly one request, never across units, tables and intervals, within all limits', () => {
    fc.assert(
      fc.property(pointsArb, limitsArb, (points, limits) => {
        const groups = planReads(points, limits)
        const planned = groups.flatMap((group) => group.points)
        expect(planned).toHaveLength(points.length)
        for (const point of points) expect(planned.filter((other) => other === point)).toHaveLength(1)
        for (const group of groups) {
          expect(fits(group)).toBe(true)
          expect(group.count).toBeLessThanOrEqual(maxOf(limits, group))
          expect(longestGap(group)).toBeLessThanOrEqual(bridgeOf(limits, group))
        }
      })
    )
  })

  it('makes one request of neighbours wherever that is allowed', () => {
    fc.assert(
      fc.property(pointsArb, limitsArb, (points, limits) => {
        const groups = planReads(points, limits)
        for (const [index, group] of groups.entries()) {
          const next = groups[index + 1]
          if (next === undefined || next.unit !== group.unit || next.table !== group.table || next.intervalMs !== group.intervalMs) continue
          const gap = next.start - (group.start + group.count)
          const [first] = next.points
          const joined = Math.max(...(first === undefined ? [] : [end(first)]), group.start + group.count) - group.start
          expect(gap > bridgeOf(limits, group) || joined > maxOf(limits, group)).toBe(true)
        }
      })
    )
  })

  it('cuts a refused request until each value stands alone, and loses none on the way', () => {
    fc.assert(
      fc.property(pointsArb, limitsArb, (points, limits) => {
        const cutDown = (group: ReadGroup<ReadPoint>): ReadPoint[] => {
          const parts = splitGroup(group)
          if (parts.length === 0) {
            expect(new Set(group.points.map(({ address, count }) => `${address} ${count}`)).size).toBe(1)
            return [...group.points]
          }
          for (const part of parts) {
            expect(fits(part)).toBe(true)
            expect(part.points.length).toBeLessThan(group.points.length)
          }
          return parts.flatMap(cutDown)
        }
        const left = planReads(points, limits).flatMap(cutDown)
        expect(left).toHaveLength(points.length)
        for (const point of points) expect(left.filter((other) => other === point)).toHaveLength(1)
      })
    )
  })

  it('goes to the limits of the protocol and not beyond', () => {
    const limits = { maxRegisters: 125, maxBits: 2000, bridgeRegisters: 8, bridgeBits: 64 }
    const row = (table: ReadPoint['table'], length: number): ReadPoint[] =>
      Array.from({ length }, (_, address) => ({ unit: 1, table, address, count: 1, intervalMs: 1000 }))
    const counts = (points: readonly ReadPoint[]): number[] => planReads(points, limits).map(({ count }) => count)
    expect(counts(row('input-register', 125))).toEqual([125])
    expect(counts(row('input-register', 126))).toEqual([125, 1])
    expect(counts(row('coil', 2000))).toEqual([2000])
    expect(counts(row('coil', 2001))).toEqual([2000, 1])
    const apart = (gap: number): ReadPoint[] =>
      row('holding-register', gap + 2).filter(({ address }) => address === 0 || address === gap + 1)
    expect(counts(apart(8))).toEqual([10])
    expect(counts(apart(9))).toEqual([1, 1])
  })

  it('leaves out first what was only bridged', () => {
    const at = (address: number): ReadPoint => ({ unit: 1, table: 'holding-register', address, count: 1, intervalMs: 1000 })
    const limits = { maxRegisters: 125, maxBits: 2000, bridgeRegisters: 8, bridgeBits: 64 }
    const [group, ...others] = planReads([at(10), at(4), at(11), at(3)], limits)
    expect(others).toEqual([])
    expect(group).toMatchObject({ start: 3, count: 9 })
    const parts = group === undefined ? [] : splitGroup(group)
    expect(parts).toMatchObject([
      { start: 3, count: 2 },
      { start: 10, count: 2 }
    ])
  })
})
