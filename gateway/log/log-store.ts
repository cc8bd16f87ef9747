/**
 * The log: all events of the gateway, appended once, in an SQLite database that only the log thread writes.
 *
 * Invariants
 * 1. Sequences of a lane are 1, 2, 3 … without a gap, given at the commit, going on over restarts and epochs of one database. An event
 *    is (epoch, lane, sequence) for ever; what is committed is never changed or renumbered.
 * 2. Whoever was told that an event is durable was told after the sync of the commit that holds it (WAL, synchronous = FULL).
 * 3. Nothing disappears untold: what is evicted, damaged, dropped or of an unknown end is named by a DataGap, written in the transaction
 *    that makes it disappear. A DataGap is itself an event of the alarm lane.
 * 4. An alarm that is not forwarded is never evicted while an uplink is configured.
 * 5. The first record of an epoch in the alarm lane is a DataGap with the end of the old one.
 * 6. An alarm waits for one step of the log thread at the most (their bounds stand in log-writer.ts): a commit of telemetry, a swap-in of
 *    one block, rows of gaps and cursors, the end of a checkpoint, or the removal of one run. On a full disk a commit of telemetry may take
 *    up to 32 removals and a checkpoint with it, and while a damaged database is being replaced everything waits. Making blocks, most of a
 *    checkpoint and checks are the packer thread's.
 *
 * Layout of the directory
 *   events.db        per lane: `tail` (a row a commit, as it came), `block` (metadata of compressed runs of up to 8 192 events),
 *                    `block_data` (their bytes, see block-codec.ts), `block_keys` (Bloom filter of their keys). A run is keyed by its last
 *                    sequence. Beside them: meta, lane, cursor, state, set_aside, open_gap (evicted, not told yet).
 *   log.mark         end of the log, rewritten after each commit; a database that is behind it is an older copy
 *   log.lives        epochs of the database and the gaps that the present one began with
 *   log.identity     written once: its inode and change time tell a copied directory
 *   log.signature    what the database file was signed with at its last opening: tells whose write-ahead log lies there after a crash
 *   log.ballast      space that gives way to alarms on a full disk
 *   log.lock         held while a program has the log open
 *   events.db.new, events.db.rescuing-<time>   while a damaged database is being replaced, see damaged-database.ts
 *   events.db.damaged-<time>, events.db-wal.foreign-<time>   what was set aside; nobody deletes it but you
 *
 * What a crash can lose
 *   killed process   what was appended and not yet committed (nobody was told it is durable); nothing else
 *   power cut        the same, if the disk keeps its promise to sync; if it does not, the missing end is told at the next opening as far
 *                    as the mark reached the disk
 *   full disk        nothing that is durable, but by the rules of retention and told; what waits in memory beyond its limit is dropped
 *                    and told: telemetry beyond 32 MiB, and alarms beyond 32 MiB, though they have the ballast before
 *   bad block        that block (8 192 events at the most), told when the thorough check or an opening finds it
 *   bad database     set aside; what can be read of the events that are not forwarded is carried over (alarms all of it, whatever ends the
 *                    program meanwhile; telemetry as far as there is room), the rest is told
 *   database deleted or put back from a copy, other hardware: a new epoch, whose first records tell what is missing
 */
import { crc32 } from 'node:zlib'
import type Database from 'better-sqlite3'
import { type GatewayEvent, LANES, type Lane } from '../events/define-event.ts'
import { dataGap } from '../events/gateway-events.ts'
import { ForwardedCursors, type ServedTopic } from './forwarded-cursors.ts'
import { addCounts, alarmBatch, type GapData, type GapStamp, gap, gapEvent, gapsOfSetAside } from './gap-events.ts'
import { byLane, type LaneStatements, laneStatements } from './lane-tables.ts'
import type { Mark, MarkFile } from './log-mark.ts'
import type { CursorState, SetAsideRecord } from './reader-contract.ts'
import type { PackedBlock, StateChange, StoredBatch } from './stored-units.ts'
import { originsOf, startsOf, withGateway } from './told-lives.ts'
import { UnforwardedGaps } from './unforwarded-gaps.ts'

/** Records in the list of those set aside, at the most; the oldest go (they are told of). */
const MAX_SET_ASIDE = 10_000

/** Where the end of the log is remembered. */
export type MarkWriter = Pick<MarkFile, 'write' | 'sync' | 'syncSoon' | 'close'>

interface LaneEnd {
  next: number
  tailEvents: number
  /** When the oldest row of the tail was stored, epoch milliseconds; null: the tail is empty. */
  tailSince: number | null
}

