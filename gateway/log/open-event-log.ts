import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { Logger } from '../../drivers/driver.ts'
import { type ClockQuality, type GatewayEvent, LANES, type Lane } from '../events/define-event.ts'
import { DroppedEvents } from './dropped-events.ts'
import type { EventLog, GiveUp, LogStatus } from './event-log.ts'
import { addCounts, gap, gapEvent } from './gap-events.ts'
import { byLane } from './lane-tables.ts'
import { DiskUnusableError, LogError } from './log-error.ts'
import { DEFAULT_LOG_LIMITS } from './log-limits.ts'
import type { Committed, FromLogThread, LogLimits, LogThreadSettings, StateEntry, ThreadStatus, ToLogThread } from './log-messages.ts'
import { logPaths } from './log-paths.ts'
import { UnitQueue } from './unit-queue.ts'

const MIB = 1024 * 1024
interface LogMemory {
  readonly congestedBytes: number
  readonly maxWaitingBytes: number
  readonly maxAlarmBytes?: number
}

export interface EventLogOptions {
  readonly directory: string
  readonly clock: { wallMs(): number; monotonicMs(): number; quality(): ClockQuality }
  /** How the log stamps events that it makes itself; with a site, it also keeps whose events each epoch holds. */
  readonly gapOrigin: { readonly gatewayId: string; readonly bootId: string; readonly site?: string }
  readonly limits?: Partial<LogLimits>
  /**
   * Memory for what is not durable yet: from `congestedBytes` on sources should hold back, from `maxWaitingBytes` on telemetry is
   * dropped, and from `maxAlarmBytes` of alarms on even those: a program that runs out of memory would lose them all.
   */
  readonly memory?: LogMemory
  readonly logger?: Logger
  /** At least once a second while the log thread lives. */
  readonly onStatus?: (status: LogStatus) => void
  /** An event that the log itself has made and committed (a DataGap). */
  readonly onOwnEvent?: (event: GatewayEvent) => void
  /** The log thread has died (a defect): nothing will become durable any more. */
  readonly onFatal?: (error: Error) => void
  /** Stands for the numbers of the hardware, in tests. */
  readonly machineId?: string
  /** Limit of the database in pages, in tests. */
  readonly maxPages?: number
}

export interface EventLogHandle extends EventLog {
  /** The database, for `openLogReader`. */
  readonly path: string
  readonly epoch: string
  /** A port for the forwarder's thread: it sends ForwarderMessage and gets LogMessage. */
  attachForwarder(): MessagePort
  /**
   * What was appended so far belongs together, and nothing appended later belongs to it: the turn may end here, and does when it
   * holds an alarm or enough telemetry. Tells nothing. Cheap enough for every delivery.
   */
  endDelivery(): void
}

const CLOSE_LIMIT_MS = 10_000
const TELL_DROPPED_EVERY_MS = 10_000
/** A full disk on which no telemetry was committed for so long takes none. */
const STANDSTILL_MS = 1_000
/**
 * The end of a delivery ends a turn that holds so many events. A chunk of a socket holds thousands of frames, and while bytes wait in
 * the socket its reader is called up to 32 times before the event loop comes round (libuv): a gateway that has fallen behind must not
 * keep all that in its hands until the last of it is decoded.
 */
export const TURN_EVENTS = 256
const DEFAULT_MEMORY: LogMemory = { congestedBytes: 8 * MIB, maxWaitingBytes: 32 * MIB }
const MAX_ALARM_BYTES = 32 * MIB

/** Opens the log in a thread of its own. Rejects with a LogError when it cannot be used as it is. */
export async function openEventLog(options: EventLogOptions): Promise<EventLogHandle> {
  const log = new ThreadedLog(options)
  await log.opened
  return log
}

interface StateRequest {
  readonly resolve: (rows: ReadonlyMap<string, string>) => void
  readonly reject: (error: Error) => void
}

interface Flush {
  readonly targets: Readonly<Record<Lane, number>>
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

class ThreadedLog implements EventLogHandle {
  readonly path: string
  readonly opened: Promise<void>
  readonly #options: EventLogOptions
  readonly #maxBytes: Readonly<Record<Lane, number>>
  readonly #congestedBytes: number
  readonly #worker: Worker
  readonly #ports: Record<Lane, MessagePort>
  readonly #queues: Record<Lane, UnitQueue>
  readonly #stateRequests = new Map<number, StateRequest>()
  #nextStateRequest = 1
  #turnStates = new Map<string, StateEntry>()
  #turn = 1
  #turnScheduled = false
  #status: ThreadStatus | undefined
  readonly #dropped: Readonly<Record<Lane, DroppedEvents>> = byLane(() => new DroppedEvents())
  #telemetryCommittedMs = Number.NEGATIVE_INFINITY
  #droppedToldAt = Number.NEGATIVE_INFINITY
  #flushes: Flush[] = []
  #closing: Promise<void> | undefined
  #dead: Error | undefined
  #onClosed: () => void = () => undefined
  #onOpened: (error?: Error) => void = () => undefined

