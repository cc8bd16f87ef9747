/**
 * Sends one lane of the log, for ever. Reads a chunk, sends it, waits for all of it, moves the cursors, while the next
 * chunk is read and encoded. Only an acknowledgement moves a cursor. Order: a chunk is settled before the next is sent,
 * so nothing of a key overtakes what came before it. So topics of the group share a pace and a cursor as coarse as a chunk, and no more:
 * one that refuses leaves, one that does not answer is given up within the request's limit, and no more than two chunks are in memory.
 *
 * A topic that cannot take its records leaves the group (see LaneProgress) and is tried by itself; a failure of the link
 * stops the lane until it is connected again. Neither ends anything, and nothing is given up except single records that
 * the other side refuses for good: those go to the list of set-aside records, told by a `DataGap`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LoggedEvent } from '../log/event-log.ts'
import type { ForwardPort, OutgoingRecord, RecordOutcome } from './forward-port.ts'
import { LaneCore, type LaneOptions, MAX_EVENTS, READ_AGAIN_MS } from './lane-core.ts'
import type { LaneLink, LinkFailure } from './lane-link.ts'
import type { LaneProgress } from './lane-progress.ts'
import { LaneStragglers, type StragglerState } from './lane-stragglers.ts'

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

export class LanePump {
  readonly #core: LaneCore
  readonly #options: LaneOptions
  readonly #stragglers: LaneStragglers
  #next: Chunk | undefined
  #current: LoggedEvent | undefined
  #leaves = 0
  #woken = false
  #wakeIdle: (() => void) | undefined

  constructor(options: LaneOptions) {
    this.#core = new LaneCore(options)
    this.#options = options
    this.#stragglers = new LaneStragglers(this.#core, () => this.wake())
  }

  get link(): LaneLink {
    return this.#core.link
  }

  get progress(): LaneProgress {
    return this.#core.progress
  }

  get acceptedCount(): number {
    return this.#core.acceptedCount
  }

  get readFailure(): LinkFailure | undefined {
    return this.#core.readFailure
  }

  get setAsideCount(): number {
    return this.#core.setAsideCount
  }

  /** When the gateway received the oldest event that the group is busy with, epoch milliseconds. */
  get oldestReceivedAt(): number | undefined {
    return this.#current?.receivedAt
  }

  stragglers(): StragglerState[] {
    return this.#stragglers.states()
  }

  start(): void {
    this.#core.run(() => this.#pump())
    for (const topic of this.#core.progress.stragglers()) this.#stragglers.start(topic, undefined)
  }

  /** The log has something new. */
  wake(): void {
    this.#woken = true
    this.#wakeIdle?.()
  }

  /** Resolves when nothing runs any more. What is under way may arrive all the same. */
  async stop(): Promise<void> {
    this.#core.stop()
    this.wake()
    await this.#core.idle()
  }

  async #pump(): Promise<void> {
    while (!this.#core.sleeper.stopped) {
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
    if (!this.#woken) await Promise.race([this.#core.link.ready(), this.#untilWoken()])
    while (!this.#woken && !this.#core.sleeper.stopped) {
      await this.#untilWoken(this.#options.probeEveryMs)
      if (this.#woken || this.#core.sleeper.stopped) break
      const probe = this.#core.link.ready().then((port) => port && this.#core.link.ensureTopics(port, this.#options.topics))
      await Promise.race([probe, this.#untilWoken()])
    }
    this.#woken = false
  }

  #untilWoken(limitMs?: number): Promise<void> {
    if (this.#woken || this.#core.sleeper.stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        timer?.cancel()
        resolve()
      }
      const timer = limitMs === undefined ? undefined : this.#options.clock.setTimeout(wake, limitMs)
      this.#wakeIdle = wake
    })
  }

  /** Undefined: nothing new, or nobody in the group. */
  #readChunk(): Chunk | undefined {
    const { reader, encode, topicOfType, topics } = this.#options
    if (this.#core.progress.stragglers().length === topics.length) return undefined
    const from = this.#core.progress.groupedTo
    const result = this.#core.read(from, { maxEvents: MAX_EVENTS, maxBytes: this.#core.sizer.maxBytes })
    if (result === undefined) this.#core.run(() => this.#core.sleeper.sleep(READ_AGAIN_MS).then(() => this.wake()))
    if (result === undefined || result.scannedTo <= from) return undefined
    const { events, scannedTo } = result
    const due: LoggedEvent[] = []
    const records: OutgoingRecord[] = []
    for (const event of events) {
      const topic = topicOfType.get(event.type)
      if (topic === undefined) this.#core.setAsideAs(event, '', 'UNKNOWN_TYPE', `no topic for ${event.type}: written by another version`)
      else if (this.#core.progress.isDue(topic, event.sequence)) {
        due.push(event)
        records.push(encode(event, topic))
      }
    }
    this.#core.progress.grouped(scannedTo)
    const full = events.length === MAX_EVENTS || scannedTo < reader.lastSequence(this.#core.lane)
    return { events: due, records, to: scannedTo, leaves: this.#leaves, full }
  }

  async #deliver(chunk: Chunk): Promise<void> {
    let { events, records } = this.#stillDue(chunk)
    this.#current = events[0]
    while (records.length > 0) {
      const port = await this.#core.link.ready()
      if (port === undefined) return
      const outcomes = await this.#sendAndReadOn(port, records, chunk.full)
      const left = this.#take(port, events, records, outcomes)
      if (left.length === 0) break
      events = left.map((index) => events[index]).filter((event) => event !== undefined)
      records = left.map((index) => records[index]).filter((record) => record !== undefined)
      const [first] = events
      if (first !== undefined) this.#core.advanced(this.#core.progress.advanceGroup(first.sequence - 1))
    }
    if (!this.#core.sleeper.stopped) this.#core.advanced(this.#core.progress.advanceGroup(chunk.to))
  }

  /** Topics may have left the group since the chunk was read. */
  #stillDue(chunk: Chunk): Pick<Chunk, 'events' | 'records'> {
    if (chunk.leaves === this.#leaves) return chunk
    const due = chunk.records.map((record, index) => this.#core.progress.isDue(record.topic, chunk.events[index]?.sequence ?? 0))
    return { events: chunk.events.filter((_, index) => due[index]), records: chunk.records.filter((_, index) => due[index]) }
  }

  async #sendAndReadOn(port: ForwardPort, records: readonly OutgoingRecord[], full: boolean): Promise<readonly RecordOutcome[]> {
    const { clock } = this.#options
    const startedMs = clock.monotonicMs()
    const sending = this.#core.send(port, records)
    // The port needs this turn to encode and write; the next chunk is read while the network works.
    await nextTurn()
    this.#next ??= this.#readChunk()
    const outcomes = await sending
    this.#core.sizer.sent(clock.monotonicMs() - startedMs, full)
    return outcomes
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
      if (outcome === undefined || event === undefined || !this.#core.progress.isInGroup(topic)) continue
      if (outcome.kind === 'never') {
        this.#core.setAsideAs(event, topic, outcome.code, outcome.why)
        continue
      }
      if (!firstKept.has(topic)) firstKept.set(topic, event.sequence)
      if (outcome.scope === 'topic') this.#leave(topic, firstKept.get(topic) ?? event.sequence, outcome)
      else {
        again.push(index)
        failure = outcome
      }
    }
    this.#core.acceptedCount += accepted
    if (accepted > 0) this.#core.link.worked(port)
    if (failure !== undefined) {
      if (failure.code === 'KAFKA_NO_ANSWER') this.#core.sizer.timedOut()
      this.#core.link.failed(port, failure.code, failure.why)
    }
    return again.filter((index) => this.#core.progress.isInGroup(records[index]?.topic ?? ''))
  }

  /** `sequence`: of the first record that it has not got. */
  #leave(topic: string, sequence: number, failure: { readonly code: string; readonly why: string }): void {
    this.#leaves++
    if (this.#core.progress.leave(topic, sequence - 1)) this.#core.advanced([topic])
    this.#stragglers.start(topic, { code: failure.code, why: failure.why })
  }
}
