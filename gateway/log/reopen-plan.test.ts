import { expect, it } from 'vitest'
import { type DiskLook, ReopenPlan } from './reopen-plan.ts'

const DAY_MS = 24 * 60 * 60_000
const STEP_MS = 250
const MIB = 1024 * 1024

/** Attempts that fail from one time to another. */
function attempts(plan: ReopenPlan, fromMs: number, toMs: number): number {
  let count = 0
  for (let now = fromMs; now < toMs; now += STEP_MS) {
    if (!plan.isDue(now)) continue
    count++
    plan.failed(now)
  }
  return count
}

it('tries soon, and seldom when nothing changes', () => {
  let looks = 0
  const plan = new ReopenPlan(() => {
    looks++
    return { trouble: 'full', freeBytes: MIB }
  })
  expect(attempts(plan, 0, 10_000)).toBeGreaterThanOrEqual(5)
  expect(attempts(plan, 10_000, DAY_MS)).toBeLessThan(200)
  expect(looks).toBeLessThan(5000)
})

it.each<[string, DiskLook, DiskLook, number]>([
  ['there is more room', { trouble: 'full', freeBytes: MIB }, { trouble: 'full', freeBytes: 3 * MIB }, 1],
  ['it takes files again', { trouble: 'failing', freeBytes: MIB }, { trouble: undefined, freeBytes: MIB }, 1],
  ['it only looks a little different', { trouble: undefined, freeBytes: MIB }, { trouble: undefined, freeBytes: MIB + 4096 }, 0]
])('tries at the next look when the disk is better: %s', (_, before, after, expected) => {
  let look = before
  const plan = new ReopenPlan(() => look)
  attempts(plan, 0, DAY_MS)
  plan.failed(DAY_MS)
  look = after
  expect(attempts(plan, DAY_MS, DAY_MS + 31_000)).toBe(expected)
})

it('begins anew after a success', () => {
  const plan = new ReopenPlan(() => ({ trouble: undefined, freeBytes: 0 }))
  attempts(plan, 0, DAY_MS)
  plan.succeeded()
  expect(plan.isDue(DAY_MS)).toBe(true)
  expect(attempts(plan, DAY_MS, DAY_MS + 10_000)).toBeGreaterThanOrEqual(5)
})
