import { expect, it } from 'vitest'
import type { Clock } from '../../drivers/driver.ts'
import { createWatchdog } from './watchdog.ts'

function fakeClock(): { clock: Clock; tick(): void } {
  let pending: (() => void) | undefined
  return {
    clock: {
      wallMs: () => 0,
      monotonicMs: () => 0,
      setTimeout: (callback) => {
        pending = callback
        return { cancel: () => (pending = undefined) }
      }
    },
    tick: () => pending?.()
  }
}

it('feeds while every part moves, withholds and names the part that does not, and feeds again', () => {
  const { clock, tick } = fakeClock()
  const progress = { log: 0, loop: 0 }
  const said: string[] = []
  const proofs = [
    { name: 'log', progress: () => progress.log },
    { name: 'loop', progress: () => progress.loop }
  ]
  const watchdog = createWatchdog(
    clock,
    1_000,
    proofs,
    () => said.push('fed'),
    (names) => said.push(`stalled: ${names.join()}`)
  )
  const turn = (log: number, loop: number): void => {
    progress.log += log
    progress.loop += loop
    tick()
  }
  turn(1, 1)
  turn(0, 1)
  expect(watchdog.stalled).toEqual(['log'])
  turn(0, 0)
  turn(5, 1)
  expect(said).toEqual(['fed', 'stalled: log', 'stalled: log,loop', 'fed'])
  expect(watchdog.stalled).toEqual([])
  watchdog.close()
  tick()
  expect(said).toHaveLength(4)
})
