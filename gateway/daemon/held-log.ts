import type { MessagePort } from 'node:worker_threads'
import type { Clock, Logger } from '../../drivers/driver.ts'
import type { GatewayEvent, Lane } from '../events/define-event.ts'
import type { DiskTrouble } from '../log/disk-trouble.ts'
import { DroppedEvents } from '../log/dropped-events.ts'
import { bodyOf } from '../log/event-body.ts'
import type { EventLog, GiveUp, LogPosition, LogStatus } from '../log/event-log.ts'
import { DiskUnusableError, LogError } from '../log/log-error.ts'
import { logPaths } from '../log/log-paths.ts'
import type { EventLogHandle } from '../log/open-event-log.ts'
import type { SavedState } from '../log/saved-state.ts'
import { answeredWithin } from './answered-within.ts'

type Gap = Parameters<EventLog['reportGap']>[0]

interface HeldEvent {
  readonly event: GatewayEvent
  readonly onDurable: (() => void) | undefined
  readonly bytes: number
}

export interface HeldLogOptions {
  readonly directory: string
  readonly clock: Clock
  readonly logger: Logger
  /** Why the log could not be opened. */
  readonly trouble: { readonly storage: DiskTrouble; readonly message: string }
  /** What the log had saved, where it can at least be read. */
  readonly saved: SavedState | undefined
  readonly open: () => Promise<EventLogHandle>
  /** An opening that is under way: its disk has not answered yet, and may do so at any time. Absent: the last one has failed. */
  readonly opening?: Promise<EventLogHandle> | undefined
  /**
   * What a log that could not even be read had saved, by processor: it is found when the log opens, and told when the log has got what was
   * held, in the same turn.
   */
  readonly onStateFound?: (found: SavedState) => void
  /** At least once a second while the log is not open: its opening is under way, and that is all the progress there can be. */
  readonly onStatus: () => void
  /** Memory by lane for what waits. Beyond it the oldest alarm goes, or the newest telemetry, and that is told. */
  readonly maxBytes?: Readonly<Record<Lane, number>>
}

const MIB = 1024 * 1024
const DEFAULT_MAX_BYTES: Readonly<Record<Lane, number>> = { alarm: 16 * MIB, telemetry: 8 * MIB }
const FIRST_RETRY_MS = 1_000
const RETRY_CAP_MS = 30_000
const STATUS_EVERY_MS = 1_000
/** Of an event beside the text of its data. */
const EVENT_BYTES = 300
const MAX_GAPS = 1_000
/** Keys come and go for as long as the disk fails: of more than this, what is to be forgotten is not remembered as such. */
const MAX_STATES = 200_000
/** A disk that does not answer must not keep the program from ending. */
const CLOSE_LIMIT_MS = 10_000

/**
 * Stands for a log that its disk does not let open, or not in time: "a full disk stops nothing but storing". What comes is held in memory
 * within limits, nobody is told that it is durable, and the opening is tried again with growing pauses (one that hangs is waited for). Then
 * the log gets what was held, alarms first, and everything goes straight to it.
 */
export class HeldLog implements EventLogHandle {
  readonly path: string
  readonly #options: HeldLogOptions
  readonly #maxBytes: Readonly<Record<Lane, number>>
  readonly #held: Record<Lane, HeldEvent[]> = { alarm: [], telemetry: [] }
  readonly #bytes: Record<Lane, number> = { alarm: 0, telemetry: 0 }
  readonly #states = new Map<string, { readonly processor: string; readonly key: string; readonly value: string | undefined }>()
  readonly #dropped: Readonly<Record<Lane, DroppedEvents>> = { alarm: new DroppedEvents(), telemetry: new DroppedEvents() }
  readonly #gaps: Gap[] = []
  readonly #opened: Promise<EventLogHandle>
  #onOpen: (log: EventLogHandle) => void = () => undefined
  /** Processors that began without what the log knows. */
  readonly #ignorant = new Set<string>()
  /** What the log had saved cannot be read before it opens. */
  readonly stateIsUnknown: boolean
  #saved: SavedState | undefined
  #trouble: HeldLogOptions['trouble']
  #log: EventLogHandle | undefined
  #retryMs = FIRST_RETRY_MS
  #retry: { cancel(): void } | undefined
  #beat: { cancel(): void } | undefined
  #opening: Promise<void> | undefined
  #closed = false

