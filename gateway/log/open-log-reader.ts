import { statSync } from 'node:fs'
import type Database from 'better-sqlite3'
import type { Lane } from '../events/define-event.ts'
import { openDatabase } from './database.ts'
import type { EventColumns } from './event-columns.ts'
import type { LoggedEvent } from './event-log.ts'
import { byLane, type LaneStatements, laneStatements } from './lane-tables.ts'
import { decodeRun, earlier, mayHold, mayHoldKeys, nextRun, type Run } from './log-runs.ts'
import type { CursorState, DamagedRun, EventFilter, LogReader, ReadOptions, ReadResult, SetAsideRecord } from './reader-contract.ts'
import { type Origin, originsOf, startsOf } from './told-lives.ts'

/** Decoded runs kept: several topics of a lane read the same ones, one after the other. */
const KEPT_RUNS = 3

interface Connection {
  readonly db: Database.Database
  readonly inode: number
  readonly lanes: Readonly<Record<Lane, LaneStatements>>
  readonly epoch: Database.Statement<[], string>
}

/** Opens a reader on a database that exists. Reads see the last committed state; each is one short transaction. */
export function openLogReader(path: string): LogReader {
  return new SqliteLogReader(path)
}

class SqliteLogReader implements LogReader {
  readonly #path: string
  #connection: Connection
  readonly #decoded = new Map<string, EventColumns>()

  constructor(path: string) {
    this.#path = path
    this.#connection = connect(path)
  }

  /** A damaged database is set aside while in use; the reader follows to the new file. */
  #current(): Connection {
    const inode = statSync(this.#path, { throwIfNoEntry: false })?.ino
    if (inode !== undefined && inode !== this.#connection.inode) {
      const fresh = connect(this.#path)
      this.#connection.db.close()
      this.#connection = fresh
      this.#decoded.clear()
    }
    return this.#connection
  }

  read(lane: Lane, afterSequence: number, options: ReadOptions): ReadResult {
    const { db, lanes, epoch } = this.#current()
    return db.transaction(() => ({ life: epoch.get() ?? '', ...this.#read(lanes[lane], lane, afterSequence, options) }))()
  }

  #read(statements: LaneStatements, lane: Lane, afterSequence: number, options: ReadOptions): Omit<ReadResult, 'life'> {
    const events: LoggedEvent[] = []
    const damaged: DamagedRun[] = []
    const result = (scannedTo: number) => ({ events, scannedTo, ...(damaged.length === 0 ? {} : { damaged }) })
    let scannedTo = afterSequence
    let bytes = 0
    const next = runsWithin(statements, options)
    for (let run = next(scannedTo); run !== undefined; run = next(run.lastSequence)) {
      const wanted = mayHold(run, options.types) && mayHoldKeys(statements, run, options.keys)
      const columns = wanted ? this.#columns(statements, lane, run) : undefined
      if (wanted && columns === undefined && run.block?.damaged !== 1) {
        damaged.push({ lane, kind: run.kind, lastSequence: run.lastSequence })
      }
      const place = { lane, epoch: run.epoch, firstSequence: run.lastSequence - run.count + 1 }
      const start = Math.max(0, scannedTo + 1 - place.firstSequence)
      for (let i = start; columns !== undefined && i < columns.count; i++) {
        if (!fits(columns, i, options)) continue
        const event = columns.eventAt(i, place)
        bytes += event.body.length
        // The one that would go beyond the cap is left for the next time, unless it is the first.
        if (events.length >= options.maxEvents || (bytes > options.maxBytes && events.length > 0)) {
          return result(event.sequence - 1)
        }
        events.push(event)
      }
      scannedTo = run.lastSequence
    }
    return result(scannedTo)
  }

  /** Undefined: the run is damaged. */
  #columns(statements: LaneStatements, lane: Lane, run: Run): EventColumns | undefined {
    const name = `${lane} ${run.kind} ${run.epoch} ${run.lastSequence}`
    const kept = this.#decoded.get(name)
    if (kept !== undefined) return kept
    const columns = decodeRun(statements, run)
    if (columns === undefined) return undefined
    this.#decoded.set(name, columns)
    for (const oldest of this.#decoded.keys()) {
      if (this.#decoded.size <= KEPT_RUNS) break
      this.#decoded.delete(oldest)
    }
    return columns
  }

  epoch(): string {
    return this.#current().epoch.get() ?? ''
  }

  lastSequence(lane: Lane): number {
    const { db, lanes } = this.#current()
    const next = Number(db.prepare('SELECT next_seq FROM lane WHERE lane = ?').pluck().get(lane))
    const tail = lanes[lane].lastTail.get()?.last ?? 0
    return Math.max(next - 1, tail, lanes[lane].lastBlock.get()?.last_seq ?? 0)
  }

  firstSequence(lane: Lane): number {
    const run = nextRun(this.#current().lanes[lane], 0)
    return run === undefined ? this.lastSequence(lane) + 1 : run.lastSequence - run.count + 1
  }

  cursors(): readonly CursorState[] {
    return this.#current().db.prepare<[], CursorState>('SELECT lane, topic, sequence FROM cursor').all()
  }

  originOf(epoch: string): Origin | undefined {
    const lives = this.#current().db.prepare("SELECT value FROM meta WHERE name = 'lives'").pluck().get()
    return originsOf(startsOf(lives)).get(epoch)
  }

  setAside(limit: number): readonly SetAsideRecord[] {
    return this.#current()
      .db.prepare<[number], SetAsideRecord>(
        'SELECT lane, epoch, sequence, type, topic, code, why, at FROM set_aside ORDER BY id DESC LIMIT ?'
      )
      .all(limit)
  }

  close(): void {
    this.#connection.db.close()
  }
}

/** Blocks by the index of time, where that matters; the tail is short, and has none. */
function runsWithin(statements: LaneStatements, { timeFrom, timeTo }: EventFilter): (after: number) => Run | undefined {
  if (timeFrom === undefined && timeTo === undefined) return (after) => nextRun(statements, after)
  const [from, to] = [timeFrom ?? -Number.MAX_VALUE, timeTo ?? Number.MAX_VALUE]
  const first = (statements.firstReaching.get(from)?.last_seq ?? Number.MAX_SAFE_INTEGER) - 1
  return (after) => earlier(statements.blockInTime.get(Math.max(after, first), from, to), statements.tailKeyAfter.get(after))
}

function fits(columns: EventColumns, i: number, { timeFrom, timeTo, types, keys }: EventFilter): boolean {
  const time = columns.timeAt(i)
  if ((timeFrom !== undefined && time < timeFrom) || (timeTo !== undefined && time > timeTo)) return false
  if (types !== undefined && !types.has(columns.typeAt(i))) return false
  return keys === undefined || keys.has(columns.keyAt(i))
}

function connect(path: string): Connection {
  const db = openDatabase(path, { readonly: true, fileMustExist: true, timeout: 5000 })
  db.pragma('cache_size = -2048')
  const epoch = db.prepare<[], string>("SELECT value FROM meta WHERE name = 'epoch'").pluck()
  return { db, inode: statSync(path).ino, lanes: byLane((lane) => laneStatements(db, lane)), epoch }
}