/**
 * The only writer of the database. Everything here is synchronous and either happens as a whole or not at all; what SQLite
 * throws (disk full, failing, damaged) goes to the caller, and nothing in memory has changed then.
 */
export class LogStore {
  readonly db: Database.Database
  readonly epoch: string
  readonly statements: Readonly<Record<Lane, LaneStatements>>
  readonly #mark: MarkWriter
  readonly #ends: Record<Lane, LaneEnd>
  readonly #forwarded: ForwardedCursors
  readonly #stamp: () => GapStamp
  readonly #onOwnEvents: (events: readonly GatewayEvent[]) => void
  /** Events that the transaction under way makes itself. */
  #ownEvents: GatewayEvent[] = []
  readonly #saveState: Database.Statement<[string, string, string]>
  readonly #deleteState: Database.Statement<[string, string]>
  readonly #unforwardedGaps: UnforwardedGaps
  /** By the mark. A transaction may tell what was held back before it. */
  #markedSafe: Readonly<Record<Lane, number>> = { alarm: 0, telemetry: 0 }
  #damagedBlocks: number

  /** `onOwnEvents` is told of the events that the log itself has made, after their commit. */
  constructor(
    db: Database.Database,
    mark: MarkWriter,
    stamp: () => GapStamp,
    onOwnEvents: (events: readonly GatewayEvent[]) => void = () => undefined
  ) {
    this.db = db
    this.#mark = mark
    this.#stamp = stamp
    this.#onOwnEvents = onOwnEvents
    this.statements = byLane((lane) => laneStatements(db, lane))
    this.epoch = this.meta('epoch') ?? ''
    this.#ends = byLane((lane) => this.#readEnd(lane))
    this.#damagedBlocks = LANES.reduce((sum, lane) => sum + (this.statements[lane].damagedBlocks.get()?.n ?? 0), 0)
    this.#forwarded = new ForwardedCursors(db, this.meta('topics'))
    this.#unforwardedGaps = new UnforwardedGaps(db)
    this.#saveState = db.prepare('INSERT OR REPLACE INTO state VALUES (?, ?, ?)')
    this.#deleteState = db.prepare('DELETE FROM state WHERE processor = ? AND key = ?')
  }

