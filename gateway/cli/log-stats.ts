import { statSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { LANES, type Lane } from '../events/define-event.ts'
import { openDatabase } from '../log/database.ts'
import { openLogReader } from '../log/open-log-reader.ts'
import type { CursorState, LogReader, SetAsideRecord } from '../log/reader-contract.ts'

export interface LaneStats {
  readonly lane: Lane
  readonly firstSequence: number
  readonly lastSequence: number
  readonly blocks: number
  readonly blockBytes: number
  readonly damagedBlocks: number
  /** Events not yet in blocks. */
  readonly tailEvents: number
  readonly oldestTime: number | null
  readonly newestTime: number | null
}

export interface LogStats {
  readonly database: string
  /** Of the last event; null while there is none. */
  readonly epoch: string | null
  readonly bytes: number
  readonly lanes: readonly LaneStats[]
  /** How far each topic has come, and how many events it still waits for. */
  readonly cursors: readonly (CursorState & { readonly backlog: number })[]
  readonly setAside: readonly SetAsideRecord[]
}

const SET_ASIDE_SHOWN = 100

export function readLogStats(database: string): LogStats {
  const reader = openLogReader(database)
  const db = openDatabase(database, { readonly: true, fileMustExist: true, timeout: 5000 })
  try {
    const lanes = LANES.map((lane) => laneStats(db, reader, lane))
    const last = lanes
      .map(({ lane, lastSequence }) => reader.read(lane, lastSequence - 1, { maxEvents: 1, maxBytes: 1 }).events[0])
      .filter((event) => event !== undefined)
      .toSorted((a, b) => a.receivedAt - b.receivedAt)
      .at(-1)
    return {
      database,
      epoch: last?.epoch ?? null,
      bytes: sizeOf(database) + sizeOf(`${database}-wal`),
      lanes,
      cursors: reader.cursors().map((cursor) => ({
        ...cursor,
        backlog: Math.max(0, (lanes.find(({ lane }) => lane === cursor.lane)?.lastSequence ?? 0) - cursor.sequence)
      })),
      setAside: reader.setAside(SET_ASIDE_SHOWN)
    }
  } finally {
    db.close()
    reader.close()
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

interface BlockSums {
  readonly blocks: number
  readonly bytes: number
  readonly damaged: number
  readonly oldest: number | null
  readonly newest: number | null
}

function laneStats(db: Database.Database, reader: LogReader, lane: Lane): LaneStats {
  const sums = db
    .prepare<[], BlockSums>(
      `SELECT count(*) AS blocks, total(bytes) AS bytes, total(damaged) AS damaged, min(min_time) AS oldest, max(max_time) AS newest FROM ${lane}_block`
    )
    .get()
  const tail = db.prepare<[], { events: number }>(`SELECT total(count) AS events FROM ${lane}_tail`).get()
  const lastSequence = reader.lastSequence(lane)
  const firstSequence = reader.firstSequence(lane)
  const timeOf = (sequence: number) => reader.read(lane, sequence - 1, { maxEvents: 1, maxBytes: 1 }).events[0]?.time ?? null
  return {
    lane,
    firstSequence,
    lastSequence,
    blocks: sums?.blocks ?? 0,
    blockBytes: sums?.bytes ?? 0,
    damagedBlocks: sums?.damaged ?? 0,
    tailEvents: tail?.events ?? 0,
    oldestTime: sums?.oldest ?? timeOf(firstSequence),
    newestTime: timeOf(lastSequence) ?? sums?.newest ?? null
  }
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
const moment = (time: number | null) => (time === null ? '-' : new Date(time).toISOString())

export function formatStats(stats: LogStats): string {
  const lines = [`log      ${stats.database}`, `epoch    ${stats.epoch ?? '-'}`, `on disk  ${mebibytes(stats.bytes)}`, '']
  for (const lane of stats.lanes) {
    const damaged = lane.damagedBlocks === 0 ? '' : `, ${lane.damagedBlocks} damaged`
    lines.push(
      `${lane.lane}`,
      `  sequences  ${lane.lastSequence < lane.firstSequence ? 'none held' : `${lane.firstSequence} to ${lane.lastSequence}`}`,
      `  times      ${moment(lane.oldestTime)} to ${moment(lane.newestTime)}`,
      `  blocks     ${lane.blocks} (${mebibytes(lane.blockBytes)}${damaged}), and ${lane.tailEvents} events not yet in one`
    )
  }
  lines.push('', stats.cursors.length === 0 ? 'no topics: nothing was forwarded from this log yet' : 'topics (how far, still waiting)')
  for (const { lane, topic, sequence, backlog } of stats.cursors) lines.push(`  ${topic} (${lane}): ${sequence}, ${backlog}`)
  if (stats.setAside.length > 0) lines.push('', 'set aside, never acceptable to Kafka')
  for (const record of stats.setAside)
    lines.push(`  ${moment(record.at)} ${record.type} ${record.lane}/${record.sequence} for ${record.topic}: ${record.code} ${record.why}`)
  return `${lines.join('\n')}\n`
}
