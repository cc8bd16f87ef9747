import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import { type GatewayEvent, LANES, type Lane } from '../events/define-event.ts'
import { DroppedEvents } from './dropped-events.ts'
import { bodyOf } from './event-body.ts'
import type { EventLog, GiveUp, LogPosition, LogStatus } from './event-log.ts'
import { Flushes } from './flushes.ts'
import { addCounts, gap, gapEvent } from './gap-events.ts'
import { byLane } from './lane-tables.ts'
import { DiskUnusableError, LogError } from './log-error.ts'
import type { Committed, FromLogThread, StateEntry, ThreadStatus, ToLogThread } from './log-messages.ts'
import { logPaths } from './log-paths.ts'
import type { EventLogHandle, EventLogOptions, LogMemory } from './open-event-log.ts'
import { startLogThread } from './start-log-thread.ts'
import { StateRequests } from './state-requests.ts'
import { ThreadView } from './thread-view.ts'
import { UnitQueue } from './unit-queue.ts'

const MIB = 1024 * 1024
const FLUSH_LIMIT_MS = 10_000
const CLOSE_LIMIT_MS = 2_000
const TELL_DROPPED_EVERY_MS = 10_000
/**
 * The end of a delivery ends a turn that holds so many events. A chunk of a socket holds thousands of frames, and while bytes wait in
 * the socket its reader is called up to 32 times before the event loop comes round (libuv): a gateway that has fallen behind must not
 * keep all that in its hands until the last of it is decoded.
 */
export const TURN_EVENTS = 256
const DEFAULT_MEMORY: LogMemory = { congestedBytes: 8 * MIB, maxWaitingBytes: 32 * MIB }
const MAX_ALARM_BYTES = 32 * MIB

/** The main thread's end of the log thread. */
export class ThreadedLog implements EventLogHandle {
  readonly path: string
  readonly opened: Promise<void>
  readonly #options: EventLogOptions
  readonly #maxBytes: Readonly<Record<Lane, number>>
  readonly #congestedBytes: number
  readonly #worker: Worker
  readonly #ports: Readonly<Record<Lane, MessagePort>>
  readonly #queues: Record<Lane, UnitQueue>
  readonly #stateRequests = new StateRequests()
  #turnStates = new Map<string, StateEntry>()
  #turn = 1
  #turnScheduled = false
  readonly #view: ThreadView
  readonly #dropped: Readonly<Record<Lane, DroppedEvents>> = byLane(() => new DroppedEvents())
  #droppedToldAt = Number.NEGATIVE_INFINITY
  readonly #flushes = new Flushes()
  #closing: Promise<void> | undefined
  #dead: Error | undefined
  #onClosed: () => void = () => undefined
  #onOpened: (error?: Error) => void = () => undefined

  constructor(options: EventLogOptions) {
    this.#options = options
    this.#view = new ThreadView(() => options.clock.monotonicMs())
    const { congestedBytes, maxAlarmBytes = MAX_ALARM_BYTES, maxWaitingBytes } = options.memory ?? DEFAULT_MEMORY
    this.#congestedBytes = congestedBytes
    this.#maxBytes = { alarm: maxAlarmBytes, telemetry: maxWaitingBytes }
    this.path = logPaths(options.directory).database
    this.opened = new Promise((resolve, reject) => {
      this.#onOpened = (error) => (error === undefined ? resolve() : reject(error))
    })
    const { ports, worker } = startLogThread(options)
    this.#worker = worker
    this.#ports = ports
    this.#queues = byLane(
      (lane) => new UnitQueue(lane, 2, (unit) => this.#ports[lane].postMessage(unit, [unit.payload.buffer as ArrayBuffer]))
    )
    this.#worker.on('message', (message: FromLogThread) => this.#onMessage(message))
    for (const lane of LANES) this.#ports[lane].on('message', (message: Committed) => this.#onCommitted(lane, message))
    // What a thread throws may come as a plain object.
    this.#worker.on('error', (error) => this.#died(error instanceof Error ? error : new LogError('LOG_CLOSED', JSON.stringify(error))))
    this.#worker.on('exit', (code) => this.#died(new LogError('LOG_CLOSED', `the log thread ended with code ${code}`)))
  }

  get epoch(): string {
    return this.#view.status?.epoch ?? ''
  }

  get congested(): boolean {
    return this.#queues.telemetry.bytes + this.#queues.alarm.bytes > this.#congestedBytes
  }

