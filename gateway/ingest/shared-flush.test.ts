import { expect, it } from 'vitest'
import { settlePromises } from '../../test-support/virtual-clock.ts'
import { SharedFlush } from './shared-flush.ts'

function rig() {
  const flushes: { resolve(): void; reject(): void }[] = []
  const shared = new SharedFlush({
    flush: () =>
      new Promise((resolve, reject) => {
        flushes.push({ resolve, reject: () => reject(new Error('dead')) })
      })
  })
  return { shared, flushes }
}

it('asks once for all who wait, and again for those who came meanwhile', async () => {
  const { shared, flushes } = rig()
  const said: number[] = []
  for (let n = 0; n < 3; n++) shared.wait(() => said.push(n))
  flushes[0]?.resolve()
  await settlePromises()
  // Those after the first came when the flush was under way: only the next one is about them.
  expect([said, flushes.length]).toEqual([[0], 2])
  flushes[1]?.resolve()
  await settlePromises()
  expect([said, flushes.length]).toEqual([[0, 1, 2], 2])
  shared.wait(() => said.push(9))
  flushes[2]?.resolve()
  await settlePromises()
  expect(said).toEqual([0, 1, 2, 9])
})

it('does not grow while nothing is flushed, and confirms nothing of a log that dies', async () => {
  const { shared, flushes } = rig()
  let said = 0
  for (let n = 0; n < 30_000; n++) shared.wait(() => said++)
  expect(flushes).toHaveLength(1)
  flushes[0]?.resolve()
  await settlePromises()
  flushes[1]?.resolve()
  await settlePromises()
  expect(said).toBe(10_000)
  shared.wait(() => said++)
  flushes[2]?.reject()
  await settlePromises()
  expect([said, flushes.length]).toEqual([10_000, 3])
})
