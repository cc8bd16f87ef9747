import type { Lane } from '../events/define-event.ts'
import type { StorageState } from './event-log.ts'
import { LogError } from './log-error.ts'
import type { ThreadStatus } from './log-messages.ts'

/**
 * The log thread says something at least once a second, whatever it fails at. One that is silent for so long is held up by its disk
 * (a dead mount, a card that does not answer), or replaces a large damaged database: nothing is stored meanwhile.
 */
const SILENT_MS = 5_000
/** A full or failing disk on which no telemetry was committed for so long takes none. */
const STANDSTILL_MS = 1_000

/** The log thread as seen from the main thread: what it said last, and whether it says anything. */
export class ThreadView {
  readonly #nowMs: () => number
  #status: ThreadStatus | undefined
  #heardAtMs: number
  #telemetryCommittedMs = Number.NEGATIVE_INFINITY
  #isOver = false

  /** `nowMs`: monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#heardAtMs = nowMs()
  }

  /** Undefined: the log is not open. */
  get status(): ThreadStatus | undefined {
    const status = this.#status
    if (status === undefined || !this.#isSilent) return status
    const silentS = Math.round((this.#nowMs() - this.#heardAtMs) / 1_000)
    return { ...status, storage: 'failing', storageError: `the disk has not answered for ${silentS} s; what comes waits in memory` }
  }

  get storage(): StorageState | undefined {
    return this.#isSilent ? 'failing' : this.#status?.storage
  }

  get #isSilent(): boolean {
    return this.#status !== undefined && !this.#isOver && this.#nowMs() - this.#heardAtMs > SILENT_MS
  }

  /** It has posted its status. */
  said(status: ThreadStatus): void {
    this.#status = status
    this.#heardAtMs = this.#nowMs()
  }

  /** What is told to be durable is so in the status, too, which comes less often. */
  committed(lane: Lane, lastSequence: number): void {
    const status = this.#status
    this.#heardAtMs = this.#nowMs()
    if (lane === 'telemetry') this.#telemetryCommittedMs = this.#heardAtMs
    if (status !== undefined) this.#status = { ...status, lanes: { ...status.lanes, [lane]: { ...status.lanes[lane], lastSequence } } }
  }

  /** It will say nothing more. `error`: why nothing is stored any more; absent: it was closed. */
  ended(error?: string): void {
    this.#isOver = true
    if (error !== undefined && this.#status !== undefined) this.#status = { ...this.#status, storage: 'failing', storageError: error }
  }

  /** On a full disk telemetry is still committed as long as there is something older to make room, and not every failure concerns it. */
  storesNothing(): boolean {
    const { storage } = this
    return storage !== undefined && storage !== 'ok' && this.#nowMs() - this.#telemetryCommittedMs > STANDSTILL_MS
  }

  /** Throws a LogError when the log is not open. */
  known(): ThreadStatus {
    const { status } = this
    if (status === undefined) throw new LogError('LOG_CLOSED', 'the log is not open')
    return status
  }
}
