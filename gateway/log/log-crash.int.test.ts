import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, copyFileSync, openSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Lane } from '../events/define-event.ts'
import { BatchBuilder } from './batch-builder.ts'
import { openDatabase } from './database.ts'
import type { LoggedEvent } from './event-log.ts'
import type { GapData } from './gap-events.ts'
import { MarkFile } from './log-mark.ts'
import { freshDirectory, movement, openTestLog } from './log-test-support.ts'
import { migrate } from './migrations.ts'
import { openLogReader } from './open-log-reader.ts'
import { openLogStore } from './open-log-store.ts'
import { Packer } from './packer.ts'
import type { ForwarderMessage } from './reader-contract.ts'

const directories: string[] = []

function directory(): string {
  const path = freshDirectory()
  directories.push(path)
  return path
}

afterEach(() => {
  for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true })
})

function readLane(path: string, lane: Lane): readonly LoggedEvent[] {
  const reader = openLogReader(join(path, 'events.db'))
  try {
    return reader.read(lane, 0, { maxEvents: 1e9, maxBytes: 1e9 }).events
  } finally {
    reader.close()
  }
}

function gapsIn(path: string): GapData[] {
  return readLane(path, 'alarm')
    .filter(({ type }) => type === 'DataGap')
    .map(({ body }) => JSON.parse(body) as GapData)
}

/** Starts a child that appends as fast as it can and reports what is durable; kills it after `events` of them. */
async function appendUntilKilled(path: string, first: number, events: number): Promise<number> {
  const child: ChildProcess = fork(fileURLToPath(new URL('./log-crash-child.js', import.meta.url)), [path, String(first)])
  let durable = -1
  child.on('message', (n: number) => {
    durable = n
  })
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  try {
    await waitFor('the child has appended', () => durable - first >= events)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
  return durable
}

const KILLS = Number(process.env['TAGWARD_LOG_KILLS'] ?? 3)

it('keeps all that was durable when it is killed, and begins no new epoch', async () => {
  const path = directory()
  let durable = -1
  for (let kill = 0; kill < KILLS; kill++) durable = await appendUntilKilled(path, durable + 1, 500 + Math.floor(Math.random() * 20_000))
  const log = await openTestLog(path)
  await log.close()
  expect(gapsIn(path).map(({ reason }) => reason)).toEqual(['log-created'])
  const events = readLane(path, 'telemetry')
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1))
  const there = new Set(events.map(({ body }) => JSON.parse(body).n as number))
  expect(Array.from({ length: durable + 1 }, (_, n) => n).filter((n) => !there.has(n))).toEqual([])
}, 60_000)

