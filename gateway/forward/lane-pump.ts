/**
 * Sends one lane of the log, for ever. Reads a chunk, sends it, waits for all of it, moves the cursors, while the next
 * chunk is read and encoded. Only an acknowledgement moves a cursor. Order: a chunk is settled before the next is sent,
 * so nothing of a key overtakes what came before it.
 *
 * A topic that cannot take its records leaves the group (see LaneProgress) and is tried by itself; a failure of the link
 * stops the lane until it is connected again. Neither ends anything, and nothing is given up except single records that
 * the other side refuses for good: those go to the list of set-aside records, told by a `DataGap`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../drivers/driver.ts'
import { type BackoffPolicy, backoffDelays } from '../../drivers/supervisor/backoff.ts'
import type { Lane } from '../events/define-event.ts'
import type { LoggedEvent } from '../log/event-log.ts'
import type { ForwarderMessage, LogReader, ReadOptions, ReadResult, SetAsideRecord } from '../log/reader-contract.ts'
import { BatchSizer } from './batch-sizer.ts'
import type { EventEncoder } from './cloud-event.ts'
import type { ForwardPort, OutgoingRecord, RecordOutcome, TopicSettings } from './forward-port.ts'
import { LaneLink, type LinkFailure, PORT_LIMIT_MS } from './lane-link.ts'
import { LaneProgress } from './lane-progress.ts'
import { Sleeper } from './sleeper.ts'

export interface LanePumpOptions {
  readonly lane: Lane
  /** Life of the log that the cursors belong to; what is told of another is ignored. */
  readonly epoch: string
  readonly reader: Pick<LogReader, 'read' | 'lastSequence'>
  readonly encode: EventEncoder
  readonly topicOfType: ReadonlyMap<string, string>
  readonly topics: readonly TopicSettings[]
  /** By topic. */
  readonly cursors: ReadonlyMap<string, number>
  readonly createPort: () => ForwardPort
  readonly clock: Clock
  readonly random: () => number
  readonly tell: (message: ForwarderMessage) => void
  /** Before an attempt to connect. */
  readonly beforeConnect: () => Promise<void>
  /** Between attempts to connect, and of a topic that cannot follow. */
  readonly backoff: BackoffPolicy
  readonly onConnected?: () => void
  /** How long the lane may be quiet before it looks whether the link still works; absent: it does not look. */
  readonly probeEveryMs?: number
  readonly onChange: () => void
}

export interface StragglerState {
  readonly topic: string
  readonly code: string
  readonly why: string
}

interface Straggler {
  failure: { readonly code: string; readonly why: string } | undefined
}

/** Records of the group, in order; `events[i]` became `records[i]`. */
interface Chunk {
  readonly events: readonly LoggedEvent[]
  readonly records: readonly OutgoingRecord[]
  /** Last sequence looked at. */
  readonly to: number
  /** How often topics had left the group when it was read. */
  readonly leaves: number
  readonly full: boolean
}

const MAX_EVENTS = 1_000
/** A straggler reads this much ahead of the group at the most, so that both are close together after a restart. */
const STRAGGLER_AHEAD = 5_000
/** Topics further apart than this after a restart do not wait for each other. */
const GROUP_WINDOW = 2 * STRAGGLER_AHEAD
const STRAGGLER_PROBE_EVENTS = 50
const READ_AGAIN_MS = 1_000
/** A leader that moves is found soon. */
const STRAGGLER_FIRST_MS = 100
const STUCK: RecordOutcome = { kind: 'keep', scope: 'link', code: 'KAFKA_STUCK', why: 'the client did not settle' }

export class LanePump {
  readonly #options: LanePumpOptions
  readonly #lane: Lane
  readonly #progress: LaneProgress
  readonly #link: LaneLink
  readonly #sleeper: Sleeper
  readonly #sizer = new BatchSizer()
  readonly #typesOfTopic = new Map<string, Set<string>>()
  readonly #stragglers = new Map<string, Straggler>()
  readonly #tasks = new Set<Promise<void>>()
  #next: Chunk | undefined
  #current: LoggedEvent | undefined
  #leaves = 0
  #readFailure: LinkFailure | undefined
  #woken = false
  #wakeIdle: (() => void) | undefined
  #accepted = 0
  #setAside = 0

