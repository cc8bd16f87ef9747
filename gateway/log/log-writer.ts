import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type ClockQuality, LANES, type Lane } from '../events/define-event.ts'
import { ForwarderInbox } from './forwarder-inbox.ts'
import { ForwarderPorts } from './forwarder-ports.ts'
import type { GapStamp } from './gap-events.ts'
import { LogError, NoRoomError } from './log-error.ts'
import type { Committed, CommitUnit, FromLogThread, LogThreadSettings } from './log-messages.ts'
import { logPaths } from './log-paths.ts'
import type { LogStore } from './log-store.ts'
import { PackerLink } from './packer-link.ts'
import type { PackerReport } from './packer-thread.ts'
import { Packing } from './packing.ts'
import type { ForwarderMessage } from './reader-contract.ts'
import { StateOrder } from './state-order.ts'
import { type CommitFigures, StatusPost } from './status-post.ts'
import { StoreKeeper } from './store-keeper.ts'
import { type Chore, STEPS, type Step, WorkOrder } from './work-order.ts'

const HOUSEKEEPING_MS = 250

type Topics = Extract<ForwarderMessage, { kind: 'topics' }>['topics']

/**
 * The log thread's work: one step at a time, in the order of `WorkOrder`, and between two steps the messages get through. Every step
 * is bounded, so that no event waits long behind one:
 *
 * - a commit: all alarms that wait, or one unit of telemetry (2 000 events or 1 MiB, and the turn that passed that); one sync;
 * - a swap-in: one block of 8 192 events at the most; one sync;
 * - gaps and cursors: a row each; one sync;
 * - a checkpoint: what came into the write-ahead log while the packer carried over the rest of it;
 * - room: one run removed, or a look at the disk.
 *
 * Other syncs (mark, ballast) are not waited for here, and the long work (blocks, most of a checkpoint) is the packer thread's.
 */
export class LogWriter {
  readonly #settings: LogThreadSettings
  readonly #ports: Readonly<Record<Lane, MessagePort>>
  readonly #post: (message: FromLogThread) => void
  readonly #keeper: StoreKeeper
  readonly #queues: Readonly<Record<Lane, CommitUnit[]>> = { alarm: [], telemetry: [] }
  readonly #forwarders = new ForwarderPorts()
  readonly #inbox = new ForwarderInbox()
  readonly #stateOrder = new StateOrder()
  readonly #order = new WorkOrder()
  readonly #chores = new Set<Chore>()
  readonly #packer: PackerLink
  readonly #packing: Packing
  readonly #status: StatusPost
  readonly #timer: NodeJS.Timeout
  #clockQuality: ClockQuality
  #topics: Topics | undefined
  #scheduled = false
  /** An alarm that has just come is tried at once, whatever became of those before. */
  #alarmIsNew = false
  #closing = false
  #figures: CommitFigures = { commits: 0, lastCommitMs: 0 }