describe('a database that is bad', () => {
  const EVENTS = 20_000

  /** A log with blocks and a tail, closed in good order. */
  function logWithBlocks(): string {
    const path = directory()
    const { store } = openLogStore({ directory: path, stamp, machineId: 'machine1' })
    for (let first = 0; first < EVENTS; first += 1000) {
      const builder = new BatchBuilder()
      for (let i = first; i < first + 1000; i++) builder.add(movement(i), JSON.stringify(movement(i).data))
      store.commit([{ lane: 'telemetry', payload: builder.finish(), count: builder.count }])
    }
    const alarm = new BatchBuilder()
    alarm.add(movement(1, 'alarm'), JSON.stringify(movement(1, 'alarm').data))
    store.commit([{ lane: 'alarm', payload: alarm.finish(), count: 1 }])
    const packer = new Packer(store.db)
    for (
      let outcome = packer.pack('telemetry');
      outcome.kind === 'packed' && store.tailEvents('telemetry') > 8192;
      outcome = packer.pack('telemetry')
    ) {
      store.swapIn(outcome.block)
    }
    store.close()
    return path
  }

  const stamp = () => ({ key: 'gw1', bootId: 'b', clockQuality: 'synchronised' as const, wallMs: Date.now(), monotonicMs: 1 })

  function flipInBlock(path: string): number {
    const db = openDatabase(join(path, 'events.db'))
    const row = db.prepare('SELECT last_seq, data FROM telemetry_block_data ORDER BY last_seq LIMIT 1').get() as {
      last_seq: number
      data: Buffer
    }
    row.data[row.data.length >> 1] = (row.data[row.data.length >> 1] ?? 0) ^ 0x10
    db.prepare('UPDATE telemetry_block_data SET data = ? WHERE last_seq = ?').run(row.data, row.last_seq)
    db.close()
    return row.last_seq
  }

  it('tells once of a block that goes bad while in use and that a reader finds, before the cursor passes it', async () => {
    const path = logWithBlocks()
    const log = await openTestLog(path)
    const last = flipInBlock(path)
    const reader = openLogReader(log.path)
    const { damaged, events } = reader.read('telemetry', 0, { maxEvents: 10, maxBytes: 1e6 })
    expect(damaged).toEqual([{ lane: 'telemetry', kind: 'block', lastSequence: last }])
    expect(events[0]?.sequence).toBe(last + 1)
    const port = log.attachForwarder()
    for (let time = 0; time < 2; time++)
      port.postMessage({ kind: 'damaged', epoch: log.epoch, runs: damaged ?? [] } satisfies ForwarderMessage)
    const cursors = [{ lane: 'telemetry', topic: 'tag-movement', sequence: last + 10 }] as const
    port.postMessage({ kind: 'advance', epoch: log.epoch, cursors } satisfies ForwarderMessage)
    await waitFor('the cursor', () => reader.cursors().length > 0)
    expect(gapsIn(path).filter(({ reason }) => reason === 'block-damaged')).toMatchObject([{ from: 1, to: last }])
    // Nobody is told again.
    expect(reader.read('telemetry', 0, { maxEvents: 10, maxBytes: 1e6 }).damaged).toBeUndefined()
    reader.close()
    port.close()
    await log.close()
  })

  it('skips a damaged block, reads the rest and tells of it once', async () => {
    const path = logWithBlocks()
    const last = flipInBlock(path)
    for (let opening = 0; opening < 2; opening++) await (await openTestLog(path)).close()
    expect(gapsIn(path).filter(({ reason }) => reason === 'block-damaged')).toMatchObject([
      { lane: 'telemetry', from: 1, to: last, countByType: { TagMovement: last } }
    ])
    const events = readLane(path, 'telemetry')
    expect([events[0]?.sequence, events.at(-1)?.sequence, events.length]).toEqual([last + 1, EVENTS, EVENTS - last])
  })

  it('finds a damaged block by the thorough check, however old it is, and a damaged row of the tail when packing', () => {
    const path = logWithBlocks()
    const { store } = openLogStore({ directory: path, stamp, machineId: 'machine1' })
    const packer = new Packer(store.db)
    const check = () => {
      const unsound: number[] = []
      for (let outcome = packer.checkNext(); outcome !== 'end'; outcome = packer.checkNext())
        if (!outcome.sound) unsound.push(outcome.lastSequence)
      return unsound
    }
    expect(check()).toEqual([])
    const last = flipInBlock(path)
    expect(check()).toEqual([last])
    store.blockDamaged('telemetry', last)
    store.blockDamaged('telemetry', last)
    expect(store.damagedBlocks).toBe(1)
    expect(check()).toEqual([])
    store.db.exec('UPDATE telemetry_tail SET payload = zeroblob(100) WHERE last_seq = (SELECT min(last_seq) FROM telemetry_tail)')
    const outcome = packer.pack('telemetry')
    if (outcome.kind !== 'damaged-row') throw new TypeError(outcome.kind)
    store.dropDamagedRow('telemetry', outcome.lastSequence)
    expect(packer.pack('telemetry').kind).toBe('packed')
    store.close()
    const told = gapsIn(path).filter(({ reason }) => reason === 'block-damaged')
    expect(told).toMatchObject([
      { from: 1, to: last },
      { from: outcome.lastSequence - 999, to: outcome.lastSequence, countByType: { unknown: 1000 } }
    ])
  })

  it('goes on in a new database when the old one turns out to be damaged in use', async () => {
    const path = logWithBlocks()
    const log = await openTestLog(path)
    const vandal = openDatabase(join(path, 'events.db'))
    vandal.unsafeMode()
    vandal.pragma('writable_schema = ON')
    vandal.prepare("UPDATE sqlite_master SET sql = 'no sql at all' WHERE name = 'telemetry_tail'").run()
    vandal.pragma('schema_version = 4711')
    vandal.close()
    let durable = 0
    log.append(movement(1), () => durable++)
    log.append(movement(2, 'alarm'), () => durable++)
    await log.flush()
    expect(durable).toBe(2)
    await log.close()
    expect(readdirSync(path).filter((name) => name.includes('damaged'))).not.toEqual([])
    expect(readLane(path, 'telemetry').map(({ body }) => JSON.parse(body).n)).toEqual([1])
    expect(gapsIn(path)).toMatchObject([
      { reason: 'log-damaged', lane: 'alarm', from: 1, to: 2 },
      { reason: 'log-damaged', lane: 'telemetry', from: 1, to: EVENTS }
    ])
  })

  it('sets aside a file that is no database, and goes on above the mark', async () => {
    const path = logWithBlocks()
    writeFileSync(join(path, 'events.db'), 'not a database at all'.repeat(1000))
    const log = await openTestLog(path)
    log.append(movement(0))
    await log.flush()
    await log.close()
    expect(readdirSync(path).filter((name) => name.startsWith('events.db.damaged-'))).not.toEqual([])
    expect(gapsIn(path)).toMatchObject([
      { reason: 'log-damaged', lane: 'alarm', from: 1, to: 2 },
      { reason: 'log-damaged', lane: 'telemetry', from: 1, to: EVENTS }
    ])
  })

  it('rescues what a broken database still gives, under its own epoch and numbers', async () => {
    const path = logWithBlocks()
    const before = readLane(path, 'telemetry')
    const db = openDatabase(join(path, 'events.db'))
    // A break in the sequences: the quick check must see it.
    const next = db.prepare('SELECT last_seq, count FROM telemetry_block ORDER BY last_seq LIMIT 1 OFFSET 1').get() as {
      last_seq: number
      count: number
    }
    db.prepare('DELETE FROM telemetry_block WHERE last_seq = ?').run(next.last_seq)
    db.close()
    const log = await openTestLog(path)
    log.append(movement(EVENTS))
    await log.flush()
    const { epoch } = log
    await log.close()
    const events = readLane(path, 'telemetry')
    const lost = [next.last_seq - next.count + 1, next.last_seq] as const
    expect(events.slice(0, -1)).toEqual(before.filter(({ sequence }) => sequence < lost[0] || sequence > lost[1]))
    expect(events.at(-1)).toMatchObject({ epoch, sequence: EVENTS + 1 })
    expect(gapsIn(path)).toMatchObject([
      { reason: 'log-created' },
      { reason: 'log-damaged', lane: 'telemetry', from: lost[0], to: lost[1], epoch: before[0]?.epoch }
    ])
    expect(readLane(path, 'alarm').filter(({ type }) => type === 'TagAlert')).toHaveLength(1)
  })

  it.each(['truncated', 'overwritten'])('opens in any case when the file is %s, and loses nothing silently', async (how) => {
    const path = logWithBlocks()
    const file = join(path, 'events.db')
    const { size } = statSync(file)
    if (how === 'truncated') truncateSync(file, Math.floor(size / 2 / 8192) * 8192)
    else {
      const descriptor = openSync(file, 'r+')
      for (let at = 8192; at < size; at += 16 * 8192) writeSync(descriptor, Buffer.alloc(4096, 0xa5), 0, 4096, at)
      closeSync(descriptor)
    }
    await (await openTestLog(path)).close()
    const there = new Set(readLane(path, 'telemetry').map(({ sequence }) => sequence))
    const gaps = gapsIn(path).filter(({ lane }) => lane === 'telemetry')
    const told = (n: number) => gaps.some(({ from, to }) => (from ?? 0) <= n && n <= (to ?? n))
    expect(Array.from({ length: EVENTS }, (_, i) => i + 1).filter((n) => !there.has(n) && !told(n))).toEqual([])
  })

  it('begins a new epoch for an older copy, and for one without its write-ahead log', async () => {
    const path = logWithBlocks()
    copyFileSync(join(path, 'events.db'), join(path, 'copy.db'))
    const log = await openTestLog(path)
    for (let i = 0; i < 100; i++) log.append(movement(i))
    await log.flush()
    const { epoch } = log
    await log.close()
    copyFileSync(join(path, 'copy.db'), join(path, 'events.db'))
    const restored = await openTestLog(path)
    expect(Number(restored.epoch)).toBeGreaterThan(Number(epoch))
    await restored.close()
    expect(gapsIn(path).at(-1)).toMatchObject({ reason: 'log-restored', lane: 'telemetry', epoch, from: EVENTS + 1, to: EVENTS + 100 })
  })

  it('begins a new epoch on other hardware', async () => {
    const path = logWithBlocks()
    const log = await openTestLog(path, { machineId: 'machine2' })
    await log.close()
    expect(gapsIn(path).filter(({ reason }) => reason === 'log-moved')).toMatchObject([
      { lane: 'alarm', from: 3, to: null },
      { lane: 'telemetry', from: EVENTS + 1, to: null }
    ])
  })

  it('refuses a database of a newer program and leaves it as it is', async () => {
    const path = logWithBlocks()
    const db = openDatabase(join(path, 'events.db'))
    db.pragma('user_version = 99')
    db.close()
    await expect(openTestLog(path)).rejects.toMatchObject({ code: 'LOG_NEWER' })
    const again = openDatabase(join(path, 'events.db'))
    expect(again.pragma('user_version', { simple: true })).toBe(99)
    expect(again.prepare('SELECT count(*) FROM telemetry_block').pluck().get()).toBeGreaterThan(0)
    again.close()
  })
})

