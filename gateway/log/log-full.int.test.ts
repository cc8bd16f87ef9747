import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import type { ServedTopic } from './forwarded-cursors.ts'
import type { GapData } from './gap-events.ts'
import { bulkyMovement, freshDirectory, movement, openTestLog } from './log-test-support.ts'
import type { EventLogHandle, EventLogOptions } from './open-event-log.ts'
import { openLogReader } from './open-log-reader.ts'

const MIB = 1024 * 1024
/** Small transactions: the disks here are small, too. */
const MEMORY = { congestedBytes: 256 * 1024, maxWaitingBytes: 32 * MIB }
const TOPICS: readonly ServedTopic[] = [
  { lane: 'alarm', topic: 'tag-alert', type: 'TagAlert' },
  { lane: 'telemetry', topic: 'tag-movement', type: 'TagMovement' }
]

function read(log: EventLogHandle) {
  const reader = openLogReader(log.path)
  const all = { maxEvents: 1e9, maxBytes: 1e9 }
  const alarms = reader.read('alarm', 0, all).events
  const telemetry = reader.read('telemetry', 0, all).events
  reader.close()
  const gaps = alarms.filter(({ type }) => type === 'DataGap').map(({ body }) => JSON.parse(body) as GapData)
  return { alarms: alarms.filter(({ type }) => type === 'TagAlert'), telemetry, gaps }
}

/** Appends telemetry in portions until `enough`; the numbers of what became durable are collected. */
async function appendUntil(log: EventLogHandle, durable: number[], start: number, enough: () => boolean): Promise<number> {
  let n = start
  await waitFor(
    'enough was appended',
    () => {
      for (let i = 0; i < 1000 && !log.congested; i++, n++) {
        const own = n
        log.append(bulkyMovement(own), () => durable.push(own))
      }
      return enough()
    },
    60_000
  )
  return n
}

function expectAllToldOrThere(log: EventLogHandle, durable: readonly number[]): void {
  const { telemetry, gaps } = read(log)
  const there = new Set(telemetry.map(({ body }) => JSON.parse(body).n as number))
  const told = gaps.filter(({ lane, reason }) => lane === 'telemetry' && reason.startsWith('evicted'))
  // Nothing was dropped before it had a number, so number n has sequence n + 1.
  const isTold = (n: number) => told.some(({ from, to }) => (from ?? 0) <= n + 1 && n + 1 <= (to ?? 0))
  expect(durable.filter((n) => !there.has(n) && !isTold(n))).toEqual([])
  expect(told.reduce((sum, { countByType }) => sum + (countByType['TagMovement'] ?? 0), 0)).toBeGreaterThan(0)
}

/** Same promises on a disk that is full and in a database that may not grow. */
async function survivesFullness(directory: string, more: Partial<EventLogOptions>, alarmsWhenFull: () => void): Promise<void> {
  let fulls = 0
  const log = await openTestLog(directory, { memory: MEMORY, ...more, onStatus: ({ storage }) => storage === 'full' && fulls++ })
  const forwarder = log.attachForwarder()
  forwarder.postMessage({ kind: 'topics', topics: TOPICS })
  const durable: number[] = []
  const next = await appendUntil(log, durable, 0, () => log.status().lanes.telemetry.firstSequence > 1 && fulls > 0)
  alarmsWhenFull()
  let alarms = 0
  for (let i = 0; i < 20; i++) log.append(movement(i, 'alarm'), () => alarms++)
  await waitFor('alarms are durable', () => alarms === 20)
  await appendUntil(log, durable, next, () => durable.length > next)
  await log.flush()
  await log.close()
  expect(read(log).alarms).toHaveLength(20)
  expectAllToldOrThere(log, durable)
  expect(readdirSync(directory).filter((name) => name.includes('damaged'))).toEqual([])
  forwarder.close()
}

it('makes room by evicting and tells of it when the database may not grow', async () => {
  const directory = freshDirectory()
  await survivesFullness(directory, { maxPages: 300 }, () => undefined)
  rmSync(directory, { recursive: true })
}, 90_000)

it('keeps to its size and evicts the oldest telemetry first', async () => {
  const directory = freshDirectory()
  const maxBytes = 4 * MIB
  const log = await openTestLog(directory, { memory: MEMORY, limits: { maxBytes, reserveBytes: 0 } })
  const durable: number[] = []
  await appendUntil(log, durable, 0, () => log.status().lanes.telemetry.firstSequence > 1)
  await log.flush()
  await waitFor('the log is within its size', () => log.status().logBytes <= maxBytes)
  await log.close()
  expectAllToldOrThere(log, durable)
  rmSync(directory, { recursive: true })
}, 90_000)