  #readEnd(lane: Lane): LaneEnd {
    const tail = this.statements[lane].tailSize.get()
    const block = this.statements[lane].lastBlock.get()
    const next = Number(this.db.prepare('SELECT next_seq FROM lane WHERE lane = ?').pluck().get(lane))
    return {
      next: Math.max(next, (tail?.last ?? 0) + 1, (block?.last_seq ?? 0) + 1),
      tailEvents: tail?.events ?? 0,
      tailSince: tail?.oldest ?? null
    }
  }

  meta(name: string): string | undefined {
    const value = this.db.prepare('SELECT value FROM meta WHERE name = ?').pluck().get(name)
    return typeof value === 'string' ? value : undefined
  }

  setMeta(name: string, value: string): void {
    this.db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(name, value)
  }

  loadState(processor: string): readonly (readonly [string, string])[] {
    return this.db.prepare<[string], [string, string]>('SELECT key, value FROM state WHERE processor = ?').raw().all(processor)
  }

  lastSequence(lane: Lane): number {
    return this.#ends[lane].next - 1
  }

  tailEvents(lane: Lane): number {
    return this.#ends[lane].tailEvents
  }

  tailSince(lane: Lane): number | null {
    return this.#ends[lane].tailSince
  }

  /** First sequence still held; last + 1 when nothing is. */
  firstSequence(lane: Lane): number {
    const block = this.statements[lane].blockAfter.get(0)
    const tail = this.statements[lane].tailAfter.get(0)
    const firsts = [block, tail].flatMap((run) => (run === undefined ? [] : [run.last_seq - run.count + 1]))
    return Math.min(this.#ends[lane].next, ...firsts)
  }

  /**
   * One transaction, one sync: batches in their order, changes of state, cursors that wait, and gaps (as events of the alarm lane,
   * after the batches of it).
   */
  commit(batches: readonly StoredBatch[], states: readonly StateChange[] = [], gaps: readonly GapData[] = []): void {
    this.#transact((put) => {
      for (const batch of batches) put(batch)
      for (const state of states) this.#putState(state)
      this.#putGaps(put, gaps)
    })
  }

  /** Remembers how far topics are forwarded; written with the next transaction. */
  advance(cursors: readonly CursorState[]): void {
    this.#forwarded.advance(cursors)
  }

  /** Cursors or topics wait for a transaction. */
  get hasPending(): boolean {
    return this.#forwarded.hasPending
  }

  cursors(): readonly CursorState[] {
    return this.#forwarded.all()
  }

  /** Lists records that Kafka will never take and tells of each once (neighbours together), in one transaction. */
  setAside(records: readonly SetAsideRecord[]): void {
    const insert = this.db.prepare(
      'INSERT OR IGNORE INTO set_aside (lane, epoch, sequence, type, topic, code, why, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
    )
    const forget = this.db.prepare('DELETE FROM set_aside WHERE id <= (SELECT max(id) FROM set_aside) - ?')
    this.#transact((put) => {
      const isNew = ({ lane, epoch, sequence, type, topic, code, why, at }: SetAsideRecord) =>
        insert.run(lane, epoch, sequence, type, topic, code, why, at).changes > 0
      const fresh = records.filter(isNew)
      forget.run(MAX_SET_ASIDE)
      this.#putGaps(put, gapsOfSetAside(fresh))
    })
  }

  /**
   * Topics that the forwarder serves; kept, so that retention knows them from the start. Empty: no uplink is configured. They hold
   * at once; where they cannot be written (it throws), they are with the next transaction.
   */
  serveTopics(topics: readonly ServedTopic[]): void {
    if (this.#forwarded.serve(topics)) this.#transact(() => undefined)
  }

  get topics(): readonly ServedTopic[] {
    return this.#forwarded.topics
  }

  /** Everything of this type in the lane up to here is forwarded. Infinite: nobody waits for it. Zero: no uplink, or nothing is. */
  forwardedTo(lane: Lane, type: string): number {
    return this.#forwarded.forwardedTo(lane, type)
  }

  /** Puts a block in the place of the tail rows it was made from. False: the tail is no longer as the packer saw it. */
  swapIn(block: PackedBlock): boolean {
    const { lane, firstSequence, lastSequence } = block
    const statements = this.statements[lane]
    const count = lastSequence - firstSequence + 1
    const extent = statements.tailExtent.get(firstSequence, lastSequence)
    if (extent?.events !== count || extent.first !== firstSequence || extent.last !== lastSequence) return false
    this.#transact(() => {
      statements.insertBlock.run(
        lastSequence,
        count,
        block.epoch,
        block.storedAt,
        block.minTime,
        block.maxTime,
        block.data.length + block.keyFilter.length,
        crc32(block.data),
        JSON.stringify(block.countByType)
      )
      statements.insertBlockData.run(lastSequence, block.data)
      statements.insertBlockKeys.run(lastSequence, block.keyFilter)
      statements.deleteTail.run(firstSequence, lastSequence)
    })
    this.#tailShrunk(lane, count)
    return true
  }

  /** Removes runs and tells what was lost with them, in one transaction. `runs` are the last sequences of blocks or tail rows. */
  remove(lane: Lane, runs: readonly { readonly lastSequence: number; readonly kind: 'block' | 'tail' }[], tell: () => void): void {
    const statements = this.statements[lane]
    let fromTail = 0
    this.#transact(() => {
      this.db.prepare('UPDATE lane SET next_seq = ? WHERE lane = ?').run(this.#ends[lane].next, lane)
      for (const { lastSequence, kind } of runs) {
        if (kind === 'tail') {
          fromTail += statements.tailExtent.get(lastSequence, lastSequence)?.events ?? 0
          statements.deleteTail.run(lastSequence, lastSequence)
        } else {
          statements.deleteBlock.run(lastSequence)
          statements.deleteBlockData.run(lastSequence)
          statements.deleteBlockKeys.run(lastSequence)
        }
      }
      tell()
    })
    this.#tailShrunk(lane, fromTail)
  }

  /** Runs `work` and appends the gaps that it returns, in one transaction. */
  tell(work: () => readonly GapData[]): void {
    this.#transact((put) => this.#putGaps(put, work()))
  }

  /** Marks a block as damaged and tells of it, once. */
  blockDamaged(lane: Lane, lastSequence: number): void {
    this.tell(() => {
      const block = this.statements[lane].blockAfter.get(lastSequence - 1)
      if (block?.last_seq !== lastSequence || this.statements[lane].markDamaged.run(lastSequence).changes === 0) return []
      const types = JSON.parse(block.types) as Record<string, number>
      this.#damagedBlocks++
      return [
        gap(lane, 'block-damaged', block.epoch, lastSequence - block.count + 1, lastSequence, {
          countByType: addCounts(types, {}),
          timeFrom: Math.round(block.min_time),
          timeTo: Math.round(block.max_time)
        })
      ]
    })
  }

  /** Blocks known to be damaged. */
  get damagedBlocks(): number {
    return this.#damagedBlocks
  }

  /** A row of the tail cannot be read: it goes, and that is told. */
  dropDamagedRow(lane: Lane, lastSequence: number): void {
    let dropped = 0
    this.tell(() => {
      const row = this.statements[lane].tailKeyAfter.get(lastSequence - 1)
      if (row?.last_seq !== lastSequence) return []
      this.db.prepare('UPDATE lane SET next_seq = ?, unbroken_from = ? WHERE lane = ?').run(this.#ends[lane].next, lastSequence + 1, lane)
      this.statements[lane].deleteTail.run(lastSequence, lastSequence)
      dropped = row.count
      const countByType = { unknown: row.count }
      return [gap(lane, 'block-damaged', row.epoch, lastSequence - row.count + 1, lastSequence, { countByType })]
    })
    this.#tailShrunk(lane, dropped)
  }

  /** The tail may be long (a packer that fails): it is not counted anew each time. */
  #tailShrunk(lane: Lane, events: number): void {
    const end = this.#ends[lane]
    end.tailEvents -= events
    end.tailSince = this.statements[lane].tailKeyAfter.get(0)?.stored_at ?? null
  }

  #putState(state: StateChange): void {
    if (state.value === undefined) this.#deleteState.run(state.processor, state.key)
    else this.#saveState.run(state.processor, state.key, state.value)
  }

  #putGaps(put: (batch: StoredBatch) => number, gaps: readonly GapData[]): void {
    if (gaps.length === 0) return
    const stamp = this.#stamp()
    const origins = originsOf(startsOf(this.meta('lives')))
    const events = gaps.map((data) => gapEvent(withGateway(data, origins, stamp.key), stamp))
    const sequence = put({ lane: 'alarm', ...alarmBatch(events) })
    this.#unforwardedGaps.add(gaps, sequence, this.#gapsForwardedTo, this.#markedSafe)
    this.#ownEvents.push(...events)
  }

  #transact(work: (put: (batch: StoredBatch) => number) => void): void {
    const next = { alarm: this.#ends.alarm.next, telemetry: this.#ends.telemetry.next }
    const storedAt = Math.floor(this.#stamp().wallMs)
    this.#ownEvents = []
    this.db
      .transaction(() => {
        work(({ lane, payload, count }) => {
          next[lane] += count
          this.statements[lane].insertTail.run(next[lane] - 1, count, this.epoch, storedAt, crc32(payload), payload)
          return next[lane] - 1
        })
        this.#forwarded.writePending()
      })
      .immediate()
    this.#forwarded.written()
    let grown = false
    for (const lane of LANES) {
      const end = this.#ends[lane]
      if (next[lane] === end.next) continue
      grown = true
      end.tailEvents += next[lane] - end.next
      end.tailSince ??= storedAt
      end.next = next[lane]
    }
    if (grown) this.writeMark()
    if (this.#ownEvents.length > 0) this.#onOwnEvents(this.#ownEvents)
  }

  /** What is safe of a lane: forwarded to all its topics, and what is missing of it told by gaps that are forwarded, too. */
  #safe(lane: Lane): number {
    return Math.min(this.#forwarded.forwardedToAll(lane), this.#unforwardedGaps.lowest(lane, this.#gapsForwardedTo) - 1)
  }

  get #gapsForwardedTo(): number {
    return this.forwardedTo('alarm', dataGap.type)
  }

  writeMark(): void {
    const lane = (name: Lane) => ({ high: this.lastSequence(name), safe: this.#markedSafe[name] })
    try {
      this.#markedSafe = byLane((name) => this.#safe(name))
      const mark: Mark = { epoch: Number(this.epoch), alarm: lane('alarm'), telemetry: lane('telemetry') }
      this.#mark.write(mark)
    } catch {
      // What is committed is committed: a mark that stays behind does no harm.
    }
  }

  syncMark(): void {
    try {
      this.#mark.sync()
    } catch {
      // As above.
    }
  }

  /** Without waiting for the disk. */
  syncMarkSoon(): void {
    this.#mark.syncSoon()
  }

  /** Bytes in pages that hold something, and in pages that can be used again. */
  bytes(): { readonly used: number; readonly reusable: number } {
    const pageBytes = Number(this.db.pragma('page_size', { simple: true }))
    const free = Number(this.db.pragma('freelist_count', { simple: true }))
    return { used: (Number(this.db.pragma('page_count', { simple: true })) - free) * pageBytes, reusable: free * pageBytes }
  }

  /** May be called again. */
  close(): void {
    try {
      this.db.close()
    } finally {
      this.#mark.close()
    }
  }
}
