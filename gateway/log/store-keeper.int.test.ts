import { mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import { alarmBatch } from './gap-events.ts'
import { DEFAULT_LOG_LIMITS } from './log-limits.ts'
import { logPaths } from './log-paths.ts'
import { freshDirectory, movement } from './log-test-support.ts'
import { damagedStamp, findIn } from './rescue-test-support.ts'
import { StoreKeeper } from './store-keeper.ts'

it('sets a database aside once, though the one in its place cannot be opened for a while', async () => {
  const directory = freshDirectory()
  const keeper = new StoreKeeper({
    settings: {
      directory,
      limits: { ...DEFAULT_LOG_LIMITS, reserveBytes: 0 },
      gatewayId: 'gw1',
      bootId: 'b',
      clockQuality: 'synchronised',
      monotonicOffsetMs: 0,
      machineId: 'm',
      maxPages: undefined
    },
    stamp: () => ({ ...damagedStamp(), wallMs: Date.now() }),
    onOwnEvents: () => undefined,
    note: () => undefined,
    onFailed: () => undefined,
    onReopened: () => undefined
  })
  keeper.store.commit([{ lane: 'alarm', ...alarmBatch([movement(0, 'alarm')]) }])
  keeper.reopen('damage')
  expect(keeper.isOpen).toBe(true)
  // SQLite takes it for a journal, and cannot open it.
  const blocked = `${logPaths(directory).database}-journal`
  mkdirSync(blocked)
  keeper.reopen('damage again')
  expect(keeper.isOpen).toBe(false)
  const setAside = () => readdirSync(directory).filter((name) => /damaged-.*Z$/.test(name))
  const attempts: boolean[] = []
  const until = performance.now() + 1200
  await waitFor('some attempts', () => {
    keeper.openWhenDue()
    attempts.push(keeper.isOpen)
    return performance.now() > until
  })
  expect(attempts).not.toContain(true)
  expect(setAside()).toHaveLength(1)
  rmdirSync(blocked)
  await waitFor('it is open', () => {
    keeper.openWhenDue()
    return keeper.isOpen
  })
  expect(setAside()).toHaveLength(1)
  keeper.store.close()
  expect(findIn(directory).numbers.alarm).toEqual([0])
  rmSync(directory, { recursive: true })
})
