import { rmSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import { openDatabase } from './database.ts'
import type { LoggedEvent } from './event-log.ts'
import { freshDirectory, movement, openTestLog } from './log-test-support.ts'
import type { EventLogHandle } from './open-event-log.ts'
import { openLogReader } from './open-log-reader.ts'
import type { EventFilter } from './reader-contract.ts'
import { TURN_EVENTS } from './threaded-log.ts'

const opened: EventLogHandle[] = []
const directories: string[] = []

async function open(directory = freshDirectory()): Promise<EventLogHandle> {
  directories.push(directory)
  const log = await openTestLog(directory)
  opened.push(log)
  return log
}

afterEach(async () => {
  for (const log of opened.splice(0)) await log.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

function readAll(log: EventLogHandle, lane: 'alarm' | 'telemetry'): readonly LoggedEvent[] {
  const reader = openLogReader(log.path)
  try {
    return reader.read(lane, 0, { maxEvents: 1e9, maxBytes: 1e9 }).events
  } finally {
    reader.close()
  }
}

it('numbers events without a gap, tells when they are durable in order, and goes on after reopening', async () => {
  const directory = freshDirectory()
  const first = await open(directory)
  const durable: number[] = []
  for (let i = 0; i < 5000; i++) first.append(movement(i), () => durable.push(i))
  first.append(movement(0, 'alarm'))
  await first.flush()
  expect(durable).toEqual(Array.from({ length: 5000 }, (_, i) => i))
  const { epoch } = first
  await first.close()

  const second = await open(directory)
  expect(second.epoch).toBe(epoch)
  for (let i = 5000; i < 5010; i++) second.append(movement(i))
  await second.flush()
  const events = readAll(second, 'telemetry')
  expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 5010 }, (_, i) => i + 1))
  expect(events.map(({ body }) => JSON.parse(body).n)).toEqual(Array.from({ length: 5010 }, (_, i) => i))
  const { data: _, ...expected } = movement(77)
  expect(events[77]).toMatchObject({ ...expected, epoch, sequence: 78 })
  expect(readAll(second, 'alarm').map(({ type, sequence }) => [type, sequence])).toEqual([
    ['DataGap', 1],
    ['TagAlert', 2]
  ])
})

it('keeps an event whose data are not JSON without them, and its neighbours to the letter', async () => {
  const log = await open()
  const circle: Record<string, unknown> = { name: 'first' }
  circle['self'] = circle
  const data = [{ text: 'é "x"' }, circle, { n: 1n }, { y: -0.5, at: new Date(0), none: undefined }]
  for (const each of data) log.append({ ...movement(1), data: each })
  await log.flush()
  const bodies = readAll(log, 'telemetry').map(({ body }) => body)
  expect([bodies[0], bodies[3]]).toEqual([JSON.stringify(data[0]), JSON.stringify(data[3])])
  for (const body of [bodies[1], bodies[2]])
    expect(JSON.parse(body ?? '')).toEqual({ extra: { not_json: expect.stringContaining('TypeError') } })
})