  constructor(options: EventLogOptions) {
    this.#options = options
    const { congestedBytes, maxAlarmBytes = MAX_ALARM_BYTES, maxWaitingBytes } = options.memory ?? DEFAULT_MEMORY
    this.#congestedBytes = congestedBytes
    this.#maxBytes = { alarm: maxAlarmBytes, telemetry: maxWaitingBytes }
    this.path = logPaths(options.directory).database
    this.opened = new Promise((resolve, reject) => {
      this.#onOpened = (error) => (error === undefined ? resolve() : reject(error))
    })
    const channels = byLane(() => new MessageChannel())
    this.#ports = byLane((lane) => channels[lane].port1)
    this.#queues = byLane(
      (lane) => new UnitQueue(lane, 2, (unit) => this.#ports[lane].postMessage(unit, [unit.payload.buffer as ArrayBuffer]))
    )
    const workerData = { settings: this.#settings(), alarm: channels.alarm.port2, telemetry: channels.telemetry.port2 }
    this.#worker = new Worker(new URL(`./log-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url), {
      name: 'log',
      // Batches live outside the heap; a small nursery keeps the program's memory small.
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 },
      workerData,
      transferList: [channels.alarm.port2, channels.telemetry.port2]
    })
    this.#worker.on('message', (message: FromLogThread) => this.#onMessage(message))
    for (const lane of LANES) this.#ports[lane].on('message', (message: Committed) => this.#onCommitted(lane, message))
    // What a thread throws may come as a plain object.
    this.#worker.on('error', (error) => this.#died(error instanceof Error ? error : new LogError('LOG_CLOSED', JSON.stringify(error))))
    this.#worker.on('exit', (code) => this.#died(new LogError('LOG_CLOSED', `the log thread ended with code ${code}`)))
  }

  #settings(): LogThreadSettings {
    const { clock, directory, gapOrigin, limits, machineId, maxPages } = this.#options
    return {
      directory,
      limits: { ...DEFAULT_LOG_LIMITS, ...limits },
      ...gapOrigin,
      clockQuality: clock.quality(),
      monotonicOffsetMs: clock.monotonicMs() - Number(process.hrtime.bigint()) / 1e6,
      machineId,
      maxPages
    }
  }

  get epoch(): string {
    return this.#status?.epoch ?? ''
  }

  get congested(): boolean {
    return this.#queues.telemetry.bytes + this.#queues.alarm.bytes > this.#congestedBytes
  }

  append(event: GatewayEvent, onDurable?: () => void, giveUp?: GiveUp): void {
    const { lane } = event
    const queue = this.#queues[lane]
    const storage = this.#status?.storage
    const letGo = lane === 'telemetry' && giveUp?.soon === true && this.#storesNothing()
    if (letGo || this.#dead !== undefined || queue.bytes > this.#maxBytes[lane]) {
      this.#dropped[lane].add(event, storage === 'ok' ? 'dropped-overload' : 'dropped-storage-failed')
      if (lane === 'telemetry' && storage !== 'ok' && this.#dead === undefined) giveUp?.onGivenUp()
      return
    }
    queue.add(event, this.#bodyOf(event), onDurable)
    this.#scheduleTurn()
  }

  /** On a full disk telemetry is still committed as long as there is something older to make room. */
  #storesNothing(): boolean {
    const storage = this.#status?.storage
    if (storage === 'full') return this.#options.clock.monotonicMs() - this.#telemetryCommittedMs > STANDSTILL_MS
    return storage === 'failing'
  }

  #bodyOf(event: GatewayEvent): string {
    try {
      return JSON.stringify(event.data)
    } catch (error) {
      // An event is worth more than its fields: it goes in without them.
      this.#options.logger?.error({ type: event.type, error: String(error) }, 'data of an event are not JSON')
      return JSON.stringify({ extra: { not_json: String(error) } })
    }
  }

  /** Now and then while it goes on; a gap is an alarm itself, and waits for room among them. */
  #tellDropped(): void {
    const now = this.#options.clock.monotonicMs()
    if (LANES.every((lane) => this.#dropped[lane].count === 0)) return
    const goesOn = this.congested || this.#status?.storage !== 'ok'
    if (this.#queues.alarm.bytes > this.#maxBytes.alarm || (goesOn && now - this.#droppedToldAt < TELL_DROPPED_EVERY_MS)) return
    this.#droppedToldAt = now
    this.#reportDropped()
  }

  #reportDropped(): void {
    for (const lane of LANES) {
      const dropped = this.#dropped[lane].take()
      if (dropped !== undefined) this.reportGap({ lane, ...dropped })
    }
  }

  saveState(processor: string, key: string, value: string | undefined): void {
    if (this.#dead !== undefined) return
    this.#turnStates.set(`${processor}\0${key}`, { processor, key, value, turn: this.#turn })
    this.#scheduleTurn()
  }

  loadState(processor: string): Promise<ReadonlyMap<string, string>> {
    const request = this.#nextStateRequest++
    return new Promise((resolve, reject) => {
      if (this.#dead !== undefined) return reject(this.#dead)
      this.#stateRequests.set(request, { resolve, reject })
      this.#post({ kind: 'load-state', request, processor })
    })
  }

  reportGap(report: Parameters<EventLog['reportGap']>[0]): void {
    const { clock, gapOrigin, logger, onOwnEvent } = this.#options
    const { lane, reason, countByType, timeFrom, timeTo, detail } = report
    const known = { countByType: addCounts({}, countByType), timeFrom, timeTo, ...(detail === undefined ? {} : { detail }) }
    const stamp = {
      key: gapOrigin.gatewayId,
      bootId: gapOrigin.bootId,
      clockQuality: clock.quality(),
      wallMs: clock.wallMs(),
      monotonicMs: clock.monotonicMs()
    }
    const event = gapEvent(gap(lane, reason, null, null, null, known), stamp)
    logger?.warn({ lane, reason, ...known }, 'events did not get into the log')
    this.append(event, () => onOwnEvent?.(event))
  }

  status(): LogStatus {
    const status = this.#status
    if (status === undefined) throw new LogError('LOG_CLOSED', 'the log is not open')
    return { ...status, lanes: byLane((lane) => ({ ...status.lanes[lane], waiting: this.#queues[lane].waiting })) }
  }

  flush(): Promise<void> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead)
    this.#endTurn()
    const targets = byLane((lane) => this.#queues[lane].lastId)
    // While nothing becomes durable and nothing more is taken, many wait for the same.
    const last = this.#flushes.at(-1)
    if (last !== undefined && LANES.every((lane) => last.targets[lane] === targets[lane])) return last.promise
    let settle: Pick<Flush, 'resolve' | 'reject'> = { resolve: () => undefined, reject: () => undefined }
    const promise = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject }
    })
    this.#flushes.push({ targets, promise, ...settle })
    this.#settleFlushes()
    return promise
  }

  attachForwarder(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    this.#post({ kind: 'forwarder', port: port1 }, [port1])
    return port2
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#dead !== undefined) return
    let timer: NodeJS.Timeout | undefined
    // A disk that does not take it must not keep the program from ending; nobody was told that it is durable.
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_LIMIT_MS)
    })
    this.#reportDropped()
    // A thread that dies meanwhile is told of elsewhere.
    await Promise.race([this.flush().catch(() => undefined), limit])
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve
    })
    this.#post({ kind: 'close' })
    await Promise.race([closed, limit])
    clearTimeout(timer)
    await this.#worker.terminate()
  }

  #post(message: ToLogThread, transfer: readonly MessagePort[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled) return
    this.#turnScheduled = true
    process.nextTick(() => {
      this.#turnScheduled = false
      this.#endTurn()
      this.#hearCommits()
    })
  }

  #turnIsOpen(): boolean {
    return this.#turnStates.size > 0 || LANES.some((lane) => this.#queues[lane].turnEvents > 0)
  }

  endDelivery(): void {
    const { alarm, telemetry } = this.#queues
    if (alarm.turnEvents > 0 || telemetry.turnEvents >= TURN_EVENTS) this.#endTurn()
  }

  /**
   * Events and state of the turn become one unit. Where the turn has an alarm, its state goes with the alarm, ahead of waiting
   * telemetry: a crash in between may lose telemetry that nobody was told is durable, but repeats no alarm.
   */
  #endTurn(): void {
    const { alarm, telemetry } = this.#queues
    if (this.#turnStates.size > 0) {
      if (alarm.turnEvents > 0) {
        alarm.putStates(this.#turnStates)
        telemetry.dropStates(this.#turnStates.keys())
      } else telemetry.putStates(this.#turnStates)
      this.#turnStates = new Map()
    }
    this.#turn++
    alarm.endTurn()
    telemetry.endTurn(this.#status?.storage === 'full')
    this.#dispatch()
  }

  /** Without waiting for the event loop to come round to them. Never within an `append`: who appends need not expect to be called. */
  #hearCommits(): void {
    for (const lane of LANES) {
      const port = this.#ports[lane]
      for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
        this.#onCommitted(lane, got.message as Committed)
      }
    }
  }

  /** Whole turns only: an event does not go without the state of its turn. */
  #dispatch(): void {
    if (this.#dead !== undefined || this.#turnIsOpen()) return
    const quality = this.#options.clock.quality()
    for (const lane of LANES) this.#queues[lane].dispatch(quality)
  }

  #onMessage(message: FromLogThread): void {
    switch (message.kind) {
      case 'opened':
        this.#status = message.status
        if (message.newLife !== undefined) this.#noteNewLife(message.newLife, message.setAsideAs)
        this.#onOpened()
        break
      case 'open-failed':
        // Its thread ends by itself, and that is no death.
        this.#dead =
          message.trouble === undefined
            ? new LogError(message.code, message.message)
            : new DiskUnusableError(message.trouble, message.message)
        this.#onOpened(this.#dead)
        break
      case 'status':
        this.#status = message.status
        this.#tellDropped()
        this.#options.onStatus?.(this.status())
        break
      case 'own-events':
        for (const event of message.events) this.#options.onOwnEvent?.(event)
        break
      case 'note':
        this.#options.logger?.[message.level](message.details, message.message)
        break
      case 'state':
        this.#stateRequests.get(message.request)?.resolve(new Map(message.rows))
        this.#stateRequests.delete(message.request)
        break
      case 'state-failed':
        this.#stateRequests.get(message.request)?.reject(new LogError('LOG_READ_FAILED', message.message))
        this.#stateRequests.delete(message.request)
        break
      case 'closed':
        this.#onClosed()
    }
  }

  #noteNewLife(reason: string, setAsideAs: string | undefined): void {
    this.#options.logger?.warn({ reason, epoch: this.epoch, setAsideAs }, 'the log begins a new epoch')
  }

  #onCommitted(lane: Lane, { id, lastSequence }: Committed): void {
    const status = this.#status
    if (status !== undefined) {
      // What is told to be durable is so in the status, too, which comes less often.
      this.#status = { ...status, lanes: { ...status.lanes, [lane]: { ...status.lanes[lane], lastSequence } } }
    }
    if (lane === 'telemetry') this.#telemetryCommittedMs = this.#options.clock.monotonicMs()
    const callbacks = this.#queues[lane].committed(id)
    this.#dispatch()
    for (const onDurable of callbacks) {
      try {
        onDurable()
      } catch (error) {
        this.#options.logger?.error({ error: String(error) }, 'a listener for durability failed')
      }
    }
    this.#tellDropped()
    this.#settleFlushes()
  }

  #settleFlushes(): void {
    const done = (targets: Readonly<Record<Lane, number>>) => LANES.every((lane) => this.#queues[lane].doneTo >= targets[lane])
    const settled = this.#flushes.filter(({ targets }) => done(targets))
    if (settled.length === 0) return
    this.#flushes = this.#flushes.filter(({ targets }) => !done(targets))
    for (const { resolve } of settled) resolve()
  }

  #died(error: Error): void {
    if (this.#dead !== undefined) return
    // What it has committed is durable, and nobody will say so later.
    this.#hearCommits()
    this.#dead = error
    for (const lane of LANES) this.#ports[lane].close()
    for (const { reject } of this.#stateRequests.values()) reject(error)
    this.#stateRequests.clear()
    for (const { reject } of this.#flushes.splice(0)) reject(error)
    this.#onOpened(error)
    this.#onClosed()
    if (this.#closing !== undefined) return
    const { alarm, telemetry } = this.#queues
    const lost = { alarms: alarm.waiting, telemetry: telemetry.waiting }
    this.#options.logger?.error({ error: String(error), ...lost }, 'the log thread has died; what was not durable is lost')
    const storageError = `the log thread has died (${error.message}) with ${lost.alarms} alarms and ${lost.telemetry} of telemetry not durable`
    if (this.#status !== undefined) this.#status = { ...this.#status, storage: 'failing', storageError }
    this.#options.onFatal?.(error)
  }
}