it('applies migrations once, however often it is asked', () => {
  const db = openDatabase(':memory:', {})
  migrate(db)
  const schema = db.prepare('SELECT sql FROM sqlite_master ORDER BY name').all()
  db.prepare("UPDATE lane SET next_seq = 7 WHERE lane = 'alarm'").run()
  migrate(db)
  expect(db.prepare('SELECT sql FROM sqlite_master ORDER BY name').all()).toEqual(schema)
  expect(db.prepare("SELECT next_seq FROM lane WHERE lane = 'alarm'").pluck().get()).toBe(7)
  db.close()
})

it('reads the newer slot of the mark, and the older one when that is torn', () => {
  const path = join(directory(), 'log.mark')
  const lane = (high: number) => ({ high, safe: 1 })
  const mark = (high: number) => ({ epoch: 5, alarm: lane(high), telemetry: lane(high) })
  const file = new MarkFile(path)
  expect(file.read()).toBeUndefined()
  for (const high of [1, 2, 3]) file.write(mark(high))
  expect(file.read()).toEqual(mark(3))
  file.close()
  const descriptor = openSync(path, 'r+')
  // Serial 3 lies in the second slot.
  writeSync(descriptor, Buffer.alloc(8, 0xff), 0, 8, 512 + 24)
  closeSync(descriptor)
  const torn = new MarkFile(path)
  expect(torn.read()).toEqual(mark(2))
  torn.write(mark(4))
  expect(torn.read()).toEqual(mark(4))
  torn.close()
})