it('says where both lanes ended at a mark, however events of both wait and are committed together', async () => {
  const directory = freshDirectory()
  const log = await open(directory)
  const begun = log.position()
  expect(begun).toEqual({ epoch: log.epoch, alarm: 1, telemetry: 0 })
  const appended = { alarm: 1, telemetry: 0 }
  const marks: Promise<unknown>[] = []
  const expected: unknown[] = []
  for (let i = 0; i < 400; i++) {
    const lane = i % 7 === 3 ? 'alarm' : 'telemetry'
    // Bursts of many, and state alone that a later alarm takes along.
    for (let n = i % 31 === 0 ? 700 : i % 3; n > 0; n--) {
      log.append(movement(i, lane))
      appended[lane] += 1
    }
    if (i % 5 === 0) log.saveState('test', 'key', String(i))
    if (i % 2 === 0) {
      marks.push(log.mark())
      expected.push({ epoch: log.epoch, ...appended })
    }
    if (i % 11 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await Promise.all(marks)).toEqual(expected)
  expect(await log.mark()).toEqual({ epoch: log.epoch, ...appended })
  expect(log.position()).toEqual({ epoch: log.epoch, ...appended })
  await log.close()
  const again = await open(directory)
  expect(again.position()).toEqual({ epoch: log.epoch, ...appended })
  expect(await again.mark()).toEqual({ epoch: log.epoch, ...appended })
  expect(await log.mark()).toBeUndefined()
})

it('shows what is durable at once', async () => {
  const log = await open()
  for (let round = 1; round <= 3; round++) {
    log.append(movement(round))
    await log.flush()
    expect(log.status().lanes.telemetry).toMatchObject({ lastSequence: round, waiting: 0 })
  }
})

it('settles everything that waits when its thread dies, and says so', async () => {
  const directory = freshDirectory()
  directories.push(directory)
  const deaths: Error[] = []
  const log = await openTestLog(directory, { onFatal: (error) => deaths.push(error) })
  opened.push(log)
  const port = log.attachForwarder()
  // What no forwarder sends.
  port.postMessage({ kind: 'set-aside', records: 5 })
  for (let i = 0; i < 50_000; i++) log.append(movement(i))
  const flushed = await log.flush().then(
    () => 'durable',
    () => 'failed'
  )
  await waitFor('the death', () => deaths.length > 0)
  port.close()
  expect(flushed).toBe('failed')
  expect(log.status().storage).toBe('failing')
  await expect(log.flush()).rejects.toThrow()
  // It ends soon; until then nothing is gathered that nobody will write.
  const { waiting } = log.status().lanes.alarm
  for (let i = 0; i < 10_000; i++) log.append(movement(i, 'alarm'))
  expect(log.status().lanes.alarm.waiting).toBe(waiting)
  expect(log.status().storageError).toMatch(/has died .* with \d+ alarms and \d+ of telemetry not durable/)
})

it('holds no more alarms than its memory while the disk takes none, and tells how many it could not hold', async () => {
  const directory = freshDirectory()
  directories.push(directory)
  const memory = { congestedBytes: 20_000, maxWaitingBytes: 100_000, maxAlarmBytes: 50_000 }
  const log = await openTestLog(directory, { memory })
  opened.push(log)
  for (let i = 0; i < 5_000; i++) log.append(movement(i, 'alarm'))
  const held = log.status().lanes.alarm.waiting
  expect(held).toBeLessThan(1_000)
  await log.flush()
  await waitFor('the gap', () => log.status().lanes.alarm.lastSequence > held + 1)
  const reader = openLogReader(log.path)
  const { events } = reader.read('alarm', 0, { maxEvents: 10_000, maxBytes: 1e7 })
  reader.close()
  const alarms = events.filter(({ type }) => type === 'TagAlert')
  const gaps = events.flatMap(({ body, type }) => (type === 'DataGap' ? [JSON.parse(body) as { lane: string; countByType: object }] : []))
  expect(alarms).toHaveLength(held)
  expect(gaps.at(-1)).toMatchObject({ lane: 'alarm', reason: 'dropped-overload', countByType: { TagAlert: 5_000 - held } })
})

/** Waits without giving anybody else on this thread a turn. */
function waitHere(what: string, until: () => boolean): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let left = 20_000; !until(); left--) {
    if (left === 0) throw new Error(`in vain: ${what}`)
    Atomics.wait(pause, 0, 0, 1)
  }
}

it('commits deliveries while the same run of code goes on, an alarm at the end of its own', async () => {
  const log = await open()
  const reader = openLogReader(log.path)
  for (let i = 0; i < TURN_EVENTS; i++) {
    log.append(movement(i))
    log.endDelivery()
  }
  waitHere('telemetry', () => reader.lastSequence('telemetry') === TURN_EVENTS)
  const alarms = reader.lastSequence('alarm')
  log.append(movement(0, 'alarm'))
  log.endDelivery()
  waitHere('the alarm', () => reader.lastSequence('alarm') === alarms + 1)
  reader.close()
})

it('tells what is durable without waiting for the event loop', async () => {
  const log = await open()
  let durable = 0
  let rounds = 0
  await new Promise<void>((resolve, reject) => {
    const round = () => {
      if (durable > 0) return resolve()
      if (++rounds > 20_000) return reject(new Error('nothing was told'))
      log.append(movement(rounds), () => durable++)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
      process.nextTick(round)
    }
    setImmediate(round)
  })
  await log.flush()
  expect(durable).toBe(rounds)
})

it('keeps one promise for all who wait for the same events', async () => {
  const log = await open()
  log.append(movement(1, 'alarm'))
  const first = log.flush()
  expect(log.flush()).toBe(first)
  log.append(movement(2))
  expect(log.flush()).not.toBe(first)
  await first
  await log.flush()
})

it('keeps state of a processor with the events of its turn', async () => {
  const directory = freshDirectory()
  const first = await open(directory)
  first.saveState('edges', 'a', '1')
  first.saveState('edges', 'b', '2')
  first.append(movement(1))
  await first.flush()
  first.saveState('edges', 'b', undefined)
  first.saveState('edges', 'a', '3')
  first.append(movement(2, 'alarm'))
  await first.flush()
  first.saveState('other', 'c', '4')
  await first.close()
  const second = await open(directory)
  expect([...(await second.loadState('edges'))]).toEqual([['a', '3']])
  expect([...(await second.loadState('other'))]).toEqual([['c', '4']])
})

it('refuses a second program on the same log', async () => {
  const log = await open()
  await expect(openTestLog(directories[0] ?? '')).rejects.toMatchObject({ code: 'LOG_IN_USE' })
  log.append(movement(1))
  await log.flush()
})

