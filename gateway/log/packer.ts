import { crc32 } from 'node:zlib'
import type Database from 'better-sqlite3'
import { LANES, type Lane } from '../events/define-event.ts'
import { decodeBatch } from './batch-codec.ts'
import { encodeBlock } from './block-codec.ts'
import type { LoggedEvent } from './event-log.ts'
import { keyFilter } from './key-filter.ts'
import { byLane, type LaneStatements, laneStatements, type TailRow } from './lane-tables.ts'
import { isDamage } from './log-error.ts'
import { blockIsSound } from './log-integrity.ts'
import type { PackedBlock } from './stored-units.ts'

/** Events in a block, at the most; more would make a look-up costly, fewer would compress worse. */
export const BLOCK_EVENTS = 8192

export type PackOutcome =
  | { readonly kind: 'packed'; readonly block: PackedBlock }
  | { readonly kind: 'nothing' }
  /** A row of the tail cannot be read: nothing in it can be saved. */
  | { readonly kind: 'damaged-row'; readonly lastSequence: number }

export type CheckOutcome = { readonly lane: Lane; readonly lastSequence: number; readonly sound: boolean } | 'end'

/** Makes blocks from the tail and reads blocks through, on a connection of its own. Writes nothing. */
export class Packer {
  readonly #lanes: Readonly<Record<Lane, LaneStatements>>
  readonly #read: <T>(work: () => T) => T
  #checkLane: Lane = 'alarm'
  #checkedTo = 0

  constructor(db: Database.Database) {
    this.#lanes = byLane((lane) => laneStatements(db, lane))
    this.#read = (work) => db.transaction(work)()
  }

  /** A block of the oldest rows of the tail that follow each other in one epoch. */
  pack(lane: Lane): PackOutcome {
    const rows = this.#read(() => this.#rows(lane))
    const [first] = rows
    if (first === undefined) return { kind: 'nothing' }
    const events: LoggedEvent[] = []
    const keys = new Set<string>()
    const countByType = new Map<string, number>()
    for (const row of rows) {
      if (!decodeRow(row, lane, events)) return { kind: 'damaged-row', lastSequence: row.last_seq }
    }
    let minTime = Number.POSITIVE_INFINITY
    let maxTime = Number.NEGATIVE_INFINITY
    for (const { key, type, time } of events) {
      keys.add(key)
      countByType.set(type, (countByType.get(type) ?? 0) + 1)
      minTime = Math.min(minTime, time)
      maxTime = Math.max(maxTime, time)
    }
    const last = rows.at(-1) ?? first
    const block: PackedBlock = {
      lane,
      epoch: first.epoch,
      firstSequence: first.last_seq - first.count + 1,
      lastSequence: last.last_seq,
      storedAt: last.stored_at,
      minTime,
      maxTime,
      countByType: Object.fromEntries(countByType),
      data: encodeBlock(events),
      keyFilter: keyFilter(keys)
    }
    return { kind: 'packed', block }
  }

  #rows(lane: Lane): TailRow[] {
    const rows: TailRow[] = []
    let events = 0
    for (let at = 0; ; ) {
      const row = this.#lanes[lane].tailAfter.get(at)
      const before = rows.at(-1)
      if (row === undefined) return rows
      if (before !== undefined && (events + row.count > BLOCK_EVENTS || !follows(before, row))) return rows
      rows.push(row)
      events += row.count
      at = row.last_seq
    }
  }

  /** Checks the next block's bytes; `end` after the last one, and then from the start again. Throws what SQLite throws, but for damage. */
  checkNext(): CheckOutcome {
    // One look: a block that is evicted between two would seem to have lost its bytes.
    return this.#read(() => this.#checkNext())
  }

  #checkNext(): CheckOutcome {
    const lane = this.#checkLane
    const statements = this.#lanes[lane]
    const block = statements.blockAfter.get(this.#checkedTo)
    if (block !== undefined) {
      const sound = block.damaged !== 0 || isSound(statements, block.last_seq, block.crc)
      this.#checkedTo = block.last_seq
      return { lane, lastSequence: block.last_seq, sound }
    }
    this.#checkedTo = 0
    this.#checkLane = LANES.find((other) => other !== lane) ?? lane
    return lane === 'telemetry' ? 'end' : this.#checkNext()
  }
}

function follows(before: TailRow, row: TailRow): boolean {
  return row.epoch === before.epoch && row.last_seq - row.count === before.last_seq
}

function decodeRow(row: TailRow, lane: Lane, into: LoggedEvent[]): boolean {
  if (crc32(row.payload) !== row.crc) return false
  try {
    const columns = decodeBatch(row.payload)
    const place = { lane, epoch: row.epoch, firstSequence: row.last_seq - row.count + 1 }
    if (columns.count !== row.count) return false
    for (let i = 0; i < columns.count; i++) into.push(columns.eventAt(i, place))
    return true
  } catch {
    return false
  }
}

/** A chain of pages that cannot be followed is damage of this block, not of the database. */
function isSound(statements: LaneStatements, lastSequence: number, crc: number): boolean {
  try {
    return blockIsSound(statements, lastSequence, crc)
  } catch (error) {
    if (!isDamage(error)) throw error
    return false
  }
}
