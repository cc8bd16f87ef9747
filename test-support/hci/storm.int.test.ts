import { expect, it } from 'vitest'
import { runStorm } from './storm.ts'

it('loses no advertisement between adapter and log in a storm, in short', { timeout: 120_000 }, async () => {
  const { counters, doubled, logged, lost, sent } = await runStorm({ ratePerSecond: 2000, seconds: 20, tags: 500, phonesPerSecond: 200 })
  expect(sent).toMatchObject({ tags: 40_000, phones: 4_000 })
  expect({ logged, lost, doubled }).toEqual({ logged: 40_000, lost: 0, doubled: 0 })
  expect(counters).toMatchObject({ frames: 44_000, errors: 0, dropped: 0 })
})
