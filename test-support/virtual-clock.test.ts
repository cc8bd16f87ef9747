import { expect, it } from 'vitest'
import { createVirtualClock } from './virtual-clock.ts'

it('fires timers at their due time, in order, those set on the way included', async () => {
  const clock = createVirtualClock(0, 0)
  const fired: [string, number][] = []
  const note = (name: string) => () => fired.push([name, clock.monotonicMs()])
  clock.setTimeout(note('second'), 20)
  clock.setTimeout(note('first'), 10)
  clock.setTimeout(note('also second'), 20)
  clock.setTimeout(note('cancelled'), 15).cancel()
  clock.setTimeout(note('too late'), 101)
  const chain = async (): Promise<void> => {
    for (let step = 0; step < 3; step++) await new Promise<void>((resolve) => clock.setTimeout(resolve, 30))
    note('after three waits')()
  }
  const done = chain()
  await clock.advance(100)
  await done
  expect(fired).toEqual([
    ['first', 10],
    ['second', 20],
    ['also second', 20],
    ['after three waits', 90]
  ])
  expect(clock.monotonicMs()).toBe(100)
  expect(clock.pendingTimers).toBe(1)
})

it('steps the wall clock without moving the monotonic one', () => {
  const clock = createVirtualClock(1_000_000, 500)
  clock.stepWall(-900_000)
  expect([clock.wallMs(), clock.monotonicMs()]).toEqual([100_000, 500])
  clock.advanceSync(10)
  expect([clock.wallMs(), clock.monotonicMs()]).toEqual([100_010, 510])
})
