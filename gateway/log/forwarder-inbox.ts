import { addCounts } from './gap-events.ts'
import type { LogStore } from './log-store.ts'
import type { CursorState, DamagedRun, ForwarderMessage, SetAsideRecord } from './reader-contract.ts'

/** Records set aside in one transaction, at the most: an alarm may be waiting behind it. */
const RECORDS_AT_ONCE = 500
/** Records that are told one by one. A disk may refuse for days, and what comes beyond them is counted together where it was refused alike. */
const MAX_RECORDS = 10_000
const MAX_SUMS = 1_000

type Told = Extract<ForwarderMessage, { kind: 'advance' | 'set-aside' | 'damaged' }>

/**
 * What the forwarder passes over must be told before the cursor passes it: whatever kills the program in between, the forwarder
 * comes to the record again. So cursors wait here while something is to be told. What was said of another life of the log is ignored:
 * its numbers belong to other events here.
 */
export class ForwarderInbox {
  #records: SetAsideRecord[] = []
  /** By lane, life, topic and code: what came when there were too many. */
  readonly #sums = new Map<string, SetAsideRecord>()
  /** What waits may wait for long, and the forwarder goes on: each run and each topic is here once. */
  readonly #damaged = new Map<string, DamagedRun>()
  readonly #cursors = new Map<string, CursorState>()

  /** Something is to be told. */
  get waits(): boolean {
    return this.#records.length > 0 || this.#sums.size > 0 || this.#damaged.size > 0
  }

  add(message: Told, store: Pick<LogStore, 'advance' | 'epoch'>): void {
    if (message.kind === 'set-aside') for (const record of message.records) this.#setAside(record)
    else if (message.epoch !== store.epoch) return
    else if (message.kind === 'damaged')
      for (const run of message.runs) this.#damaged.set(`${run.lane} ${run.kind} ${run.lastSequence}`, run)
    else if (this.waits) for (const cursor of message.cursors) this.#cursors.set(`${cursor.lane} ${cursor.topic}`, cursor)
    else store.advance(message.cursors)
  }

  /** Tells, then lets the cursors go on. Throws what SQLite throws; then everything still waits, and telling it again is harmless. */
  write(store: Pick<LogStore, 'advance' | 'setAside' | 'blockDamaged' | 'dropDamagedRow'>): void {
    const records = this.#records.slice(0, RECORDS_AT_ONCE)
    if (records.length > 0) store.setAside(records)
    this.#records = this.#records.slice(records.length)
    if (this.#records.length === 0 && this.#sums.size > 0) {
      store.setAside([...this.#sums.values()])
      this.#sums.clear()
    }
    for (const { lane, kind, lastSequence } of this.#damaged.values()) {
      if (kind === 'block') store.blockDamaged(lane, lastSequence)
      else store.dropDamagedRow(lane, lastSequence)
    }
    this.#damaged.clear()
    if (this.waits) return
    store.advance([...this.#cursors.values()])
    this.#cursors.clear()
  }

  #setAside(record: SetAsideRecord): void {
    if (this.#records.length < MAX_RECORDS && this.#sums.size === 0) {
      this.#records.push(record)
      return
    }
    const { code, epoch, lane, sequence, topic, type } = record
    const named = `${lane} ${epoch} ${topic} ${code}`
    // Codes are a handful; should they not be, the last sum takes the rest of the lane and life.
    const name = this.#sums.has(named) || this.#sums.size < MAX_SUMS ? named : `${lane} ${epoch}`
    const sum = this.#sums.get(name)
    this.#sums.set(name, {
      ...record,
      sequence: Math.max(sequence, sum?.sequence ?? sequence),
      from: Math.min(sequence, sum?.from ?? sequence),
      countByType: addCounts(sum?.countByType ?? {}, { [type]: 1 })
    })
  }

  /** Another log lies in the place of the old one: its numbers mean nothing there. */
  forgetNumbers(): void {
    this.#damaged.clear()
    this.#cursors.clear()
  }
}