  append(event: GatewayEvent, onDurable?: () => void, giveUp?: GiveUp): void {
    const { lane } = event
    const queue = this.#queues[lane]
    const letGo = lane === 'telemetry' && giveUp?.soon === true && this.#view.storesNothing()
    if (letGo || this.#dead !== undefined || queue.bytes > this.#maxBytes[lane]) {
      const { storage } = this.#view
      this.#dropped[lane].add(event, storage === 'ok' ? 'dropped-overload' : 'dropped-storage-failed')
      if (lane === 'telemetry' && storage !== 'ok' && this.#dead === undefined) giveUp?.onGivenUp()
      return
    }
    try {
      queue.add(event, onDurable)
    } catch {
      queue.add(event, onDurable, bodyOf(event, this.#options.logger))
    }
    this.#scheduleTurn()
  }

  /** Now and then while it goes on; a gap is an alarm itself, and waits for room among them. */
  #tellDropped(): void {
    const now = this.#options.clock.monotonicMs()
    if (LANES.every((lane) => this.#dropped[lane].count === 0)) return
    const goesOn = this.congested || this.#view.storage !== 'ok'
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
    if (this.#dead !== undefined) return Promise.reject(this.#dead)
    return this.#stateRequests.make((request) => this.#post({ kind: 'load-state', request, processor }))
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
    const status = this.#view.known()
    return { ...status, lanes: byLane((lane) => ({ ...status.lanes[lane], waiting: this.#queues[lane].waiting })) }
  }

  flush(): Promise<void> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead)
    this.#endTurn()
    const flushed = this.#flushes.wait(byLane((lane) => this.#queues[lane].lastId))
    this.#settleFlushes()
    return flushed
  }

  async mark(): Promise<LogPosition | undefined> {
    if (this.#dead !== undefined) return undefined
    const { epoch } = this
    this.#endTurn()
    const ends = byLane((lane) => this.#queues[lane].mark())
    this.#dispatch()
    const [alarm, telemetry] = await Promise.all([ends.alarm, ends.telemetry])
    return alarm === undefined || telemetry === undefined || epoch !== this.epoch ? undefined : { epoch, alarm, telemetry }
  }

  position(): LogPosition | undefined {
    const { alarm, telemetry } = this.#queues
    return this.epoch === '' ? undefined : { epoch: this.epoch, alarm: alarm.endSequence, telemetry: telemetry.endSequence }
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
    this.#reportDropped()
    // A disk that does not take it must not keep the program from ending; nobody was told that it is durable. A thread that dies
    // meanwhile is told of elsewhere.
    await settledWithin(FLUSH_LIMIT_MS, this.flush())
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve
    })
    this.#post({ kind: 'close' })
    await settledWithin(CLOSE_LIMIT_MS, closed)
    const ended = await settledWithin(CLOSE_LIMIT_MS, this.#worker.terminate())
    this.#view.ended()
    if (!ended) throw new LogError('LOG_HUNG', 'the disk holds up the log thread, which does not end')
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
    telemetry.endTurn(this.#view.storage === 'full')
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
        this.#statusSaid(message.status)
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
        this.#statusSaid(message.status)
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
      case 'state-failed':
        this.#stateRequests.replied(message)
        break
      case 'closed':
        this.#onClosed()
    }
  }

  #statusSaid(status: ThreadStatus): void {
    const { epoch } = this
    this.#view.said(status)
    // The numbers of another log are others.
    if (status.epoch !== epoch) for (const lane of LANES) this.#queues[lane].beginAt(status.lanes[lane].lastSequence)
  }

  #noteNewLife(reason: string, setAsideAs: string | undefined): void {
    this.#options.logger?.warn({ reason, epoch: this.epoch, setAsideAs }, 'the log begins a new epoch')
  }

  #onCommitted(lane: Lane, { id, lastSequence }: Committed): void {
    this.#view.committed(lane, lastSequence)
    const callbacks = this.#queues[lane].committed(id, lastSequence)
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
    this.#flushes.settle(byLane((lane) => this.#queues[lane].doneTo))
  }

  #died(error: Error): void {
    if (this.#dead !== undefined) return
    // What it has committed is durable, and nobody will say so later.
    this.#hearCommits()
    this.#dead = error
    for (const lane of LANES) this.#ports[lane].close()
    this.#stateRequests.rejectAll(error)
    this.#flushes.reject(error)
    for (const lane of LANES) this.#queues[lane].abandonMarks()
    this.#onOpened(error)
    this.#onClosed()
    if (this.#closing !== undefined) return
    const { alarm, telemetry } = this.#queues
    const lost = { alarms: alarm.waiting, telemetry: telemetry.waiting }
    this.#options.logger?.error({ error: String(error), ...lost }, 'the log thread has died; what was not durable is lost')
    const storageError = `the log thread has died (${error.message}) with ${lost.alarms} alarms and ${lost.telemetry} of telemetry not durable`
    this.#view.ended(storageError)
    this.#options.onFatal?.(error)
  }
}

/** False: it has not settled in time, and may do so later. */
async function settledWithin(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs)
  })
  const settled = work.then(
    () => true,
    () => true
  )
  const inTime = await Promise.race([settled, limit])
  clearTimeout(timer)
  return inTime
}
