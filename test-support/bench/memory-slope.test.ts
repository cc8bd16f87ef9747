import fc from 'fast-check'
import { expect, it } from 'vitest'
import { settledSlope } from './memory-slope.ts'

/** A minute, four samples a second. */
const minute = (valueAt: (second: number, index: number) => number) =>
  Array.from({ length: 240 }, (_, index) => ({ ms: 1_000 + index * 250, value: valueAt(index / 4, index) }))

it('finds steady growth, whatever the start was like', () => {
  fc.assert(
    fc.property(fc.integer({ min: -200, max: 200 }), fc.integer({ min: 0, max: 500 }), (perMin, warmUp) => {
      const { perMin: found, errorPerMin } = settledSlope(minute((s) => 100 + (perMin * s) / 60 + (s < 30 ? warmUp * Math.exp(-s) : 0)))
      expect(found).toBeCloseTo(perMin, 6)
      expect(errorPerMin).toBeCloseTo(0, 6)
    })
  )
})

it('is not moved by a tooth of garbage here and there, and says how sure it is', () => {
  const teeth = minute((s, i) => 200 + (i % 10 < 4 ? 60 : 0) + s / 6)
  expect(settledSlope(teeth).perMin).toBeCloseTo(10, 6)
  const noisy = settledSlope(minute((_, i) => 200 + ((Math.floor(i / 10) * 7) % 5)))
  expect(noisy.errorPerMin).toBeGreaterThan(1)
  expect(Math.abs(noisy.perMin)).toBeLessThan(3 * noisy.errorPerMin)
})

it('shows growth that begins late', () => {
  expect(settledSlope(minute((s) => 200 + Math.max(0, s - 45))).perMin).toBeGreaterThan(25)
})

it('has no error to give for a run that is too short', () => {
  const { perMin, errorPerMin } = settledSlope(minute((s) => 100 + s).slice(0, 40))
  expect(perMin).toBeCloseTo(60, 6)
  expect(errorPerMin).toBeNaN()
})
