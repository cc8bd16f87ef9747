import { statfsSync } from 'node:fs'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type ClockQuality, LANES, type Lane } from '../events/define-event.ts'
import { ForwarderInbox } from './forwarder-inbox.ts'
import type { GapStamp } from './gap-events.ts'
import { byLane } from './lane-tables.ts'
import { isDamage, isFull, LogError, NoRoomError } from './log-error.ts'
import type { Committed, CommitUnit, FromLogThread, LogThreadSettings, ThreadStatus } from './log-messages.ts'
import { logPaths } from './log-paths.ts'
import type { LogStore } from './log-store.ts'
import { openLogStore, WAL_KEPT_BYTES } from './open-log-store.ts'
import { PackerLink } from './packer-link.ts'
import type { PackerReport } from './packer-thread.ts'
import type { ForwarderMessage, LogMessage } from './reader-contract.ts'
import { StateOrder } from './state-order.ts'
import { StorageHealth, type WriteKind } from './storage-health.ts'
import { StorageRoom } from './storage-room.ts'

const HOUSEKEEPING_MS = 250
const STATUS_AT_LEAST_EVERY_MS = 1_000
/** Attempts to make room within one write. */
const MAX_ROOM_ATTEMPTS = 16
/** Alarms, and gaps, which are alarms. */
const MAY_HAVE_BALLAST: ReadonlySet<WriteKind> = new Set(['alarm', 'gaps', 'told-by-forwarder'])
/** Damage again so soon after a database passed its check: the check does not see it, and the database is set aside. */
const DAMAGE_AGAIN_MS = 60_000
/** Between attempts to open a database that could not be reopened; doubled each time. */
const REOPEN_FIRST_MS = 250
const REOPEN_CAP_MS = 10_000

/**
 * The log thread's work: takes units, alarms first, commits each in a transaction of its own, and keeps house in between. Nothing
 * that a disk does is thrown out of here: it becomes the storage state, and what could not be written waits and is tried again.
 */
