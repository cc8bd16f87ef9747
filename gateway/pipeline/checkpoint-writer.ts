import type { EventLog, LogPosition } from '../log/event-log.ts'
import { chunkKey, type Head, journalKey, PIPELINE_STATE } from './pipeline-journal.ts'
import type { Snapshot } from './snapshot.ts'

/** What the checkpoints need of the log. */
export type MarkLog = Pick<EventLog, 'saveState' | 'mark' | 'position'>

/** What belongs to a snapshot beside its entries. */
export interface Begun {
  readonly snapshot: Snapshot
  readonly telemetry: number
  readonly journal: number
  readonly wallOffsetMs: number
}

const EVERY_MS = 60_000
const AT_LEAST_INPUTS = 50_000
/** Writing a key's state costs about as much as running so many events again. */
const INPUTS_PER_KEY = 20
const ENTRIES_PER_STEP = 500

interface UnderWay extends Begun {
  readonly generation: number
  position: LogPosition | 'awaited' | 'unknown'
  chunks: number
  /** `durable`: all of them are, and the head may follow. */
  pieces: 'coming' | 'written' | 'durable'
}

/**
 * Writes checkpoints, a piece at each step, so that no event waits for one. The head comes last and in a commit after all pieces: a checkpoint is whole, or
 * it is none and the one before it holds.
 */
export class CheckpointWriter {
  readonly #log: MarkLog
  #underWay: UnderWay | undefined
  #lastAtMs = 0
  #inputs = 0
  #hurry = false
  #generation = 0
  #latest: Pick<Head, 'generation' | 'chunks' | 'journal'> | undefined

  constructor(log: MarkLog) {
    this.#log = log
  }

  restore(head: Head): void {
    this.#latest = head
    this.#generation = head.generation
  }

  /** The state of a pipeline that never ran: nothing before this moment is to be run again. */
  beginFirst(nowMs: number): void {
    const position = this.#log.position()
    if (position === undefined) return
    const head: Head = { generation: 0, chunks: 0, position, nowMs, wallOffsetMs: 0, telemetry: 0, journal: 0 }
    this.#log.saveState(PIPELINE_STATE, 'head', JSON.stringify(head))
    this.#latest = head
  }

  /** One more input would have to be run again. */
  count(): void {
    this.#inputs += 1
  }

  /** The next one is due at once. */
  hurry(): void {
    this.#hurry = true
  }

  step(nowMs: number, begin: () => Begun, keys: number): void {
    if (this.#underWay === undefined && this.#isDue(nowMs, keys)) this.#begin(nowMs, begin())
    const now = this.#underWay
    if (now === undefined) return
    if (now.position === 'unknown') this.#giveUp(now)
    else if (now.pieces === 'coming') this.#writeSome(now)
    else if (now.pieces === 'durable' && now.position !== 'awaited') this.#finish(now, now.position)
  }

  #isDue(nowMs: number, keys: number): boolean {
    if (this.#hurry) return true
    if (this.#inputs === 0) return false
    return nowMs - this.#lastAtMs >= EVERY_MS || this.#inputs >= Math.max(AT_LEAST_INPUTS, keys * INPUTS_PER_KEY)
  }

  #begin(nowMs: number, begun: Begun): void {
    this.#lastAtMs = nowMs
    this.#inputs = 0
    this.#hurry = false
    this.#generation += 1
    const underWay: UnderWay = { ...begun, generation: this.#generation, position: 'awaited', chunks: 0, pieces: 'coming' }
    this.#underWay = underWay
    this.#log.mark().then(
      (position) => {
        underWay.position = position ?? 'unknown'
      },
      () => {
        underWay.position = 'unknown'
      }
    )
  }

  #writeSome(now: UnderWay): void {
    const entries = now.snapshot.take(ENTRIES_PER_STEP)
    if (entries.length === 0) {
      now.pieces = 'written'
      // The head may travel with an alarm, ahead of what waits.
      this.#log.mark().then(
        (position) => {
          if (position === undefined) now.position = 'unknown'
          else now.pieces = 'durable'
        },
        () => {
          now.position = 'unknown'
        }
      )
      return
    }
    this.#log.saveState(PIPELINE_STATE, chunkKey(now.generation, now.chunks), `[${entries.join(',')}]`)
    now.chunks += 1
  }

  #finish({ generation, chunks, snapshot, telemetry, journal, wallOffsetMs }: UnderWay, position: LogPosition): void {
    const head: Head = { generation, chunks, position, nowMs: snapshot.nowMs, wallOffsetMs, telemetry, journal }
    this.#log.saveState(PIPELINE_STATE, 'head', JSON.stringify(head))
    const latest = this.#latest
    if (latest !== undefined) {
      this.#forget(latest.generation, latest.chunks)
      for (let n = latest.journal; n < journal; n += 1) this.#log.saveState(PIPELINE_STATE, journalKey(n), undefined)
    }
    this.#latest = head
    this.#underWay = undefined
  }

  #giveUp({ generation, chunks }: UnderWay): void {
    this.#forget(generation, chunks)
    this.#underWay = undefined
  }

  #forget(generation: number, chunks: number): void {
    for (let n = 0; n < chunks; n += 1) this.#log.saveState(PIPELINE_STATE, chunkKey(generation, n), undefined)
  }
}
