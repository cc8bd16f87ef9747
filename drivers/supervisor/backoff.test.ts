import fc from 'fast-check'
import { expect, it } from 'vitest'
import { backoffDelays } from './backoff.ts'

function take(count: number, delays: Iterator<number>): number[] {
  return Array.from({ length: count }, () => delays.next().value as number)
}

it('doubles up to the cap when nothing is drawn off', () => {
  const policy = { firstMs: 500, factor: 2, capMs: 10_000, jitter: 0.5 }
  expect(
    take(
      8,
      backoffDelays(policy, () => 0)
    )
  ).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000])
})

it('draws the jitter anew for every delay', () => {
  const drawn = [0, 0.5, 0.25, 0.999]
  const policy = { firstMs: 1000, factor: 3, capMs: 20_000, jitter: 0.4 }
  expect(
    take(
      4,
      backoffDelays(policy, () => drawn.shift() ?? 0)
    )
  ).toEqual([1000, 2400, 8100, 12_008])
})

it('stays between the jittered and the full delay, whatever the policy and the random numbers', () => {
  const policies = fc.record({
    firstMs: fc.integer({ min: 1, max: 60_000 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    capMs: fc.integer({ min: 1, max: 600_000 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true })
  })
  fc.assert(
    fc.property(
      policies,
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 40 }),
      (policy, drawn) => {
        let next = 0
        const delays = take(
          40,
          backoffDelays(policy, () => drawn[next++ % drawn.length] ?? 0)
        )
        delays.forEach((delay, attempt) => {
          const full = Math.min(policy.capMs, policy.firstMs * policy.factor ** attempt)
          expect(delay).toBeLessThanOrEqual(Math.ceil(full))
          expect(delay).toBeGreaterThanOrEqual(Math.floor(full * (1 - policy.jitter)))
        })
      }
    )
  )
})
