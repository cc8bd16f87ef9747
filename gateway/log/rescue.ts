import { crc32 } from 'node:zlib'
import type Database from 'better-sqlite3'
import { LANES, type Lane } from '../events/define-event.ts'
import { decodeBatch } from './batch-codec.ts'
import { kept, openDatabase } from './database.ts'
import type { GapData } from './gap-events.ts'
import { type BlockRow, byLane, laneStatements, type TailRow } from './lane-tables.ts'
import type { Memory } from './log-life.ts'
import type { Mark } from './log-mark.ts'
import { gapsByEpoch, type LifeStart, startsOf, startsUpTo } from './told-lives.ts'
import { UNFORWARDED_GAPS, UnforwardedGaps } from './unforwarded-gaps.ts'

/** Telemetry beyond this is left in the damaged file: copying it would delay the start and could fill the disk. */
const MAX_TELEMETRY_BYTES = 64 * 1024 * 1024

export interface Rescue {
  /** Epoch of the damaged database, as far as it could be read. */
  readonly epoch: number | undefined
  /** What is missing: neither forwarded, as far as known, nor rescued. Undefined: the end of the old log is unknown. */
  readonly missing: readonly GapData[] | undefined
  /** Epochs whose events may have been rescued. */
  readonly starts: readonly LifeStart[]
}

interface Range {
  readonly epoch: string
  readonly first: number
  readonly last: number
}

/**
 * Carries what can still be read of a damaged database into the new one: state, cursors, topics, records set aside, and the events that
 * are not forwarded, under their own epoch and sequences. Every row stands alone: one that cannot be read costs only itself.
 */
export function rescue(damagedPath: string, into: Database.Database, { mark, lives }: Memory): Rescue {
  const from = openDamaged(damagedPath)
  if (from === undefined) return { epoch: undefined, missing: undefined, starts: [] }
  try {
    const epoch = Number(attempt(() => from.prepare("SELECT value FROM meta WHERE name = 'epoch'").pluck().get())) || undefined
    const gapsKnown = into.transaction(() => copySmallTables(from, into)).immediate()
    const ranges = byLane((lane) => rescueLane(from, into, lane))
    // Cursors that are carried over are ahead of nothing: a number below one of them would never be forwarded.
    const passed = into.prepare('SELECT coalesce(max(sequence), 0) FROM cursor WHERE lane = ?').pluck()
    const high = byLane((lane) => Math.max(mark?.[lane].high ?? 0, ranges[lane].held.at(-1)?.last ?? 0, Number(passed.get(lane))))
    const oldEpoch = epoch ?? mark?.epoch
    const remembered = attempt(() => startsIn(from)) ?? startsUpTo(oldEpoch, lives)
    const starts = withStartsOf(remembered, ranges, high)
    const raise = into.prepare('UPDATE lane SET next_seq = ?, unbroken_from = ? WHERE lane = ?')
    for (const lane of LANES) raise.run(high[lane] + 1, high[lane] + 1, lane)
    if (oldEpoch === undefined || (mark === undefined && LANES.every((lane) => high[lane] === 0)))
      return { epoch, missing: undefined, starts }
    const lostGaps = new UnforwardedGaps(into).list(ranges.alarm.safe).filter(({ sequence }) => !isHeld(ranges.alarm, sequence))
    const missing = LANES.flatMap((lane) => {
      // What a gap named that is lost itself is missing again.
      const untold = lostGaps.flatMap((gap) => (gap.lane === lane ? [gap.from - 1] : []))
      const cursors = gapsKnown || mark === undefined ? ranges[lane].safe : 0
      const safe = Math.min(Math.max(cursors, mark?.[lane].safe ?? 0), ...untold)
      return missingOf(lane, oldEpoch, starts, { ...ranges[lane], safe }, mark, high[lane])
    })
    return { epoch, missing, starts }
  } finally {
    attempt(() => from.close())
  }
}