  constructor(options: LanePumpOptions) {
    this.#options = options
    this.#lane = options.lane
    this.#progress = new LaneProgress(
      options.topics.map(({ topic }) => topic),
      options.cursors,
      GROUP_WINDOW
    )
    this.#sleeper = new Sleeper(options.clock)
    this.#link = new LaneLink(options)
    for (const [type, topic] of options.topicOfType) this.#typesOfTopic.set(topic, (this.#typesOfTopic.get(topic) ?? new Set()).add(type))
  }

  get link(): LaneLink {
    return this.#link
  }

  get progress(): LaneProgress {
    return this.#progress
  }

  get acceptedCount(): number {
    return this.#accepted
  }

  get readFailure(): LinkFailure | undefined {
    return this.#readFailure
  }

  get setAsideCount(): number {
    return this.#setAside
  }

  /** When the gateway received the oldest event that the group is busy with, epoch milliseconds. */
  get oldestReceivedAt(): number | undefined {
    return this.#current?.receivedAt
  }

  stragglers(): StragglerState[] {
    return [...this.#stragglers].map(([topic, { failure }]) => ({
      topic,
      code: failure?.code ?? 'BEHIND',
      why: failure?.why ?? 'catching up'
    }))
  }

  start(): void {
    this.#run(() => this.#pump())
    for (const topic of this.#progress.stragglers()) this.#startStraggler(topic, undefined)
  }

  /** The log has something new. */
  wake(): void {
    this.#woken = true
    this.#wakeIdle?.()
  }

  /** Resolves when nothing runs any more. What is under way may arrive all the same. */
  async stop(): Promise<void> {
    this.#sleeper.stop()
    this.#link.stop()
    this.wake()
    while (this.#tasks.size > 0) await Promise.all(this.#tasks)
  }

  #run(task: () => Promise<void>): void {
    const running = task().finally(() => this.#tasks.delete(running))
    this.#tasks.add(running)
  }

  async #pump(): Promise<void> {
    while (!this.#sleeper.stopped) {
      const chunk = this.#next ?? this.#readChunk()
      this.#next = undefined
      if (chunk === undefined) await this.#idle()
      else await this.#deliver(chunk)
    }
  }

  /** Waits for something new. A lane that is quiet for long looks whether the other side is still there, and as it should be. */
  async #idle(): Promise<void> {
    this.#current = undefined
    this.#options.onChange()
    if (!this.#woken) await Promise.race([this.#link.ready(), this.#untilWoken()])
    while (!this.#woken && !this.#sleeper.stopped) {
      await this.#untilWoken(this.#options.probeEveryMs)
      if (this.#woken || this.#sleeper.stopped) break
      const probe = this.#link.ready().then((port) => port && this.#link.ensureTopics(port, this.#options.topics))
      await Promise.race([probe, this.#untilWoken()])
    }
    this.#woken = false
  }

  #untilWoken(limitMs?: number): Promise<void> {
    if (this.#woken || this.#sleeper.stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        timer?.cancel()
        resolve()
      }
      const timer = limitMs === undefined ? undefined : this.#options.clock.setTimeout(wake, limitMs)
      this.#wakeIdle = wake
    })
  }

  #read(afterSequence: number, options: ReadOptions): ReadResult | undefined {
    try {
      const result = this.#options.reader.read(this.#lane, afterSequence, options)
      this.#readFailure = undefined
      // Not ours to send: whoever keeps a high-water mark would miss what lies before our cursors.
      if (result.life !== this.#options.epoch) return undefined
      // Before any cursor passes it.
      if (result.damaged !== undefined) this.#options.tell({ kind: 'damaged', epoch: this.#options.epoch, runs: result.damaged })
      return result
    } catch (error) {
      // Nothing is lost by it: the same is read again.
      this.#readFailure = { code: 'LOG_READ_FAILED', message: String(error), at: this.#options.clock.wallMs() }
      this.#options.onChange()
      return undefined
    }
  }

  /** Undefined: nothing new, or nobody in the group. */
  #readChunk(): Chunk | undefined {
    const { reader, encode, topicOfType, topics } = this.#options
    if (this.#progress.stragglers().length === topics.length) return undefined
    const from = this.#progress.groupedTo
    const result = this.#read(from, { maxEvents: MAX_EVENTS, maxBytes: this.#sizer.maxBytes })
    if (result === undefined) this.#run(() => this.#sleeper.sleep(READ_AGAIN_MS).then(() => this.wake()))
    if (result === undefined || result.scannedTo <= from) return undefined
    const { events, scannedTo } = result
    const due: LoggedEvent[] = []
    const records: OutgoingRecord[] = []
    for (const event of events) {
      const topic = topicOfType.get(event.type)
      if (topic === undefined) this.#setAsideAs(event, '', 'UNKNOWN_TYPE', `no topic for ${event.type}: written by another version`)
      else if (this.#progress.isDue(topic, event.sequence)) {
        due.push(event)
        records.push(encode(event, topic))
      }
    }
    this.#progress.grouped(scannedTo)
    const full = events.length === MAX_EVENTS || scannedTo < reader.lastSequence(this.#lane)
    return { events: due, records, to: scannedTo, leaves: this.#leaves, full }
  }

  async #deliver(chunk: Chunk): Promise<void> {
    let { events, records } = this.#stillDue(chunk)
    this.#current = events[0]
    while (records.length > 0) {
      const port = await this.#link.ready()
      if (port === undefined) return
      const outcomes = await this.#sendAndReadOn(port, records, chunk.full)
      const left = this.#take(port, events, records, outcomes)
      if (left.length === 0) break
      events = left.map((index) => events[index]).filter((event) => event !== undefined)
      records = left.map((index) => records[index]).filter((record) => record !== undefined)
      const [first] = events
      if (first !== undefined) this.#advanced(this.#progress.advanceGroup(first.sequence - 1))
    }
    if (!this.#sleeper.stopped) this.#advanced(this.#progress.advanceGroup(chunk.to))
  }

  /** Topics may have left the group since the chunk was read. */
  #stillDue(chunk: Chunk): Pick<Chunk, 'events' | 'records'> {
    if (chunk.leaves === this.#leaves) return chunk
    const due = chunk.records.map((record, index) => this.#progress.isDue(record.topic, chunk.events[index]?.sequence ?? 0))
    return { events: chunk.events.filter((_, index) => due[index]), records: chunk.records.filter((_, index) => due[index]) }
  }

  async #sendAndReadOn(port: ForwardPort, records: readonly OutgoingRecord[], full: boolean): Promise<readonly RecordOutcome[]> {
    const { clock } = this.#options
    const startedMs = clock.monotonicMs()
    const sending = this.#send(port, records)
    // The port needs this turn to encode and write; the next chunk is read while the network works.
    await nextTurn()
    this.#next ??= this.#readChunk()
    const outcomes = await sending
    this.#sizer.sent(clock.monotonicMs() - startedMs, full)
    return outcomes
  }

  async #send(port: ForwardPort, records: readonly OutgoingRecord[]): Promise<readonly RecordOutcome[]> {
    const outcomes = await this.#sleeper.limited<readonly RecordOutcome[]>(port.send(records), PORT_LIMIT_MS, [])
    return outcomes.length === records.length ? outcomes : records.map(() => STUCK)
  }

  /** Acts on the outcomes; gives the indexes that are to be sent again on a new link. */
  #take(
    port: ForwardPort,
    events: readonly LoggedEvent[],
    records: readonly OutgoingRecord[],
    outcomes: readonly RecordOutcome[]
  ): number[] {
    const again: number[] = []
    const firstKept = new Map<string, number>()
    let failure: { readonly code: string; readonly why: string } | undefined
    let accepted = 0
    for (let index = 0; index < outcomes.length; index++) {
      const outcome = outcomes[index]
      if (outcome?.kind === 'accepted') {
        accepted++
        continue
      }
      const event = events[index]
      const topic = records[index]?.topic ?? ''
      // What a topic has left behind is read again by itself, refused records and all.
      if (outcome === undefined || event === undefined || !this.#progress.isInGroup(topic)) continue
      if (outcome.kind === 'never') {
        this.#setAsideAs(event, topic, outcome.code, outcome.why)
        continue
      }
      if (!firstKept.has(topic)) firstKept.set(topic, event.sequence)
      if (outcome.scope === 'topic') this.#leave(topic, firstKept.get(topic) ?? event.sequence, outcome)
      else {
        again.push(index)
        failure = outcome
      }
    }
    this.#accepted += accepted
    if (accepted > 0) this.#link.worked(port)
    if (failure !== undefined) {
      if (failure.code === 'KAFKA_NO_ANSWER') this.#sizer.timedOut()
      this.#link.failed(port, failure.code, failure.why)
    }
    return again.filter((index) => this.#progress.isInGroup(records[index]?.topic ?? ''))
  }

  /** `sequence`: of the first record that it has not got. */
  #leave(topic: string, sequence: number, failure: { readonly code: string; readonly why: string }): void {
    this.#leaves++
    if (this.#progress.leave(topic, sequence - 1)) this.#advanced([topic])
    this.#startStraggler(topic, { code: failure.code, why: failure.why })
  }

  #setAsideAs(event: LoggedEvent, topic: string, code: string, why: string): void {
    const record: SetAsideRecord = {
      lane: this.#lane,
      epoch: event.epoch,
      sequence: event.sequence,
      type: event.type,
      topic,
      code,
      why,
      at: this.#options.clock.wallMs()
    }
    this.#setAside++
    this.#options.tell({ kind: 'set-aside', records: [record] })
  }

  #advanced(topics: readonly string[]): void {
    if (topics.length === 0) return
    this.#options.tell({
      kind: 'advance',
      epoch: this.#options.epoch,
      cursors: topics.map((topic) => ({ lane: this.#lane, topic, sequence: this.#progress.cursor(topic) }))
    })
    this.#options.onChange()
  }

  #startStraggler(topic: string, failure: Straggler['failure']): void {
    const straggler: Straggler = { failure }
    this.#stragglers.set(topic, straggler)
    this.#options.onChange()
    this.#run(() => this.#straggle(topic, straggler))
  }

  async #straggle(topic: string, straggler: Straggler): Promise<void> {
    const delays = backoffDelays({ ...this.#options.backoff, firstMs: STRAGGLER_FIRST_MS }, this.#options.random)
    while (!this.#sleeper.stopped && !this.#progress.rejoin(topic)) {
      if (straggler.failure !== undefined) await this.#sleeper.sleep(delays.next().value)
      const port = await this.#link.ready()
      if (port === undefined) return
      if (straggler.failure !== undefined && !(await this.#link.ensureTopics(port, this.#settingsOf(topic)))) continue
      await this.#straggleOn(port, topic, straggler)
    }
    if (this.#sleeper.stopped) return
    this.#stragglers.delete(topic)
    this.#options.onChange()
    this.wake()
  }

  #settingsOf(topic: string): TopicSettings[] {
    return this.#options.topics.filter((settings) => settings.topic === topic)
  }

  /** One read and one send of a straggler. */
  async #straggleOn(port: ForwardPort, topic: string, straggler: Straggler): Promise<void> {
    const result = this.#read(this.#progress.cursor(topic), {
      types: this.#typesOfTopic.get(topic) ?? new Set(),
      maxEvents: straggler.failure === undefined ? MAX_EVENTS : STRAGGLER_PROBE_EVENTS,
      maxBytes: this.#sizer.maxBytes
    })
    if (result === undefined) return await this.#sleeper.sleep(READ_AGAIN_MS)
    const to = Math.min(result.scannedTo, this.#progress.groupedTo + STRAGGLER_AHEAD)
    const due = result.events.filter(({ sequence }) => sequence <= to)
    const records = due.map((event) => this.#options.encode(event, topic))
    const outcomes = records.length === 0 ? [] : await this.#send(port, records)
    const kept = outcomes.findIndex(({ kind }) => kind === 'keep')
    for (const [index, outcome] of outcomes.entries()) {
      const event = due[index]
      // Behind a kept record everything is read again; a refused one there will be refused again.
      if (event !== undefined && outcome.kind === 'never' && (kept < 0 || index < kept))
        this.#setAsideAs(event, topic, outcome.code, outcome.why)
      if (outcome.kind === 'accepted') this.#accepted++
    }
    const failure = outcomes[kept]
    straggler.failure = failure?.kind === 'keep' && failure.scope === 'topic' ? { code: failure.code, why: failure.why } : undefined
    if (failure?.kind === 'keep' && failure.scope === 'link') this.#link.failed(port, failure.code, failure.why)
    else if (outcomes.some(({ kind }) => kind === 'accepted')) this.#link.worked(port)
    const reached = kept < 0 ? to : (due[kept]?.sequence ?? 1) - 1
    if (this.#progress.advanceStraggler(topic, reached)) this.#advanced([topic])
    this.#options.onChange()
  }
}
