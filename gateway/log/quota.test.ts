import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { alarmBatch } from './gap-events.ts'
import { DEFAULT_LOG_LIMITS } from './log-limits.ts'
import { logPaths } from './log-paths.ts'
import { freshDirectory, movement } from './log-test-support.ts'
import { openLogStore } from './open-log-store.ts'
import { damagedStamp, findIn, makeDamagedLog, withQuota } from './rescue-test-support.ts'
import { StoreKeeper } from './store-keeper.ts'

const MIB = 1024 * 1024
let directory: string
beforeEach(() => {
  directory = freshDirectory()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function openKeeper(): StoreKeeper {
  return new StoreKeeper({
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
    stamp: damagedStamp,
    onOwnEvents: () => undefined,
    note: () => undefined,
    onFailed: () => undefined,
    onReopened: () => undefined
  })
}

it('saves all alarms and as much telemetry as a quota lets it, and tells of the rest', () => {
  makeDamagedLog(directory, { alarm: 200, telemetry: 4000 })
  let rows = 35
  withQuota(
    'telemetry_tail',
    () => rows-- > 0,
    () => openLogStore({ directory, stamp: damagedStamp, machineId: 'm' }).store.close()
  )
  const { gaps, numbers } = findIn(directory)
  expect(numbers.alarm).toHaveLength(200)
  expect(numbers.telemetry.length).toBeGreaterThan(0)
  expect(gaps).toMatchObject([{ lane: 'telemetry', from: numbers.telemetry.length + 1, to: 4000 }])
})

it('gives up the ballast for alarms that a quota does not let in, all of it with the second attempt', () => {
  makeDamagedLog(directory, { alarm: 200, telemetry: 1 })
  const { ballast } = logPaths(directory)
  writeFileSync(ballast, Buffer.alloc(8 * MIB, 1))
  const sizes = new Set<number>()
  const mayWrite = (): boolean => {
    const { size } = statSync(ballast)
    sizes.add(size)
    return size === 0
  }
  withQuota('alarm_tail', mayWrite, () => openKeeper().store.close())
  expect([...sizes]).toEqual([8 * MIB, 7.5 * MIB, 0])
  expect(findIn(directory).numbers.alarm).toHaveLength(200)
})

it('takes a quota that is used up for a full disk when an alarm is written, and gives up ballast for it', () => {
  const keeper = openKeeper()
  const { ballast } = logPaths(directory)
  writeFileSync(ballast, Buffer.alloc(2 * MIB, 1))
  keeper.store.close()
  const again = openKeeper()
  const batch = { lane: 'alarm' as const, ...alarmBatch([movement(1, 'alarm')]) }
  withQuota(
    'alarm_tail',
    () => statSync(ballast).size < MIB,
    () => {
      expect(again.guard('alarm', () => again.store.commit([batch]))).toBe(true)
    }
  )
  expect(existsSync(ballast)).toBe(true)
  withQuota(
    'telemetry_tail',
    () => false,
    () => {
      expect(again.guard('telemetry', () => again.store.commit([{ ...batch, lane: 'telemetry' }]))).toBe(false)
      expect(again.health.storage).toBe('full')
    }
  )
  again.store.close()
})