function fillWith(path: string, block: Buffer): void {
  try {
    for (;;) writeFileSync(path, block, { flag: 'a' })
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' })
  }
}

const canMount = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(canMount)('a full disk (small tmpfs; needs root)', () => {
  const disk = freshDirectory()
  beforeAll(() => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tagward-test', disk])
  })
  afterAll(() => {
    execFileSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true })
  })

  it('stops nothing but storing: alarms are taken, the oldest telemetry goes and is told of, and it recovers by itself', async () => {
    const fill = join(disk, 'other-program')
    writeFileSync(join(disk, 'own-program'), Buffer.alloc(6 * MIB, 1))
    await survivesFullness(join(disk, 'log'), { limits: { reserveBytes: 2 * MIB } }, () => {
      // Another program takes the very last of it.
      for (const bytes of [65_536, 4096]) fillWith(fill, Buffer.alloc(bytes, 1))
      setTimeout(() => rmSync(fill, { force: true }), 2000)
    })
  }, 90_000)
})

it('lets telemetry go at once for who is pressed while it stores none, says so, tells how much, and stores it again when there is room', async () => {
  const directory = freshDirectory()
  const log = await openTestLog(directory, { memory: MEMORY, maxPages: 150 })
  const forwarder = log.attachForwarder()
  forwarder.postMessage({ kind: 'topics', topics: TOPICS })
  // Alarms that are not forwarded never go, so that there is room for nothing more in the end.
  let n = 0
  await waitFor(
    'a database that is full of alarms',
    () => {
      for (let i = 0; i < 50; i++) log.append({ ...bulkyMovement(n++), lane: 'alarm', type: 'TagAlert' })
      return log.status().storage !== 'ok'
    },
    60_000
  )
  let givenUp = 0
  let durable = 0
  const append = (soon: boolean): void => log.append(movement(n++), () => durable++, { soon, onGivenUp: () => givenUp++ })
  append(false)
  await waitFor('the first to be let go', () => {
    append(true)
    return givenUp > 0
  })
  expect(log.status().storage).toBe('full')
  const before = givenUp
  append(false)
  expect(givenUp).toBe(before)
  append(true)
  expect(givenUp).toBe(before + 1)

  // Without an uplink forwarded and other alarms may go.
  forwarder.postMessage({ kind: 'topics', topics: [] })
  await waitFor(
    'telemetry to be stored again',
    () => {
      const letGo = givenUp
      append(true)
      return givenUp === letGo && durable > 0
    },
    60_000
  )
  await log.flush()
  await log.close()
  forwarder.close()
  const told = read(log).gaps.filter(({ reason, lane }) => lane === 'telemetry' && reason === 'dropped-storage-failed')
  expect(told.reduce((sum, { countByType }) => sum + (countByType['TagMovement'] ?? 0), 0)).toBe(givenUp)
  rmSync(directory, { recursive: true })
}, 90_000)

it('drops telemetry only beyond its memory, counts it, and tells of it once', async () => {
  const directory = freshDirectory()
  const own: unknown[] = []
  const warnings: object[] = []
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    error: () => undefined,
    warn: (details: object) => void warnings.push(details)
  }
  const log = await openTestLog(directory, {
    memory: { congestedBytes: 20_000, maxWaitingBytes: 100_000 },
    onOwnEvent: ({ data }) => void own.push(data),
    logger
  })
  let durable = 0
  for (let i = 0; i < 5000; i++) log.append(movement(i), () => durable++)
  for (let i = 0; i < 1000; i++) log.append(movement(i, 'alarm'))
  expect(log.congested).toBe(true)
  await log.flush()
  expect(log.congested).toBe(false)
  await log.flush()
  await log.close()
  const { telemetry, gaps, alarms } = read(log)
  expect(telemetry).toHaveLength(durable)
  expect(durable).toBeLessThan(5000)
  expect(alarms).toHaveLength(1000)
  expect(gaps.slice(1)).toMatchObject([
    {
      lane: 'telemetry',
      reason: 'dropped-overload',
      from: null,
      to: null,
      countByType: { TagMovement: 5000 - durable },
      timeTo: movement(4999).time
    }
  ])
  // Whoever listens to the log hears of it as of all its gaps, and so does the program's log.
  expect(own).toEqual(gaps)
  const countByType = { TagMovement: 5000 - durable }
  expect(warnings.filter((details) => 'countByType' in details)).toMatchObject([
    { lane: 'telemetry', reason: 'dropped-overload', countByType }
  ])
  rmSync(directory, { recursive: true })
})