function openDamaged(path: string): Database.Database | undefined {
  return attempt(() => {
    const db = openDatabase(path, { fileMustExist: true })
    try {
      db.prepare('SELECT count(*) FROM sqlite_master').get()
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

const SMALL_TABLES: Readonly<Record<string, string>> = {
  cursor: 'lane, topic, sequence',
  state: 'processor, key, value',
  set_aside: 'id, lane, epoch, sequence, type, topic, code, why, at',
  open_gap: 'id, begun_at, grown_at, gap'
}

/** False: it is not known what gaps were still to be told. */
function copySmallTables(from: Database.Database, into: Database.Database): boolean {
  let gapsKnown = true
  for (const [table, columns] of Object.entries(SMALL_TABLES)) {
    const holes = columns.replaceAll(/\w+/g, '?')
    const copied = attempt(() => {
      const insert = into.prepare(`INSERT OR REPLACE INTO ${table} (${columns}) VALUES (${holes})`)
      for (const row of kept(from.prepare(`SELECT ${columns} FROM ${table}`).raw().iterate())) insert.run(...(row as unknown[]))
      return true
    })
    if (table === 'open_gap' && copied === undefined) gapsKnown = false
  }
  for (const name of ['topics', UNFORWARDED_GAPS]) {
    const copied = attempt(() => {
      const value = from.prepare('SELECT value FROM meta WHERE name = ?').pluck().get(name)
      if (typeof value === 'string') into.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(name, value)
      return true
    })
    if (name === UNFORWARDED_GAPS && copied === undefined) gapsKnown = false
  }
  return gapsKnown
}

interface LaneRescue {
  /** Forwarded to every topic of the lane, by the cursors of the damaged database. */
  readonly safe: number
  /** In order. */
  readonly held: readonly Range[]
}

function rescueLane(from: Database.Database, into: Database.Database, lane: Lane): LaneRescue {
  const safe = attempt(() => safeOf(from, lane)) ?? 0
  const held: Range[] = []
  attempt(() => {
    const source = laneStatements(from, lane)
    const target = laneStatements(into, lane)
    let budget = lane === 'alarm' ? Number.POSITIVE_INFINITY : MAX_TELEMETRY_BYTES
    into
      .transaction(() => {
        for (const { last_seq } of keysAfter(from, `${lane}_block`, safe)) {
          const block = attempt(() => source.blockAfter.get(last_seq - 1))
          if (block === undefined || budget <= 0) continue
          const bytes = attempt(() => copyBlock(block, source, target))
          if (bytes === undefined) continue
          budget -= bytes
          held.push({ epoch: block.epoch, first: last_seq - block.count + 1, last: last_seq })
        }
        for (const { last_seq } of keysAfter(from, `${lane}_tail`, safe)) {
          const row = attempt(() => source.tailAfter.get(last_seq - 1))
          if (row === undefined || budget <= 0 || attempt(() => copyTail(row, target)) === undefined) continue
          budget -= row.payload.length
          held.push({ epoch: row.epoch, first: last_seq - row.count + 1, last: last_seq })
        }
      })
      .immediate()
  })
  // After an earlier rescue blocks may stand behind the tail.
  return { safe, held: held.sort((a, b) => a.first - b.first) }
}

function isHeld({ held }: LaneRescue, sequence: number): boolean {
  return held.some(({ first, last }) => first <= sequence && sequence <= last)
}

/** Keys as far as the b-tree can be walked. */
function keysAfter(from: Database.Database, table: string, after: number): { last_seq: number }[] {
  const keys: { last_seq: number }[] = []
  attempt(() => {
    const rows = from.prepare<[number], { last_seq: number }>(`SELECT last_seq FROM ${table} WHERE last_seq > ? ORDER BY last_seq`)
    for (const row of kept(rows.iterate(after))) keys.push(row)
  })
  return keys
}

function safeOf(from: Database.Database, lane: Lane): number {
  const topics = from.prepare("SELECT value FROM meta WHERE name = 'topics'").pluck().get()
  const served = (typeof topics === 'string' ? (JSON.parse(topics) as { lane: Lane; topic: string }[]) : []).filter(
    (each) => each.lane === lane
  )
  const at = from.prepare('SELECT sequence FROM cursor WHERE lane = ? AND topic = ?').pluck()
  return served.length === 0 ? 0 : Math.min(...served.map(({ topic }) => Number(at.get(lane, topic) ?? 0)))
}

type Statements = ReturnType<typeof laneStatements>

function copyBlock(block: BlockRow, source: Statements, target: Statements): number | undefined {
  const data = source.blockData.get(block.last_seq)?.data
  const filter = source.blockKeys.get(block.last_seq)?.filter
  if (data === undefined || filter === undefined || crc32(data) !== block.crc || block.damaged !== 0) return undefined
  const { last_seq, count, epoch, stored_at, min_time, max_time, bytes, crc, types } = block
  target.insertBlock.run(last_seq, count, epoch, stored_at, min_time, max_time, bytes, crc, types)
  target.insertBlockData.run(last_seq, data)
  target.insertBlockKeys.run(last_seq, filter)
  return bytes
}

function copyTail(row: TailRow, target: Statements): number | undefined {
  if (crc32(row.payload) !== row.crc || decodeBatch(row.payload).count !== row.count) return undefined
  target.insertTail.run(row.last_seq, row.count, row.epoch, row.stored_at, row.crc, row.payload)
  return row.count
}

function startsIn(from: Database.Database): readonly LifeStart[] | undefined {
  const lives = from.prepare("SELECT value FROM meta WHERE name = 'lives'").pluck().get()
  return lives === undefined ? undefined : startsOf(lives)
}

/** Together with the epochs of rescued events that nobody remembers: they begin with the first event that is held of them. */
function withStartsOf(
  remembered: readonly LifeStart[],
  rescued: Readonly<Record<Lane, LaneRescue>>,
  high: Readonly<Record<Lane, number>>
): readonly LifeStart[] {
  const known = new Set(remembered.map(({ epoch }) => epoch))
  const held = LANES.flatMap((lane) => rescued[lane].held.map(({ epoch }) => Number(epoch)))
  const forgotten = [...new Set(held)].filter((epoch) => !known.has(epoch)).sort((a, b) => a - b)
  const found = forgotten.map((epoch) => {
    const firstIn = (lane: Lane) => rescued[lane].held.find((range) => range.epoch === String(epoch))?.first ?? high[lane] + 1
    return { epoch, first: byLane(firstIn) }
  })
  return [...found, ...remembered].sort((a, b) => a.epoch - b.epoch)
}

/** The ranges between what is safe and the end that were not rescued. */
function missingOf(
  lane: Lane,
  epoch: number,
  starts: readonly LifeStart[],
  rescued: LaneRescue,
  mark: Mark | undefined,
  high: number
): GapData[] {
  const missing: GapData[] = []
  const tell = (from: number, to: number | null) => missing.push(...gapsByEpoch(lane, 'log-damaged', from, to, starts, epoch))
  let next = rescued.safe + 1
  for (const range of rescued.held) {
    if (range.first > next) tell(next, range.first - 1)
    next = Math.max(next, range.last + 1)
  }
  // Without a mark nobody knows how far the old log had come.
  if (mark === undefined) tell(next, null)
  else if (next <= high) tell(next, high)
  return missing
}
