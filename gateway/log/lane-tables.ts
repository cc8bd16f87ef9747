import type Database from 'better-sqlite3'
import { LANES, type Lane } from '../events/define-event.ts'

export interface TailRow {
  readonly last_seq: number
  readonly count: number
  readonly epoch: string
  readonly stored_at: number
  readonly crc: number
  readonly payload: Buffer
}

export interface BlockRow {
  readonly last_seq: number
  readonly count: number
  readonly epoch: string
  readonly stored_at: number
  readonly min_time: number
  readonly max_time: number
  readonly bytes: number
  readonly crc: number
  /** JSON object: events by type. */
  readonly types: string
  readonly damaged: number
}

type Statement<Parameters extends unknown[], Row = unknown> = Database.Statement<Parameters, Row>

export interface TailExtent {
  readonly events: number
  readonly first: number | null
  readonly last: number | null
}

/** Prepared statements of one lane's tables. */
export interface LaneStatements {
  readonly tailAfter: Statement<[number], TailRow>
  readonly tailKeyAfter: Statement<[number], Omit<TailRow, 'payload' | 'crc'>>
  readonly lastTail: Statement<[], { last: number | null }>
  readonly tailExtent: Statement<[number, number], TailExtent>
  readonly tailSize: Statement<[], { events: number; oldest: number | null; last: number | null }>
  readonly insertTail: Statement<[number, number, string, number, number, Uint8Array]>
  readonly deleteTail: Statement<[number, number]>
  readonly blockAfter: Statement<[number], BlockRow>
  /** Last sequence of the first block that reaches a time. */
  readonly firstReaching: Statement<[number], { last_seq: number | null }>
  /** The next block that touches a span of time: after, from, to. */
  readonly blockInTime: Statement<[number, number, number], BlockRow>
  readonly lastBlock: Statement<[], BlockRow>
  readonly blockData: Statement<[number], { data: Buffer }>
  readonly blockKeys: Statement<[number], { filter: Buffer }>
  readonly insertBlock: Statement<[number, number, string, number, number, number, number, number, string]>
  readonly insertBlockData: Statement<[number, Uint8Array]>
  readonly insertBlockKeys: Statement<[number, Uint8Array]>
  readonly deleteBlock: Statement<[number]>
  readonly deleteBlockData: Statement<[number]>
  readonly deleteBlockKeys: Statement<[number]>
  readonly markDamaged: Statement<[number]>
  readonly damagedBlocks: Statement<[], { n: number }>
}

export function laneStatements(db: Database.Database, lane: Lane): LaneStatements {
  return {
    tailAfter: db.prepare(`SELECT * FROM ${lane}_tail WHERE last_seq > ? ORDER BY last_seq LIMIT 1`),
    tailKeyAfter: db.prepare(`SELECT last_seq, count, epoch, stored_at FROM ${lane}_tail WHERE last_seq > ? ORDER BY last_seq LIMIT 1`),
    lastTail: db.prepare(`SELECT max(last_seq) AS last FROM ${lane}_tail`),
    tailExtent: db.prepare(`SELECT total(count) AS events, min(last_seq - count + 1) AS first, max(last_seq) AS last
       FROM ${lane}_tail WHERE last_seq >= ? AND last_seq <= ?`),
    tailSize: db.prepare(`SELECT total(count) AS events, min(stored_at) AS oldest, max(last_seq) AS last FROM ${lane}_tail`),
    insertTail: db.prepare(`INSERT INTO ${lane}_tail VALUES (?, ?, ?, ?, ?, ?)`),
    deleteTail: db.prepare(`DELETE FROM ${lane}_tail WHERE last_seq >= ? AND last_seq <= ?`),
    blockAfter: db.prepare(`SELECT * FROM ${lane}_block WHERE last_seq > ? ORDER BY last_seq LIMIT 1`),
    firstReaching: db.prepare(`SELECT min(last_seq) AS last_seq FROM ${lane}_block WHERE max_time >= ?`),
    // The unary plus keeps SQLite on the order of sequences: one pass over all calls.
    blockInTime: db.prepare(
      `SELECT * FROM ${lane}_block WHERE last_seq > ? AND +max_time >= ? AND +min_time <= ? ORDER BY last_seq LIMIT 1`
    ),
    lastBlock: db.prepare(`SELECT * FROM ${lane}_block ORDER BY last_seq DESC LIMIT 1`),
    blockData: db.prepare(`SELECT data FROM ${lane}_block_data WHERE last_seq = ?`),
    blockKeys: db.prepare(`SELECT filter FROM ${lane}_block_keys WHERE last_seq = ?`),
    insertBlock: db.prepare(`INSERT INTO ${lane}_block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`),
    insertBlockData: db.prepare(`INSERT INTO ${lane}_block_data VALUES (?, ?)`),
    insertBlockKeys: db.prepare(`INSERT INTO ${lane}_block_keys VALUES (?, ?)`),
    deleteBlock: db.prepare(`DELETE FROM ${lane}_block WHERE last_seq = ?`),
    deleteBlockData: db.prepare(`DELETE FROM ${lane}_block_data WHERE last_seq = ?`),
    deleteBlockKeys: db.prepare(`DELETE FROM ${lane}_block_keys WHERE last_seq = ?`),
    markDamaged: db.prepare(`UPDATE ${lane}_block SET damaged = 1 WHERE last_seq = ? AND damaged = 0`),
    damagedBlocks: db.prepare(`SELECT count(*) AS n FROM ${lane}_block WHERE damaged = 1`)
  }
}

export function byLane<T>(make: (lane: Lane) => T): Record<Lane, T> {
  const [alarm, telemetry] = LANES.map(make)
  if (alarm === undefined || telemetry === undefined) throw new RangeError('two lanes')
  return { alarm, telemetry }
}
