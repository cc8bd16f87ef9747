import { fork } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { freshDirectory } from './log-test-support.ts'
import { openLogStore } from './open-log-store.ts'
import { damagedStamp, findIn, makeDamagedLog } from './rescue-test-support.ts'

const ALARMS = 3
const STEPS_AT_LEAST = 20

/** Opens the log in a child that kills itself before a step. False: it did not come to that step any more. */
async function openUntilKilled(directory: string, killAt: number): Promise<boolean> {
  const child = fork(fileURLToPath(new URL('./rescue-crash-child.js', import.meta.url)), [directory, String(killAt)])
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once('exit', (...how) => resolve(how))
  })
  if (signal === null) expect(code).toBe(0)
  return signal === 'SIGKILL'
}

it('saves every alarm of a damaged log, whatever step of the rescue the program is killed before', async () => {
  let killed = true
  let step = 0
  while (killed) {
    const directory = freshDirectory()
    makeDamagedLog(directory, { alarm: ALARMS, telemetry: 2 })
    killed = await openUntilKilled(directory, ++step)
    const { store, newLife } = openLogStore({ directory, stamp: damagedStamp, machineId: 'm' })
    store.close()
    const { gaps, numbers } = findIn(directory)
    expect(numbers, `killed before step ${step}`).toEqual({ alarm: Array.from({ length: ALARMS }, (_, n) => n), telemetry: [0, 1] })
    // Nothing is said to be missing, and the damage is told once.
    expect(gaps.map(({ from, to }) => [from, to])).toEqual([[null, null]])
    if (!killed) expect(newLife).toBeUndefined()
    const names = readdirSync(directory).filter((name) => name.startsWith('events.db.') && !/-(wal|shm)$/.test(name))
    expect(names).toEqual([expect.stringMatching(/^events\.db\.damaged-.*Z$/)])
    rmSync(directory, { recursive: true })
  }
  expect(step).toBeGreaterThan(STEPS_AT_LEAST)
}, 300_000)
