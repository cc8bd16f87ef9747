import type { Clock } from '../../drivers/driver.ts'
import type { BackoffPolicy } from '../../drivers/supervisor/backoff.ts'
import type { Lane } from '../events/define-event.ts'
import type { LoggedEvent } from '../log/event-log.ts'
import type { ForwarderMessage, LogReader, ReadOptions, ReadResult, SetAsideRecord } from '../log/reader-contract.ts'
import { BatchSizer } from './batch-sizer.ts'
import type { EventEncoder } from './cloud-event.ts'
import type { ForwardPort, OutgoingRecord, RecordOutcome, TopicSettings } from './forward-port.ts'
import { LaneLink, type LinkFailure, PORT_LIMIT_MS } from './lane-link.ts'
import { LaneProgress } from './lane-progress.ts'
import { Sleeper } from './sleeper.ts'

export interface LaneOptions {
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

/** Most events of one read. */
export const MAX_EVENTS = 1_000
/** A straggler reads this much ahead of the group at the most, so that both are close together after a restart. */
export const STRAGGLER_AHEAD = 5_000
/** Topics further apart than this after a restart do not wait for each other. */
const GROUP_WINDOW = 2 * STRAGGLER_AHEAD
export const READ_AGAIN_MS = 1_000
const STUCK: RecordOutcome = { kind: 'keep', scope: 'link', code: 'KAFKA_STUCK', why: 'the client did not settle' }

/** What the group of a lane and its stragglers share: the log's reader, the way out, the cursors, and what is told of them. */
export class LaneCore {
  readonly options: LaneOptions
  readonly lane: Lane
  readonly progress: LaneProgress
  readonly link: LaneLink
  readonly sleeper: Sleeper
  readonly sizer = new BatchSizer()
  acceptedCount = 0
  readonly #tasks = new Set<Promise<void>>()
  #setAside = 0
  #readFailure: LinkFailure | undefined

  constructor(options: LaneOptions) {
    this.options = options
    this.lane = options.lane
    this.progress = new LaneProgress(
      options.topics.map(({ topic }) => topic),
      options.cursors,
      GROUP_WINDOW
    )
    this.sleeper = new Sleeper(options.clock)
    this.link = new LaneLink(options)
  }

  get readFailure(): LinkFailure | undefined {
    return this.#readFailure
  }

  get setAsideCount(): number {
    return this.#setAside
  }

  run(task: () => Promise<void>): void {
    const running = task().finally(() => this.#tasks.delete(running))
    this.#tasks.add(running)
  }

  /** Lets what waits go on, to its end. */
  stop(): void {
    this.sleeper.stop()
    this.link.stop()
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks)
  }

  /** Undefined: it cannot be read now. */
  read(afterSequence: number, options: ReadOptions): ReadResult | undefined {
    try {
      const result = this.options.reader.read(this.lane, afterSequence, options)
      this.#readFailure = undefined
      // Not ours to send: whoever keeps a high-water mark would miss what lies before our cursors.
      if (result.life !== this.options.epoch) return undefined
      // Before any cursor passes it.
      if (result.damaged !== undefined) this.options.tell({ kind: 'damaged', epoch: this.options.epoch, runs: result.damaged })
      return result
    } catch (error) {
      // Nothing is lost by it: the same is read again.
      this.#readFailure = { code: 'LOG_READ_FAILED', message: String(error), at: this.options.clock.wallMs() }
      this.options.onChange()
      return undefined
    }
  }

  async send(port: ForwardPort, records: readonly OutgoingRecord[]): Promise<readonly RecordOutcome[]> {
    const outcomes = await this.sleeper.limited<readonly RecordOutcome[]>(port.send(records), PORT_LIMIT_MS, [])
    return outcomes.length === records.length ? outcomes : records.map(() => STUCK)
  }

  /** The other side refuses it for good. */
  setAsideAs(event: LoggedEvent, topic: string, code: string, why: string): void {
    const record: SetAsideRecord = {
      lane: this.lane,
      epoch: event.epoch,
      sequence: event.sequence,
      type: event.type,
      topic,
      code,
      why,
      at: this.options.clock.wallMs()
    }
    this.#setAside++
    this.options.tell({ kind: 'set-aside', records: [record] })
  }

  /** The cursors of these topics moved. */
  advanced(topics: readonly string[]): void {
    if (topics.length === 0) return
    this.options.tell({
      kind: 'advance',
      epoch: this.options.epoch,
      cursors: topics.map((topic) => ({ lane: this.lane, topic, sequence: this.progress.cursor(topic) }))
    })
    this.options.onChange()
  }
}
