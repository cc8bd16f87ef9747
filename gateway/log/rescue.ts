import { dirname } from 'node:path'
import type Database from 'better-sqlite3'
import { LANES, type Lane } from '../events/define-event.ts'
import { attempt, carryOver, type Range, taken } from './carry-over.ts'
import { kept, openDatabase } from './database.ts'
import { directoryTrouble } from './disk-trouble.ts'
import type { GapData } from './gap-events.ts'
import { byLane } from './lane-tables.ts'
import { isDamage, sqliteCode } from './log-error.ts'
import type { Memory } from './log-life.ts'
import type { Mark } from './log-mark.ts'
import { gapsByEpoch, type LifeStart, startsOf, startsUpTo } from './told-lives.ts'
import { UNFORWARDED_GAPS, UnforwardedGaps } from './unforwarded-gaps.ts'

export interface Rescue {
  /** Epoch of the damaged database, as far as it could be read. */
  readonly epoch: number | undefined
  /** What is missing: neither forwarded, as far as known, nor rescued. Undefined: the end of the old log is unknown. */
  readonly missing: readonly GapData[] | undefined
  /** Epochs whose events may have been rescued. */
  readonly starts: readonly LifeStart[]
}

/**
 * Carries what can still be read of a damaged database into the new one: state, cursors, topics, records set aside, and the events that
 * are not forwarded, under their own epoch and sequences. Every row stands alone: one that cannot be read costs only itself. But what the
 * new database does not take for want of room, or because its disk fails, is thrown: nothing is lost then, and the rescue can be tried again.
 */
export function rescue(damagedPath: string, into: Database.Database, { mark, lives }: Memory): Rescue {
  const from = openDamaged(damagedPath)
  if (from === undefined) return { epoch: undefined, missing: undefined, starts: [] }
  try {
    const epoch = Number(attempt(() => from.prepare("SELECT value FROM meta WHERE name = 'epoch'").pluck().get())) || undefined
    const gapsKnown = into.transaction(() => copySmallTables(from, into)).immediate()
    // Alarms first: what room there is is theirs.
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

/** Undefined: nothing of it can be read. Throws when that is for the disk as it is now: reading, too, takes a file in shared memory beside it. */
function openDamaged(path: string): Database.Database | undefined {
  let db: Database.Database | undefined
  try {
    db = openDatabase(path, { fileMustExist: true })
    db.prepare('SELECT count(*) FROM sqlite_master').get()
    return db
  } catch (error) {
    db?.close()
    if (isDamage(error)) return undefined
    if (/^SQLITE_IOERR(?!_SHM)/.test(sqliteCode(error)) && directoryTrouble(dirname(path)) === undefined) return undefined
    throw error
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
    const insert = into.prepare(`INSERT OR REPLACE INTO ${table} (${columns}) VALUES (${holes})`)
    const complete = eachRow(from, `SELECT ${columns} FROM ${table}`, (row) => taken(() => insert.run(...row)))
    if (table === 'open_gap' && !complete) gapsKnown = false
  }
  const put = into.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
  for (const name of ['topics', UNFORWARDED_GAPS]) {
    const found = attempt(() => ({ value: from.prepare('SELECT value FROM meta WHERE name = ?').pluck().get(name) }))
    if (typeof found?.value === 'string') put.run(name, found.value)
    if (name === UNFORWARDED_GAPS && found === undefined) gapsKnown = false
  }
  return gapsKnown
}

/** False: not all could be read, or not all was taken. */
function eachRow(from: Database.Database, query: string, take: (row: unknown[]) => boolean): boolean {
  const rows = attempt(() => kept(from.prepare<[], unknown[]>(query).raw().iterate()))
  if (rows === undefined) return false
  for (let complete = true; ; ) {
    const next = attempt(() => rows.next())
    if (next === undefined) return false
    if (next.done === true) return complete
    complete = take(next.value) && complete
  }
}

interface LaneRescue {
  /** Forwarded to every topic of the lane, by the cursors of the damaged database. */
  readonly safe: number
  /** In order. */
  readonly held: readonly Range[]
}

function rescueLane(from: Database.Database, into: Database.Database, lane: Lane): LaneRescue {
  const safe = attempt(() => safeOf(from, lane)) ?? 0
  return { safe, held: carryOver(from, into, lane, safe) }
}

function isHeld({ held }: LaneRescue, sequence: number): boolean {
  return held.some(({ first, last }) => first <= sequence && sequence <= last)
}

function safeOf(from: Database.Database, lane: Lane): number {
  const topics = from.prepare("SELECT value FROM meta WHERE name = 'topics'").pluck().get()
  const served = (typeof topics === 'string' ? (JSON.parse(topics) as { lane: Lane; topic: string }[]) : []).filter(
    (each) => each.lane === lane
  )
  const at = from.prepare('SELECT sequence FROM cursor WHERE lane = ? AND topic = ?').pluck()
  return served.length === 0 ? 0 : Math.min(...served.map(({ topic }) => Number(at.get(lane, topic) ?? 0)))
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