  constructor(options: HeldLogOptions) {
    this.#options = options
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
    this.#trouble = options.trouble
    this.path = logPaths(options.directory).database
    this.#opened = new Promise((resolve) => {
      this.#onOpen = resolve
    })
    this.#saved = options.saved
    this.stateIsUnknown = options.saved === undefined
    this.#sayTrouble()
    if (options.opening === undefined) this.#planRetry()
    else this.#opening = this.#finish(options.opening)
    this.#beatOn()
  }

  get epoch(): string {
    return this.#log?.epoch ?? ''
  }

  /** Nothing is held back: an alarm may come by the same way. */
  get congested(): boolean {
    return this.#log?.congested ?? false
  }

  append(event: GatewayEvent, onDurable?: () => void, giveUp?: GiveUp): void {
    if (this.#log !== undefined) {
      this.#log.append(event, onDurable, giveUp)
      return
    }
    const bytes = EVENT_BYTES + 2 * bodyOf(event).length
    const { lane } = event
    const held = this.#held[lane]
    if (lane === 'telemetry' && (giveUp?.soon === true || this.#bytes.telemetry + bytes > this.#maxBytes.telemetry)) {
      this.#dropped.telemetry.add(event, 'dropped-storage-failed')
      giveUp?.onGivenUp()
      return
    }
    held.push({ event, onDurable, bytes })
    this.#bytes[lane] += bytes
    while (this.#bytes[lane] > this.#maxBytes[lane]) {
      const oldest = held.shift()
      if (oldest === undefined) return
      this.#bytes[lane] -= oldest.bytes
      this.#dropped[lane].add(oldest.event, 'dropped-storage-failed')
    }
  }

  endDelivery(): void {
    this.#log?.endDelivery()
  }

  saveState(processor: string, key: string, value: string | undefined): void {
    if (this.#log !== undefined) this.#log.saveState(processor, key, value)
    else if (value === undefined && !this.#mayBeSaved(processor, key)) this.#states.delete(nameOf(processor, key))
    else this.#states.set(nameOf(processor, key), { processor, key, value })
  }

  /** What the log does not have need not be deleted from it. */
  #mayBeSaved(processor: string, key: string): boolean {
    return this.#saved === undefined ? this.#states.size < MAX_STATES : this.#saved.get(processor)?.has(key) === true
  }

  /** What the log knows, where it can at least be read, and what was saved since. */
  loadState(processor: string): Promise<ReadonlyMap<string, string>> {
    if (this.#log !== undefined) return this.#log.loadState(processor)
    if (this.#saved === undefined) this.#ignorant.add(processor)
    const known = new Map(this.#saved?.get(processor))
    for (const state of this.#states.values()) {
      if (state.processor !== processor) continue
      if (state.value === undefined) known.delete(state.key)
      else known.set(state.key, state.value)
    }
    return Promise.resolve(known)
  }

  reportGap(gap: Gap): void {
    if (this.#log !== undefined) this.#log.reportGap(gap)
    else if (this.#gaps.length < MAX_GAPS) this.#gaps.push(gap)
  }

  status(): LogStatus {
    if (this.#log !== undefined) return this.#log.status()
    const { storage, message } = this.#trouble
    const lane = (name: Lane) => ({ firstSequence: 1, lastSequence: 0, waiting: this.#held[name].length })
    return {
      epoch: '',
      lanes: { alarm: lane('alarm'), telemetry: lane('telemetry') },
      storage,
      storageError: `the log cannot be opened (${message}); events wait in memory, and it is tried again${this.#droppedText()}`,
      logBytes: 0,
      freeBytes: null,
      commits: 0,
      lastCommitMs: 0,
      damagedBlocks: 0
    }
  }

  #droppedText(): string {
    const { alarm, telemetry } = this.#dropped
    const parts = [`${alarm.count} alarms`, `${telemetry.count} of telemetry`].filter((part) => !part.startsWith('0 '))
    return parts.length === 0 ? '' : `; dropped for want of memory: ${parts.join(', ')}`
  }

  flush(): Promise<void> {
    if (this.#log !== undefined) return this.#log.flush()
    return this.opened().then((log) => log.flush())
  }

  mark(): Promise<LogPosition | undefined> {
    return this.#log?.mark() ?? Promise.resolve(undefined)
  }

  position(): LogPosition | undefined {
    return this.#log?.position()
  }

  /** Settles when the log is open; never, when it is closed before. */
  opened(): Promise<EventLogHandle> {
    return this.#opened
  }

  attachForwarder(): MessagePort {
    if (this.#log === undefined) throw new LogError('LOG_CLOSED', 'the log is not open yet')
    return this.#log.attachForwarder()
  }

  /** What is still held has a last try. */
  async close(): Promise<void> {
    this.#retry?.cancel()
    this.#beat?.cancel()
    const tried = await answeredWithin(this.#options.clock, CLOSE_LIMIT_MS, this.#lastTry())
    this.#closed = true
    this.#retry?.cancel()
    if (this.#log !== undefined) return this.#log.close()
    const { alarm, telemetry } = this.#held
    const dropped = { alarms: this.#dropped.alarm.count, telemetry: this.#dropped.telemetry.count }
    this.#options.logger.error(
      { alarms: alarm.length, telemetry: telemetry.length, dropped },
      'the log was never opened: what was held in memory is gone, and what was dropped before is told by this line only'
    )
    if (tried === undefined) throw new LogError('LOG_HUNG', 'the disk holds up the opening of the log, which does not end')
  }

  async #lastTry(): Promise<void> {
    await this.#opening
    this.#retry?.cancel()
    if (this.#log === undefined && !this.#closed) await this.#finish(this.#options.open())
  }

  #beatOn(): void {
    this.#beat = this.#options.clock.setTimeout(() => {
      this.#options.onStatus()
      this.#beatOn()
    }, STATUS_EVERY_MS)
  }

  #planRetry(): void {
    this.#retry = this.#options.clock.setTimeout(() => {
      this.#opening = this.#finish(this.#options.open())
    }, this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_CAP_MS)
  }

  async #finish(opening: Promise<EventLogHandle>): Promise<void> {
    try {
      const log = await opening
      const found = await this.#findState(log)
      // Too late: it was told that what was held is gone.
      if (this.#closed) await log.close()
      else this.#take(log, found)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const before = this.#trouble.message
      this.#trouble = { storage: error instanceof DiskUnusableError ? error.storage : 'failing', message }
      if (message !== before) this.#sayTrouble()
      if (!this.#closed) this.#planRetry()
    }
  }

  /** Before anything that was saved meanwhile takes its place. */
  async #findState(log: EventLogHandle): Promise<SavedState> {
    const found = new Map<string, ReadonlyMap<string, string>>()
    try {
      for (const processor of this.#ignorant) found.set(processor, await log.loadState(processor))
    } catch (error) {
      this.#options.logger.error({ error: String(error) }, 'what the log had saved could not be read; baselines begin anew')
    }
    return found
  }

  #sayTrouble(): void {
    const { message, storage } = this.#trouble
    this.#options.logger.error(
      { storage, reason: message, code: 'LOG_DISK_UNUSABLE' },
      'the log cannot be opened; the gateway runs from memory'
    )
  }

  /** All in one turn: what the processors remember is committed with the last of the alarms, never before them. */
  #take(log: EventLogHandle, found: SavedState): void {
    this.#beat?.cancel()
    this.#log = log
    const { alarm, telemetry } = this.#held
    this.#options.logger.warn({ alarms: alarm.length, telemetry: telemetry.length, epoch: log.epoch }, 'the log is open at last')
    for (const { event, onDurable } of alarm.splice(0)) log.append(event, onDurable)
    for (const { processor, key, value } of this.#states.values()) log.saveState(processor, key, value)
    this.#states.clear()
    this.#saved = undefined
    if (found.size > 0) this.#tellFound(found)
    for (const { event, onDurable } of telemetry.splice(0)) log.append(event, onDurable)
    for (const gap of this.#gaps.splice(0)) log.reportGap(gap)
    for (const lane of ['alarm', 'telemetry'] as const) {
      const dropped = this.#dropped[lane].take()
      if (dropped !== undefined) log.reportGap({ lane, ...dropped })
    }
    this.#onOpen(log)
  }

  /** The log is in use, and cannot be opened again: whatever goes wrong with this, what was held goes into it. */
  #tellFound(found: SavedState): void {
    try {
      this.#options.onStateFound?.(found)
    } catch (error) {
      this.#options.logger.error({ error: String(error) }, 'what the log had saved could not be taken up; the next start does so')
    }
  }
}

const nameOf = (processor: string, key: string): string => `${processor}\0${key}`