it('gives readers pages of events, by type and by size', async () => {
  const log = await open()
  for (let i = 0; i < 100; i++) {
    log.append(movement(i))
    log.append({ ...movement(i), type: 'TagInfo' })
  }
  await log.flush()
  const reader = openLogReader(log.path)
  const page = reader.read('telemetry', 10, { types: new Set(['TagInfo']), maxEvents: 3, maxBytes: 1e6 })
  expect(page.events.map(({ sequence }) => sequence)).toEqual([12, 14, 16])
  expect(page.scannedTo).toBe(17)
  expect(reader.read('telemetry', 0, { maxEvents: 100, maxBytes: 1 }).events).toHaveLength(1)
  expect(reader.read('telemetry', 0, { types: new Set(['None']), maxEvents: 1, maxBytes: 1 })).toEqual({
    life: log.epoch,
    events: [],
    scannedTo: 200
  })
  expect(reader.lastSequence('telemetry')).toBe(200)
  expect(reader.firstSequence('telemetry')).toBe(1)
  const found = reader.read('telemetry', 0, {
    timeFrom: movement(5).time,
    timeTo: movement(20).time,
    keys: new Set(['sim:0007']),
    maxEvents: 10,
    maxBytes: 1e6
  })
  expect(found.events.map(({ sequence, type }) => [sequence, type])).toEqual([
    [15, 'TagMovement'],
    [16, 'TagInfo'],
    [35, 'TagMovement'],
    [36, 'TagInfo']
  ])
  reader.close()
})

it('finds events by time, type and key in blocks and tail alike', async () => {
  const directory = freshDirectory()
  directories.push(directory)
  const log = await openTestLog(directory)
  for (let i = 0; i < 20_000; i++) log.append(movement(i))
  await log.flush()
  await waitFor('blocks are packed', () => openAndCount(log.path) >= 1)
  await log.close()
  const reader = openLogReader(log.path)
  for (const [first, last] of [
    [0, 40],
    [8180, 8200],
    [19_980, 19_999],
    [3, 19_990]
  ] as const) {
    const found = reader.read('telemetry', 0, {
      timeFrom: movement(first).time,
      timeTo: movement(last).time,
      keys: new Set(['sim:0003']),
      types: new Set(['TagMovement']),
      ...ALL
    })
    const expected = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((n) => n % 10 === 3)
    expect(found.events.map(({ body }) => JSON.parse(body).n)).toEqual(expected)
  }
  expect(reader.read('telemetry', 0, { timeFrom: movement(20_001).time, ...ALL }).events).toEqual([])
  reader.close()
})

it('opens no block that cannot hold what is wanted, by time, type or key', async () => {
  const directory = freshDirectory()
  directories.push(directory)
  const log = await openTestLog(directory)
  for (let i = 0; i < 20_000; i++) log.append(movement(i))
  await log.flush()
  await waitFor('blocks are packed', () => openAndCount(log.path) >= 2)
  await log.close()
  // An opened block would be seen to be damaged.
  const db = openDatabase(log.path)
  const [first, last] = db.prepare('SELECT last_seq FROM telemetry_block ORDER BY last_seq').pluck().all().slice(0, 2) as number[]
  db.prepare("UPDATE telemetry_block_data SET data = x'00' WHERE last_seq <> ?").run(last)
  db.close()
  const reader = openLogReader(log.path)
  const damaged = (filter: EventFilter) =>
    reader.read('telemetry', 0, { ...filter, ...ALL }).damaged?.map(({ lastSequence }) => lastSequence)
  expect(damaged({})).toContain(first)
  expect(damaged({ keys: new Set(['sim:0003']) })).toContain(first)
  expect(damaged({ keys: new Set(['nobody']) })).toBeUndefined()
  expect(damaged({ types: new Set(['TagInfo']) })).toBeUndefined()
  const within = { timeFrom: movement(first ?? 0).time, timeTo: movement((first ?? 0) + 99).time }
  expect(damaged(within)).toBeUndefined()
  expect(reader.read('telemetry', 0, { ...within, ...ALL }).events).toHaveLength(100)
  reader.close()
})

const ALL = { maxEvents: 1e6, maxBytes: 1e9 }

function openAndCount(path: string): number {
  const db = openDatabase(path, { readonly: true })
  try {
    return Number(db.prepare('SELECT count(*) FROM telemetry_block').pluck().get())
  } finally {
    db.close()
  }
}

it('commits state with the events of its turn, also when another commit comes in before the turn is over', async () => {
  const log = await open()
  const db = openDatabase(log.path, { readonly: true })
  const saved = db.prepare("SELECT value FROM state WHERE processor = 'edges'").pluck()
  const late: number[] = []
  await new Promise<void>((resolve) => {
    const step = (n: number): void => {
      if (n === 400) {
        resolve()
        return
      }
      log.saveState('edges', 'a', String(n))
      log.append(movement(n, 'alarm'), () => {
        if (Number(saved.get()) < n) late.push(n)
        step(n + 1)
      })
      // Their commits fall into turns of the next step.
      log.append(movement(n))
      setImmediate(() => log.append(movement(n)))
    }
    step(0)
  })
  db.close()
  expect(late).toEqual([])
})
