import fs, { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import Database from 'better-sqlite3'
import { LANES, type Lane } from '../events/define-event.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { LoggedEvent } from './event-log.ts'
import type { GapData, GapStamp } from './gap-events.ts'
import { byLane } from './lane-tables.ts'
import { logPaths } from './log-paths.ts'
import type { LogStore } from './log-store.ts'
import { bulkyMovement } from './log-test-support.ts'
import { openLogReader } from './open-log-reader.ts'
import { openLogStore } from './open-log-store.ts'

/** What the tests of rescues share. Not part of the program. */

const EVENTS_PER_COMMIT = 100
const PAGE_BYTES = 8192
const PROBE_BYTES = 4096

export function damagedStamp(): GapStamp {
  return { key: 'gw1', bootId: 'b', clockQuality: 'synchronised', wallMs: 1_790_000_000_000, monotonicMs: 1 }
}

function append(store: LogStore, lane: Lane, first: number, count: number): void {
  for (let at = first; at < first + count; at += EVENTS_PER_COMMIT) {
    const builder = new BatchBuilder()
    for (let i = at; i < Math.min(at + EVENTS_PER_COMMIT, first + count); i++) {
      const event = { ...bulkyMovement(i), lane, type: lane === 'alarm' ? 'TagAlert' : 'TagMovement' }
      builder.add(event, JSON.stringify(event.data))
    }
    store.commit([{ lane, payload: builder.finish(), count: builder.count }])
  }
}

/**
 * A log that was killed, in which nothing is forwarded and one page is bad: so many events (each of about 800 bytes), the last alarm of
 * which is in the write-ahead log only.
 */
export function makeDamagedLog(directory: string, counts: Readonly<Record<Lane, number>>): void {
  const { database } = logPaths(directory)
  const { store } = openLogStore({ directory, stamp: damagedStamp, machineId: 'm' })
  store.serveTopics(['TagAlert', 'DataGap'].map((type) => ({ lane: 'alarm', topic: `t.${type}`, type })))
  store.commit([], [{ processor: 'sos', key: 'tag', value: 'pressed' }])
  append(store, 'telemetry', 0, counts.telemetry)
  append(store, 'alarm', 0, counts.alarm - 1)
  store.db.pragma('wal_checkpoint(TRUNCATE)')
  const root = store.db.prepare("SELECT rootpage FROM sqlite_master WHERE name = 'telemetry_block'").pluck().get()
  append(store, 'alarm', counts.alarm - 1, 1)
  const files = [database, `${database}-wal`].map((path) => ({ path, bytes: readFileSync(path) }))
  store.close()
  for (const { path, bytes } of files) writeFileSync(path, bytes)
  const descriptor = openSync(database, 'r+')
  writeSync(descriptor, Buffer.alloc(PAGE_BYTES, 0x5a), 0, PAGE_BYTES, (Number(root) - 1) * PAGE_BYTES)
  closeSync(descriptor)
}

export interface Found {
  /** Numbers, as they were appended. */
  readonly numbers: Readonly<Record<Lane, readonly number[]>>
  /** Those of the alarm lane that tell of damage. */
  readonly gaps: readonly GapData[]
}

export function findIn(directory: string): Found {
  const reader = openLogReader(logPaths(directory).database)
  const all = { maxEvents: 1e9, maxBytes: 1e9 }
  const events: Record<Lane, readonly LoggedEvent[]> = byLane((lane) => reader.read(lane, 0, all).events)
  reader.close()
  const numbers = byLane((lane) => events[lane].filter(({ type }) => type !== 'DataGap').map(({ body }) => JSON.parse(body).n as number))
  const gaps = LANES.flatMap((lane) => events[lane].filter(({ type }) => type === 'DataGap')).map(({ body }) => JSON.parse(body) as GapData)
  return { numbers, gaps: gaps.filter(({ reason }) => reason === 'log-damaged') }
}

/**
 * As on a disk with a quota that is used up for rows of one table: SQLite says "I/O error" for it, and the system EDQUOT when a small file is
 * tried. `mayWrite` is asked for each row.
 */
export function withQuota(table: string, mayWrite: () => boolean, work: () => void): void {
  const memory = new Database(':memory:')
  const statements = Object.getPrototypeOf(memory.prepare('SELECT 1')) as { run: (...values: unknown[]) => unknown }
  memory.close()
  const { run } = statements
  const { writeSync } = fs
  let usedUp = false
  statements.run = function (this: Database.Statement, ...values: unknown[]): unknown {
    if (this.source.startsWith(`INSERT INTO ${table}`)) {
      usedUp = !mayWrite()
      if (usedUp) throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_WRITE' })
    }
    return run.apply(this, values)
  }
  const write = (descriptor: number, bytes: Buffer, ...where: [number?, number?, number?]): number => {
    if (usedUp && bytes.length === PROBE_BYTES) throw Object.assign(new Error('EDQUOT: disk quota exceeded'), { code: 'EDQUOT' })
    return writeSync(descriptor, bytes, ...where)
  }
  Object.assign(fs, { writeSync: write })
  syncBuiltinESMExports()
  try {
    work()
  } finally {
    statements.run = run
    Object.assign(fs, { writeSync })
    syncBuiltinESMExports()
  }
}
