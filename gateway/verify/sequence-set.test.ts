import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SequenceSet } from './sequence-set.ts'

const sequence = fc.oneof(fc.integer({ min: 0, max: 9_000 }), fc.integer({ min: 1_000_000_000_000, max: 1_000_000_009_000 }))
const sighting = fc.record({ sequence, content: fc.integer({ min: 0, max: 2 }), passes: fc.boolean() })

describe('SequenceSet', () => {
  it('tells first sight, repeats past the rule and other content as a plain map does', () => {
    fc.assert(
      fc.property(fc.array(sighting, { maxLength: 200 }), (sightings) => {
        const set = new SequenceSet()
        const known = new Map<number, { content: number; passed: boolean }>()
        for (const { sequence, content, passes } of sightings) {
          const before = known.get(sequence)
          expect(set.add(sequence, content, passes)).toEqual({
            first: before === undefined,
            passedAgain: passes && before?.passed === true,
            conflict: before !== undefined && before.content !== content
          })
          known.set(sequence, { content: before?.content ?? content, passed: passes || before?.passed === true })
        }
        expect(set.size).toBe(known.size)
        expect(set.countNeverPassed()).toBe([...known.values()].filter(({ passed }) => !passed).length)
      })
    )
  })

  it('gives the missing runs: with what was seen they make up the whole, and no two of them touch', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 13_000 }), { maxLength: 300 }), fc.nat(13_000), fc.nat(13_000), (seen, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const set = new SequenceSet()
        for (const each of seen) set.add(each, 0, true)
        const runs = [...set.missing(from, to)]
        const missing = runs.reduce((sum, [first, last]) => sum + last - first + 1, 0)
        expect(missing + seen.filter((each) => each >= from && each <= to).length).toBe(to - from + 1)
        for (const [index, [first, last]] of runs.entries()) {
          expect(last).toBeGreaterThanOrEqual(first)
          expect(first).toBeGreaterThan((runs[index - 1]?.[1] ?? from - 2) + 1)
          expect(set.has(first) || set.has(last)).toBe(false)
        }
      })
    )
  })

  it('does not walk through a gap of any width', () => {
    const set = new SequenceSet()
    set.add(1, 0, true)
    set.add(Number.MAX_SAFE_INTEGER - 1, 0, true)
    expect([...set.missing(1, Number.MAX_SAFE_INTEGER - 1)]).toEqual([[2, Number.MAX_SAFE_INTEGER - 2]])
  })
})