  constructor(settings: LogThreadSettings, ports: Readonly<Record<Lane, MessagePort>>, post: (message: FromLogThread) => void) {
    this.#settings = settings
    this.#ports = ports
    this.#post = post
    this.#clockQuality = settings.clockQuality
    this.#keeper = new StoreKeeper({
      settings,
      stamp: () => this.#stamp(),
      onOwnEvents: (events) => post({ kind: 'own-events', events }),
      note: (level, message, details) => this.#note(level, message, details),
      onFailed: () => this.#status.say(this.#figures),
      onReopened: (old) => this.#onReopened(old)
    })
    this.#packer = new PackerLink(
      logPaths(settings.directory).database,
      this.#keeper.walKeptBytes(),
      (message) => this.#onPacker(message),
      () => this.#want('checkpoint')
    )
    this.#packing = new Packing(this.#keeper, this.#packer)
    this.#status = new StatusPost(this.#keeper, (status) => post({ kind: 'status', status }))
    for (const lane of LANES) {
      ports[lane].on('message', (unit: CommitUnit) => {
        this.#take(lane, unit)
        this.#work()
      })
    }
    this.#timer = setInterval(() => this.#keepHouse(), HOUSEKEEPING_MS)
    post({ kind: 'opened', status: this.#status.status(this.#figures), ...this.#keeper.begun })
  }

  get #store(): LogStore {
    return this.#keeper.store
  }

  #monotonicMs(): number {
    return Number(process.hrtime.bigint()) / 1e6 + this.#settings.monotonicOffsetMs
  }

  #stamp(): GapStamp {
    const { gatewayId, bootId } = this.#settings
    return { key: gatewayId, bootId, clockQuality: this.#clockQuality, wallMs: Date.now(), monotonicMs: this.#monotonicMs() }
  }

  attachForwarder(port: MessagePort): void {
    this.#forwarders.attach(port, this.#store, (message) => this.#onForwarder(message))
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
        this.#serveTopics(message.topics)
    }
  }

  #serveTopics(topics: Topics): void {
    this.#keeper.guard('cursors', () => this.#store.serveTopics(topics))
  }

  #onReopened(old: LogStore): void {
    if (this.#store.epoch !== old.epoch) this.#inbox.forgetNumbers()
    this.#packing.forget()
    this.#packer.replace().catch((error: unknown) => this.#note('error', 'the packer did not start', { error: String(error) }))
    this.#forwarders.tell(this.#store)
    if (this.#topics !== undefined) this.#serveTopics(this.#topics)
  }

  loadState(processor: string): readonly (readonly [string, string])[] {
    return this.#store.loadState(processor)
  }

  #take(lane: Lane, unit: CommitUnit): void {
    this.#queues[lane].push(unit)
    if (lane === 'alarm') this.#alarmIsNew = true
  }

  #drainAlarms(): void {
    const port = this.#ports.alarm
    for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
      this.#take('alarm', got.message as CommitUnit)
    }
  }

  #want(chore: Chore): void {
    this.#chores.add(chore)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#work()
    })
  }

  /** One step; what remains is done in later turns. */
  #work(): void {
    this.#drainAlarms()
    if (this.#closing || !this.#keeper.isOpen) return
    const step = this.#order.next((each) => this.#isDue(each))
    if (step !== undefined) this.#run(step)
    if (STEPS.some((each) => this.#isDue(each))) this.#schedule()
  }

  /** What could not be written lets the others try: on a full disk it is the admission of telemetry that makes room. */
  #isDue(step: Step): boolean {
    switch (step) {
      case 'alarm':
        return this.#queues.alarm.length > 0 && (this.#alarmIsNew || this.#keeper.mayTry(step))
      case 'told-by-forwarder':
        return this.#inbox.waits && this.#keeper.mayTry(step)
      case 'telemetry':
        return this.#queues.telemetry.length > 0 && this.#keeper.mayTry(step)
      case 'room':
        return this.#chores.has(step) && this.#keeper.mayTry('house')
      default:
        return this.#chores.has(step)
    }
  }

  #run(step: Step): void {
    const { alarm, telemetry } = this.#queues
    switch (step) {
      case 'alarm':
        this.#alarmIsNew = false
        this.#commit('alarm', [...alarm])
        break
      case 'told-by-forwarder':
        if (this.#keeper.guard(step, () => this.#inbox.write(this.#store))) this.#forwarders.tell(this.#store)
        break
      case 'telemetry':
        this.#commit('telemetry', telemetry.slice(0, 1))
        this.#packing.packWhatIsDue()
        break
      default:
        this.#chores.delete(step)
        this.#do(step)
    }
  }

  #do(chore: Chore): void {
    const { room } = this.#keeper
    switch (chore) {
      case 'gaps':
        // Gaps are alarms: on a full disk they get room from the ballast.
        this.#keeper.guard('gaps', () => room.tellGaps(Date.now(), false))
        break
      case 'cursors':
        // Without a commit that would carry them along. What fails is tried again.
        if (this.#store.hasPending) this.#keeper.guard('cursors', () => this.#store.commit([]))
        break
      case 'swap-in':
        this.#packing.swapIn()
        if (this.#packing.waits) this.#want('swap-in')
        break
      case 'checkpoint':
        // The packer has carried over the most; what came in meanwhile is little, and then the write-ahead log can start over.
        if (room.checkpoint()) this.#packer.checkpointed()
        break
      case 'room':
        this.#keeper.guard('house', () => {
          if (room.step(Date.now(), this.#monotonicMs())) this.#chores.add('room')
        })
    }
  }

  #commit(lane: Lane, units: readonly CommitUnit[]): void {
    const started = performance.now()
    this.#clockQuality = units.at(-1)?.clockQuality ?? this.#clockQuality
    const states = units.flatMap((unit) => (lane === 'alarm' ? unit.states : this.#stateOrder.stillNewest(unit.states)))
    const batches = units.filter((unit) => unit.count > 0)
    const bytes = batches.reduce((sum, { payload }) => sum + payload.length, 0)
    const write = () => {
      // An alarm is small, and has the ballast.
      if (lane === 'telemetry' && !this.#keeper.room.admit(bytes, Date.now())) throw new NoRoomError()
      this.#store.commit(batches, states)
    }
    if (!this.#keeper.guard(lane, write)) return
    this.#queues[lane].splice(0, units.length)
    if (lane === 'alarm') this.#stateOrder.overtook(states)
    this.#figures = { commits: this.#figures.commits + 1, lastCommitMs: performance.now() - started }
    let lastSequence = this.#store.lastSequence(lane) - units.reduce((sum, { count }) => sum + count, 0)
    for (const { id, count } of units) {
      lastSequence += count
      this.#ports[lane].postMessage({ id, lastSequence } satisfies Committed)
    }
    this.#forwarders.tell(this.#store)
    this.#packer.written(bytes + 16_384)
    if (this.#packer.isBehind) this.#want('checkpoint')
  }

  #note(level: 'info' | 'warn' | 'error', message: string, details: Record<string, unknown>): void {
    this.#post({ kind: 'note', level, message, details })
  }

  #onPacker(message: PackerReport): void {
    switch (message.kind) {
      case 'pack':
        this.#packing.add(message)
        if (this.#packing.waits) this.#want('swap-in')
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
        if (/^SQLITE_(CORRUPT|NOTADB)/.test(message.code)) this.#keeper.reopen(message.message)
    }
  }

  #keepHouse(): void {
    const keeper = this.#keeper
    keeper.openWhenDue()
    if (keeper.isOpen) {
      const now = Date.now()
      this.#store.syncMarkSoon()
      keeper.look(() => {
        keeper.room.keep()
        if (keeper.room.hasGapsToTell(now)) this.#chores.add('gaps')
      })
      if (this.#store.hasPending && keeper.mayTry('cursors')) this.#chores.add('cursors')
      this.#chores.add('room')
      this.#alarmIsNew = true
      this.#work()
      if (keeper.isOpen) this.#packing.packWhatIsDue()
    }
    this.#status.say(this.#figures)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    // Nothing is evicted any more once the last gaps are told.
    this.#closing = true
    // What cannot be written now is kept with the database, and told at the next start.
    if (this.#store.hasPending) this.#keeper.guard('cursors', () => this.#store.commit([]))
    this.#keeper.guard('gaps', () => this.#keeper.room.tellGaps(Date.now(), true))
    this.#store.writeMark()
    this.#store.syncMark()
    for (const lane of LANES) this.#ports[lane].close()
    this.#forwarders.close()
    await this.#packer.close()
    try {
      this.#store.close()
    } catch (error) {
      throw new LogError('LOG_CLOSED', 'the log did not close cleanly', error)
    }
  }
}