export class LogWriter {
  readonly #settings: LogThreadSettings
  readonly #ports: Readonly<Record<Lane, MessagePort>>
  readonly #post: (message: FromLogThread) => void
  readonly #queues: Readonly<Record<Lane, CommitUnit[]>> = { alarm: [], telemetry: [] }
  readonly #forwarders = new Set<MessagePort>()
  readonly #inbox = new ForwarderInbox()
  readonly #stateOrder = new StateOrder()
  readonly #packer: PackerLink
  readonly #timer: NodeJS.Timeout
  readonly #health = new StorageHealth((storage, error) =>
    storage === 'ok'
      ? this.#note('info', 'the log can be written again', {})
      : this.#note('error', 'the log cannot be written', { storage, error })
  )
  #store: LogStore
  #room: StorageRoom
  #clockQuality: ClockQuality
  #reopenedAt = Number.NEGATIVE_INFINITY
  #reopenAt = 0
  #reopenDelayMs = REOPEN_FIRST_MS
  /** Why the database is to be set aside without another look. */
  #condemned: string | undefined
  #topics: Extract<ForwarderMessage, { kind: 'topics' }>['topics'] | undefined
  #scheduled = false
  #roomWanted = false
  #commits = 0
  #lastCommitMs = 0
  #postedStatus = ''
  #postedAt = 0
  #lanes: ThreadStatus['lanes'] = byLane(() => ({ lastSequence: 0, firstSequence: 1 }))

  constructor(settings: LogThreadSettings, ports: Readonly<Record<Lane, MessagePort>>, post: (message: FromLogThread) => void) {
    this.#settings = settings
    this.#ports = ports
    this.#post = post
    this.#clockQuality = settings.clockQuality
    const { store, room, newLife, setAsideAs } = this.#open()
    this.#store = store
    this.#room = room
    const path = logPaths(settings.directory).database
    this.#packer = new PackerLink(
      path,
      this.#walKeptBytes(),
      (message) => this.#onPacker(message),
      () => this.#finishCheckpoint()
    )
    for (const lane of LANES) {
      ports[lane].on('message', (unit: CommitUnit) => {
        this.#queues[lane].push(unit)
        this.#work()
      })
    }
    this.#timer = setInterval(() => this.#keepHouse(), HOUSEKEEPING_MS)
    post({ kind: 'opened', status: this.#status(), newLife, setAsideAs })
  }

  #open(damage?: string): { store: LogStore; room: StorageRoom; newLife: string | undefined; setAsideAs: string | undefined } {
    const { directory, gatewayId, limits, machineId, maxPages, site } = this.#settings
    const { store, newLife, setAsideAs } = openLogStore({
      directory,
      stamp: () => this.#stamp(),
      onOwnEvents: (events) => this.#post({ kind: 'own-events', events }),
      walKeptBytes: this.#walKeptBytes(),
      origin: site === undefined ? undefined : { gatewayId, site },
      ...(damage === undefined ? {} : { damage }),
      ...(machineId === undefined ? {} : { machineId }),
      ...(maxPages === undefined ? {} : { maxPages })
    })
    try {
      const room = new StorageRoom(store, logPaths(directory), limits, this.#walKeptBytes())
      return { store, room, newLife: newLife?.reason, setAsideAs }
    } catch (error) {
      store.close()
      throw error
    }
  }

  /** A small log or disk cannot afford a long write-ahead log. */
  #walKeptBytes(): number {
    const { blocks, bsize } = statfsSync(this.#settings.directory)
    return Math.min(WAL_KEPT_BYTES, Math.floor(this.#settings.limits.maxBytes / 8), Math.floor((blocks * bsize) / 32))
  }

  #monotonicMs(): number {
    return Number(process.hrtime.bigint()) / 1e6 + this.#settings.monotonicOffsetMs
  }

  #stamp(): GapStamp {
    const { gatewayId, bootId } = this.#settings
    return { key: gatewayId, bootId, clockQuality: this.#clockQuality, wallMs: Date.now(), monotonicMs: this.#monotonicMs() }
  }

  attachForwarder(port: MessagePort): void {
    this.#forwarders.add(port)
    port.on('close', () => this.#forwarders.delete(port))
    port.on('message', (message: ForwarderMessage) => this.#onForwarder(message))
    port.postMessage(this.#committedMessage())
  }

  #onForwarder(message: ForwarderMessage): void {
    switch (message.kind) {
      case 'damaged':
        this.#note('error', 'the log is damaged in places', { runs: message.runs })
        this.#inbox.add(message, this.#store)
        this.#schedule()
        break
      case 'advance':
        this.#inbox.add(message, this.#store)
        break
      case 'set-aside':
        this.#inbox.add(message, this.#store)
        // Many come at a time, and are told together.
        this.#schedule()
        break
      case 'topics':
        this.#topics = message.topics
        this.#guard('cursors', () => this.#store.serveTopics(message.topics))
    }
  }

  /** Without a commit that would carry them along. What fails is tried again. */
  #writePending(): void {
    if (this.#store.hasPending && this.#mayTry('cursors')) this.#guard('cursors', () => this.#store.commit([]))
  }

  #committedMessage(): LogMessage {
    const store = this.#store
    return { kind: 'committed', epoch: store.epoch, alarm: store.lastSequence('alarm'), telemetry: store.lastSequence('telemetry') }
  }

  loadState(processor: string): readonly (readonly [string, string])[] {
    return this.#store.loadState(processor)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#work()
    })
  }

  /**
   * One transaction, alarms first; what remains is done in the next turn, so that messages get through in between. What could not be
   * written lets the next try: on a full disk it is the admission of telemetry that makes room.
   */
  #work(): void {
    this.#drainAlarms()
    if (!this.#store.db.open) return
    const { alarm, telemetry } = this.#queues
    const written =
      (alarm.length > 0 && this.#commit('alarm', [...alarm])) ||
      (this.#inbox.waits && this.#mayTry('told-by-forwarder') && this.#tellForForwarder())
    if (!written && telemetry[0] !== undefined && this.#mayTry('telemetry')) {
      this.#commit('telemetry', [telemetry[0]])
      this.#packWhatIsDue()
    }
    if (this.#roomWanted && (alarm.length === 0 || !written)) this.#stepRoom()
    const due =
      (alarm.length > 0 && this.#mayTry('alarm')) ||
      (telemetry.length > 0 && this.#mayTry('telemetry')) ||
      (this.#inbox.waits && this.#mayTry('told-by-forwarder')) ||
      (this.#roomWanted && this.#mayTry('house'))
    if (due) this.#schedule()
  }

  #mayTry(kind: WriteKind): boolean {
    return this.#health.mayTry(kind, performance.now())
  }

  #drainAlarms(): void {
    const port = this.#ports.alarm
    for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
      this.#queues.alarm.push(got.message as CommitUnit)
    }
  }

  #commit(lane: Lane, units: readonly CommitUnit[]): boolean {
    const started = performance.now()
    this.#clockQuality = units.at(-1)?.clockQuality ?? this.#clockQuality
    const states = units.flatMap((unit) => (lane === 'alarm' ? unit.states : this.#stateOrder.stillNewest(unit.states)))
    const batches = units.filter((unit) => unit.count > 0)
    const bytes = batches.reduce((sum, { payload }) => sum + payload.length, 0)
    const write = () => {
      // An alarm is small, and has the ballast.
      if (lane === 'telemetry' && !this.#room.admit(bytes, Date.now())) throw new NoRoomError()
      this.#store.commit(batches, states)
    }
    if (!this.#guard(lane, write)) return false
    this.#queues[lane].splice(0, units.length)
    if (lane === 'alarm') this.#stateOrder.overtook(states)
    this.#commits++
    this.#lastCommitMs = performance.now() - started
    const lastSequence = this.#store.lastSequence(lane)
    for (const { id } of units) this.#ports[lane].postMessage({ id, lastSequence } satisfies Committed)
    this.#tellForwarders()
    this.#packer.written(bytes + 16_384)
    if (this.#packer.isBehind) this.#finishCheckpoint()
    return true
  }

  #tellForForwarder(): boolean {
    if (!this.#guard('told-by-forwarder', () => this.#inbox.write(this.#store))) return false
    this.#tellForwarders()
    return true
  }

  #tellForwarders(): void {
    const message = this.#committedMessage()
    for (const port of this.#forwarders) port.postMessage(message)
  }

  /** Runs what writes, making room where it lacks; false: the disk did not let it, and the storage state says why. */
  #guard(kind: WriteKind, write: () => void): boolean {
    for (let attempt = 0; this.#store.db.open; attempt++) {
      try {
        write()
        this.#health.succeeded(kind)
        return true
      } catch (error) {
        this.#failed(kind, error)
        if (!isFull(error) || attempt >= MAX_ROOM_ATTEMPTS) return false
        if (!this.#room.makeRoom(MAY_HAVE_BALLAST.has(kind), Date.now())) return false
      }
    }
    return false
  }

  #failed(kind: WriteKind, error: unknown): void {
    this.#health.failed(kind, error, performance.now())
    if (isDamage(error)) this.#reopen(error instanceof Error ? error.message : String(error))
    this.#postStatus()
  }

  /** The database turned out to be damaged while in use: it is closed, checked, and set aside if it does not pass. */
  #reopen(damage: string): void {
    if (!this.#store.db.open) return
    this.#condemned = performance.now() - this.#reopenedAt < DAMAGE_AGAIN_MS ? damage : undefined
    try {
      this.#store.close()
    } catch (error) {
      this.#note('warn', 'the damaged database did not close cleanly', { error: String(error) })
    }
    this.#openAgain()
  }

  /** Until it succeeds everything waits in memory. */
  #openAgain(): void {
    if (!this.#openedAgain()) return
    this.#tellForwarders()
    const topics = this.#topics
    if (topics !== undefined) this.#guard('cursors', () => this.#store.serveTopics(topics))
  }

  #openedAgain(): boolean {
    try {
      const old = this.#store
      const { store, room, newLife, setAsideAs } = this.#open(this.#condemned)
      this.#store = store
      this.#room = room
      this.#condemned = undefined
      this.#reopenedAt = performance.now()
      this.#reopenDelayMs = REOPEN_FIRST_MS
      if (store.epoch === old.epoch) store.advance(old.cursors())
      else this.#inbox.forgetNumbers()
      this.#health.succeeded('open')
      this.#note('error', 'the database was damaged', { newLife, setAsideAs })
      this.#packer.replace().catch((error: unknown) => this.#note('error', 'the packer did not start', { error: String(error) }))
      return true
    } catch (error) {
      this.#reopenAt = performance.now() + this.#reopenDelayMs
      this.#reopenDelayMs = Math.min(this.#reopenDelayMs * 2, REOPEN_CAP_MS)
      this.#health.failed('open', error, performance.now())
      return false
    }
  }

  #note(level: 'info' | 'warn' | 'error', message: string, details: Record<string, unknown>): void {
    this.#post({ kind: 'note', level, message, details })
  }

  #onPacker(message: PackerReport): void {
    this.#drainAlarms()
    if (this.#queues.alarm.length > 0) this.#work()
    switch (message.kind) {
      case 'pack':
        this.#onPacked(message)
        break
      case 'damaged-block':
        this.#onForwarder({
          kind: 'damaged',
          epoch: this.#store.epoch,
          runs: [{ lane: message.lane, kind: 'block', lastSequence: message.lastSequence }]
        })
        break
      case 'checked':
        this.#note('info', 'all blocks of the log were read through', { damaged: this.#store.damagedBlocks })
        break
      case 'failed':
        this.#note('warn', 'the packer failed', { code: message.code, error: message.message })
        if (/^SQLITE_(CORRUPT|NOTADB)/.test(message.code)) this.#reopen(message.message)
    }
  }

  #onPacked({ lane, outcome }: Extract<PackerReport, { kind: 'pack' }>): void {
    if (outcome.kind === 'nothing') return
    const written = this.#guard('house', () => {
      if (outcome.kind === 'packed') this.#store.swapIn(outcome.block)
      else this.#store.dropDamagedRow(lane, outcome.lastSequence)
    })
    if (outcome.kind === 'packed') this.#packer.written(outcome.block.data.length + 32_768)
    if (written) this.#packWhatIsDue()
  }

  #packWhatIsDue(): void {
    const tails = byLane((lane) => ({ events: this.#store.tailEvents(lane), since: this.#store.tailSince(lane) }))
    this.#packer.consider(tails, Date.now(), this.#room.state.tight)
  }

  /** The packer has carried over the most; what came in meanwhile is little, and then the write-ahead log can start over. */
  #finishCheckpoint(): void {
    if (this.#room.checkpoint()) this.#packer.checkpointed()
  }

  #stepRoom(): void {
    this.#roomWanted = false
    this.#guard('house', () => {
      this.#roomWanted = this.#room.step(Date.now(), this.#monotonicMs())
    })
  }

  #keepHouse(): void {
    if (!this.#store.db.open && performance.now() >= this.#reopenAt) this.#openAgain()
    if (this.#store.db.open) {
      this.#writePending()
      this.#store.syncMark()
      this.#guardLook(() => this.#room.keep())
      this.#tellGaps()
      this.#roomWanted = true
      this.#work()
      this.#packWhatIsDue()
    }
    this.#postStatus()
  }

  /** Gaps are alarms: on a full disk they get room from the ballast. */
  #tellGaps(): void {
    const now = Date.now()
    let due = false
    this.#guardLook(() => {
      due = this.#room.hasGapsToTell(now)
    })
    if (due) this.#guard('gaps', () => this.#room.tellGaps(now, false))
  }

  /** Like `#guard`, for what mostly reads: its success says nothing about writing. */
  #guardLook(work: () => void): void {
    if (!this.#store.db.open) return
    try {
      work()
    } catch (error) {
      this.#failed('house', error)
    }
  }

  /** A sign of life, too: it goes on whatever the disk and the database do. */
  #postStatus(): void {
    const status = this.#status()
    const text = JSON.stringify(status)
    if (text === this.#postedStatus && performance.now() - this.#postedAt < STATUS_AT_LEAST_EVERY_MS) return
    this.#postedStatus = text
    this.#postedAt = performance.now()
    this.#post({ kind: 'status', status })
  }

  #status(): ThreadStatus {
    const store = this.#store
    this.#lanes = this.#readLanes() ?? this.#lanes
    const { logBytes, freeBytes, diskFull } = this.#room.state
    const { storage, error } = this.#health
    const shrinking = storage === 'ok' && diskFull
    return {
      epoch: store.epoch,
      lanes: this.#lanes,
      storage: shrinking ? 'full' : storage,
      storageError: shrinking ? 'the disk is full: the oldest telemetry makes room for the new' : error,
      logBytes,
      freeBytes,
      commits: this.#commits,
      lastCommitMs: this.#lastCommitMs,
      damagedBlocks: store.damagedBlocks
    }
  }

  /** Undefined: a damaged database does not even tell that. */
  #readLanes(): ThreadStatus['lanes'] | undefined {
    try {
      return byLane((lane) => ({ lastSequence: this.#store.lastSequence(lane), firstSequence: this.#store.firstSequence(lane) }))
    } catch {
      return undefined
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#guardLook(() => {
      if (this.#store.hasPending) this.#store.commit([])
      this.#room.tellGaps(Date.now(), true)
    })
    this.#store.writeMark()
    this.#store.syncMark()
    for (const lane of LANES) this.#ports[lane].close()
    for (const port of this.#forwarders) port.close()
    await this.#packer.close()
    try {
      this.#store.close()
    } catch (error) {
      throw new LogError('LOG_CLOSED', 'the log did not close cleanly', error)
    }
  }
}
