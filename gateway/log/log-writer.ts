import { statfsSync, statSync } from 'node:fs'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type ClockQuality, LANES, type Lane } from '../events/define-event.ts'
import type { StorageState } from './event-log.ts'
import type { GapStamp } from './gap-events.ts'
import { byLane } from './lane-tables.ts'
import { isDamage, isFull } from './log-error.ts'
import type { CommitUnit, FromLogThread, LogThreadSettings, StateEntry, ThreadStatus } from './log-messages.ts'
import { logPaths } from './log-paths.ts'
import type { LogStore } from './log-store.ts'
import { openLogStore } from './open-log-store.ts'
import type { ForwarderMessage, LogMessage } from './reader-contract.ts'

const HOUSEKEEPING_MS = 250
const RETRY_MS = 500

/**
 * The log thread's work: takes units, alarms first, commits each in a transaction of its own, and keeps house in between. Nothing
 * that a disk does is thrown out of here: it becomes the storage state, and what could not be written waits and is tried again.
 */
export class LogWriter {
  readonly #settings: LogThreadSettings
  readonly #ports: Readonly<Record<Lane, MessagePort>>
  readonly #post: (message: FromLogThread) => void
  readonly #databasePath: string
  readonly #queues: Readonly<Record<Lane, CommitUnit[]>> = { alarm: [], telemetry: [] }
  readonly #forwarders = new Set<MessagePort>()
  readonly #asides: Extract<ForwarderMessage, { kind: 'set-aside' }>[] = []
  /** Turns in which state overtook waiting telemetry; see `#overtaken`. */
  readonly #express = new Map<string, number>()
  #store: LogStore
  #clockQuality: ClockQuality
  #storage: StorageState = 'ok'
  #storageError: string | undefined
  #retryAt = 0
  #scheduled = false
  #commits = 0
  #lastCommitMs = 0
  #postedStatus = ''
  readonly #timer: NodeJS.Timeout

  constructor(settings: LogThreadSettings, ports: Readonly<Record<Lane, MessagePort>>, post: (message: FromLogThread) => void) {
    this.#settings = settings
    this.#ports = ports
    this.#post = post
    this.#clockQuality = settings.clockQuality
    this.#databasePath = logPaths(settings.directory).database
    this.#store = this.#open((newLife, setAsideAs, store) => {
      this.#store = store
      post({ kind: 'opened', status: this.#status(), newLife, setAsideAs })
    })
    for (const lane of LANES) {
      ports[lane].on('message', (unit: CommitUnit) => {
        this.#queues[lane].push(unit)
        this.#work()
      })
    }
    this.#timer = setInterval(() => this.#keepHouse(), HOUSEKEEPING_MS)
  }

