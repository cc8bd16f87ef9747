import { crc32 } from 'node:zlib'
import type Database from 'better-sqlite3'
import { LANES, type Lane } from '../events/define-event.ts'
import { type OpenBatch, openBatch } from './batch-codec.ts'
import { encodeBlock } from './block-codec.ts'
import { keyFilter } from './key-filter.ts'
import { byLane, type LaneStatements, laneStatements, type TailRow } from './lane-tables.ts'
import { isDamage } from './log-error.ts'
import { blockIsSound } from './log-integrity.ts'
import type { PackedBlock } from './stored-units.ts'

/** Events in a block, at the most; more would make a look-up costly, fewer would compress worse. */
export const BLOCK_EVENTS = 8192

const NO_INDEXES = new Uint16Array(0)

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
    const batches: OpenBatch[] = []
    for (const row of rows) {
      const batch = openRow(row)
      if (batch === undefined) return { kind: 'damaged-row', lastSequence: row.last_seq }
      batches.push(batch)
    }
    const last = rows.at(-1) ?? first
    const block: PackedBlock = {
      lane,
      epoch: first.epoch,
      firstSequence: first.last_seq - first.count + 1,
      lastSequence: last.last_seq,
      storedAt: last.stored_at,
      ...blockFacts(batches),
      data: encodeBlock(batches)
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

/** Undefined: it is damaged. */
function openRow(row: TailRow): OpenBatch | undefined {
  if (crc32(row.payload) !== row.crc) return undefined
  try {
    const batch = openBatch(row.payload)
    return batch.count === row.count ? batch : undefined
  } catch {
    return undefined
  }
}

function blockFacts(batches: readonly OpenBatch[]): Pick<PackedBlock, 'minTime' | 'maxTime' | 'countByType' | 'keyFilter'> {
  const keys = new Set<string>()
  const countByType = new Map<string, number>()
  let minTime = Number.POSITIVE_INFINITY
  let maxTime = Number.NEGATIVE_INFINITY
  for (const { columns, time, words } of batches) {
    const [types = NO_INDEXES, ownKeys = NO_INDEXES] = columns
    for (const [index, count] of countsOf(types, words.length)) {
      const type = words[index] ?? ''
      countByType.set(type, (countByType.get(type) ?? 0) + count)
    }
    for (const [index] of countsOf(ownKeys, words.length)) keys.add(words[index] ?? '')
    for (let i = 0; i < time.length; i++) {
      const at = time[i] ?? 0
      if (at < minTime) minTime = at
      if (at > maxTime) maxTime = at
    }
  }
  return { minTime, maxTime, countByType: Object.fromEntries(countByType), keyFilter: keyFilter(keys) }
}

/** The words that occur in a column, and how often. */
function countsOf(indexes: Uint16Array, words: number): [number, number][] {
  const counts = new Uint32Array(words)
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] ?? 0
    counts[index] = (counts[index] ?? 0) + 1
  }
  const found: [number, number][] = []
  for (const [index, count] of counts.entries()) if (count > 0) found.push([index, count])
  return found
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
