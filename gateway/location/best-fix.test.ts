import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestFix, uncertaintyM } from './best-fix.ts'

const candidate = fc.record({
  source: fc.constantFrom('uwb', 'ble', 'gnss', 'vendor'),
  accuracyM: fc.integer({ min: 1, max: 500 }).map((value) => value / 10),
  timeS: fc.integer({ min: 0, max: 100 })
})
const candidates = fc.uniqueArray(candidate, { selector: ({ source }) => source })

describe('the best of several fixes', () => {
  it('is the one whose accuracy, aged by walking speed, is least', () => {
    const uwb = { source: 'uwb', accuracyM: 0.3, timeS: 90 }
    const ble = { source: 'ble', accuracyM: 8, timeS: 100 }
    expect(bestFix([ble, uwb], 92)).toBe(uwb)
    expect(bestFix([ble, uwb], 100)).toBe(ble)
    expect(uncertaintyM(uwb, 100)).toBeCloseTo(14.3)
    expect(bestFix([], 0)).toBeUndefined()
  })

  it('stays with the system it was of until another is better by 30 %', () => {
    const a = { source: 'a', accuracyM: 1, timeS: 10 }
    expect(bestFix([a, { source: 'b', accuracyM: 0.71, timeS: 10 }], 10, 'a')).toBe(a)
    const better = { source: 'b', accuracyM: 0.69, timeS: 10 }
    expect(bestFix([a, better], 10, 'a')).toBe(better)
    expect(bestFix([a], 10, 'gone')).toBe(a)
  })

  it('does not depend on the order', () => {
    fc.assert(
      fc.property(candidates, fc.integer({ min: 0, max: 200 }), fc.constantFrom('uwb', undefined), (fixes, nowS, present) => {
        expect(bestFix(fixes.toReversed(), nowS, present)).toBe(bestFix(fixes, nowS, present))
      })
    )
  })
})