  #open(opened: (newLife: string | undefined, setAsideAs: string | undefined, store: LogStore) => void): LogStore {
    const { directory, machineId, maxPages } = this.#settings
    const { store, newLife, setAsideAs } = openLogStore({
      directory,
      stamp: () => this.#stamp(),
      ...(machineId === undefined ? {} : { machineId }),
      ...(maxPages === undefined ? {} : { maxPages })
    })
    opened(newLife?.reason, setAsideAs, store)
    return store
  }

  #stamp(): GapStamp {
    const { gatewayId, bootId, monotonicOffsetMs } = this.#settings
    const monotonicMs = Number(process.hrtime.bigint()) / 1e6 + monotonicOffsetMs
    return { key: gatewayId, bootId, clockQuality: this.#clockQuality, wallMs: Date.now(), monotonicMs }
  }

  attachForwarder(port: MessagePort): void {
    this.#forwarders.add(port)
    port.on('close', () => this.#forwarders.delete(port))
    port.on('message', (message: ForwarderMessage) => this.#onForwarder(message))
    port.postMessage(this.#committedMessage())
  }

  #onForwarder(message: ForwarderMessage): void {
    switch (message.kind) {
      case 'advance':
        this.#store.advance(message.cursors)
        break
      case 'set-aside':
        this.#asides.push(message)
        this.#work()
        break
      case 'topics':
        this.#guard(() => this.#store.serveTopics(message.topics))
    }
  }

  #committedMessage(): LogMessage {
    return { kind: 'committed', alarm: this.#store.lastSequence('alarm'), telemetry: this.#store.lastSequence('telemetry') }
  }

  loadState(processor: string): readonly (readonly [string, string])[] {
    return this.#store.db.prepare('SELECT key, value FROM state WHERE processor = ?').raw().all(processor) as [string, string][]
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#work()
    })
  }

  /** One transaction, alarms first; what remains is done in the next turn, so that messages get through in between. */
  #work(): void {
    this.#drain('alarm')
    const { alarm, telemetry } = this.#queues
    if (alarm.length > 0) this.#commit('alarm', [...alarm])
    else if (this.#asides.length > 0) this.#setAside()
    else if (telemetry[0] !== undefined && performance.now() >= this.#retryAt) this.#commit('telemetry', [telemetry[0]])
    if (performance.now() < this.#retryAt) return
    if (alarm.length > 0 || telemetry.length > 0 || this.#asides.length > 0) this.#schedule()
  }

  #drain(lane: Lane): void {
    for (let got = receiveMessageOnPort(this.#ports[lane]); got !== undefined; got = receiveMessageOnPort(this.#ports[lane])) {
      this.#queues[lane].push(got.message as CommitUnit)
    }
  }

  #commit(lane: Lane, units: readonly CommitUnit[]): void {
    const started = performance.now()
    this.#clockQuality = units.at(-1)?.clockQuality ?? this.#clockQuality
    const states = units.flatMap((unit) => (lane === 'alarm' ? unit.states : this.#overtaken(unit.states)))
    const batches = units.filter((unit) => unit.count > 0)
    if (!this.#guard(() => this.#store.commit(batches, states))) return
    this.#queues[lane].splice(0, units.length)
    if (lane === 'alarm') for (const { processor, key, turn } of states) this.#express.set(`${processor}\0${key}`, turn)
    this.#commits++
    this.#lastCommitMs = performance.now() - started
    const lastSequence = this.#store.lastSequence(lane)
    for (const { id } of units) this.#post({ kind: 'committed', lane, id, lastSequence })
    this.#tellForwarders()
  }

  /** Leaves out state that is older than what an alarm has carried past it. */
  #overtaken(states: readonly StateEntry[]): readonly StateEntry[] {
    if (this.#express.size === 0 || states.length === 0) return states
    const newer = states.filter(({ processor, key, turn }) => (this.#express.get(`${processor}\0${key}`) ?? 0) <= turn)
    const oldest = Math.min(...states.map(({ turn }) => turn))
    for (const [name, turn] of this.#express) if (turn < oldest) this.#express.delete(name)
    return newer
  }

  #setAside(): void {
    const records = this.#asides.flatMap((message) => message.records)
    if (!this.#guard(() => this.#store.setAside(records))) return
    this.#asides.length = 0
    this.#tellForwarders()
  }

  #tellForwarders(): void {
    const message = this.#committedMessage()
    for (const port of this.#forwarders) port.postMessage(message)
  }

  /** Runs what writes; false: the disk did not let it, and the storage state says why. */
  #guard(write: () => void): boolean {
    try {
      write()
      if (this.#storage !== 'ok') {
        this.#storage = 'ok'
        this.#storageError = undefined
        this.#note('info', 'the log can be written again', {})
      }
      this.#retryAt = 0
      return true
    } catch (error) {
      this.#failed(error)
      return false
    }
  }

  #failed(error: unknown): void {
    this.#retryAt = performance.now() + RETRY_MS
    const storage = isFull(error) ? 'full' : 'failing'
    const text = error instanceof Error ? error.message : String(error)
    if (storage !== this.#storage || text !== this.#storageError) {
      this.#storage = storage
      this.#storageError = text
      this.#note('error', 'the log cannot be written', { storage, error: text })
      this.#postStatus()
    }
    if (isDamage(error)) this.#reopen()
  }

  /** The database turned out to be damaged while in use: it is closed, checked, and set aside if it does not pass. */
  #reopen(): void {
    try {
      this.#store.close()
      this.#store = this.#open((newLife, setAsideAs, store) => {
        this.#store = store
        this.#note('error', 'the database was damaged and reopened', { newLife, setAsideAs })
      })
    } catch (error) {
      this.#note('error', 'the log cannot be reopened', { error: String(error) })
    }
  }

  #note(level: 'info' | 'warn' | 'error', message: string, details: Record<string, unknown>): void {
    this.#post({ kind: 'note', level, message, details })
  }

  #keepHouse(): void {
    if (this.#store.hasPendingCursors) this.#guard(() => this.#store.commit([]))
    this.#store.writeMark()
    this.#store.syncMark()
    this.#work()
    this.#postStatus()
  }

  #postStatus(): void {
    const status = this.#status()
    const text = JSON.stringify(status)
    if (text === this.#postedStatus) return
    this.#postedStatus = text
    this.#post({ kind: 'status', status })
  }

  #status(): ThreadStatus {
    const store = this.#store
    const disk = statfsSync(this.#settings.directory)
    const wal = statSync(`${this.#databasePath}-wal`, { throwIfNoEntry: false })
    return {
      epoch: store.epoch,
      lanes: byLane((lane) => ({ lastSequence: store.lastSequence(lane), firstSequence: store.firstSequence(lane) })),
      storage: this.#storage,
      storageError: this.#storageError,
      logBytes: store.usedBytes(wal?.size ?? 0),
      freeBytes: disk.bavail * disk.bsize,
      commits: this.#commits,
      lastCommitMs: this.#lastCommitMs,
      damagedBlocks: store.damagedBlocks()
    }
  }

  close(): void {
    clearInterval(this.#timer)
    if (this.#store.hasPendingCursors) this.#guard(() => this.#store.commit([]))
    this.#store.writeMark()
    this.#store.syncMark()
    for (const lane of LANES) this.#ports[lane].close()
    for (const port of this.#forwarders) port.close()
    this.#store.close()
  }
}
