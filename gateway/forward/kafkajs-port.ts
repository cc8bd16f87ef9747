/**
 * The way to Kafka by kafkajs. What its promises rest on: acks from all in-sync replicas; never idempotent (kafkajs winds
 * sequence numbers back and loses records silently); no retries below us; one batch under way per partition; the verdict
 * of each partition taken by itself; and a record counts as accepted only when the answer names its partition without
 * an error.
 */
import type { Clock } from '../../drivers/driver.ts'
import type { ForwardPort, OutgoingRecord, RecordOutcome, TopicDifference, TopicSettings } from './forward-port.ts'
import { codeName } from './kafka-codes.ts'
import { KafkaLink, type LinkTimes } from './kafka-link.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import { linkErrorOf } from './link-error.ts'
import { partitionOfKey } from './partition-of-key.ts'
import { type PartitionBatch, PartitionQueue, type TopicLimits } from './partition-queue.ts'
import { encodeProduceBody } from './produce-request.ts'
import { type Compression, encodeRecordBatch } from './record-batch.ts'
import { ensureTopics } from './topic-setup.ts'

export interface KafkajsPortOptions {
  readonly settings: KafkaSettings
  readonly clientId: string
  readonly clock: Clock
  readonly times?: LinkTimes
}

/** Slow mobile and satellite links need seconds for TCP and TLS alone. */
const DEFAULT_TIMES: LinkTimes = { connectTimeoutMs: 20_000, requestTimeoutMs: 30_000 }
/** Brokers take 1 MiB by default, with their own overhead in it. */
const MAX_BATCH_BYTES = 900_000
const MAX_REQUEST_BYTES = 2_000_000
/**
 * First with what is known of the cluster, then after asking it again: at once, and twice more after a moment. A leader
 * that moves, or a topic just created, is there by then; what takes longer is for the caller to keep.
 */
const PAUSES_MS = [0, 100, 300]
/** Partitions may be added to a topic without anything failing. */
const VIEW_MAX_AGE_MS = 300_000
/** Earlier than this the wall clock is plainly wrong, and so would be a time of sending. */
const CLOCK_FLOOR_MS = Date.UTC(2026, 0, 1)
/** Kafka's NO_TIMESTAMP: retention then counts from arrival even where a topic keeps the sender's time. */
const NO_TIMESTAMP = -1

interface ProduceAnswer {
  readonly topics: readonly {
    readonly topicName: string
    readonly partitions: readonly { readonly partition: number; readonly errorCode: number }[]
  }[]
}

export function createKafkajsPort(options: KafkajsPortOptions): ForwardPort {
  return new KafkajsPort(options)
}

class KafkajsPort implements ForwardPort {
  readonly #link: KafkaLink
  readonly #clock: Clock
  readonly #times: LinkTimes
  readonly #compression: Compression
  readonly #limits = new Map<string, TopicLimits>()
  readonly #sleepers = new Set<() => void>()
  #viewLoadedAtMs = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(options: KafkajsPortOptions) {
    this.#clock = options.clock
    this.#times = options.times ?? DEFAULT_TIMES
    this.#compression = options.settings.compression ?? 'none'
    this.#link = new KafkaLink(options.settings, options.clientId, options.clock, this.#times)
  }

  async connect(): Promise<void> {
    await this.#link.connect()
  }

  async ensureTopics(topics: readonly TopicSettings[]): Promise<readonly TopicDifference[]> {
    for (const { topic } of topics) this.#limitsOf(topic)
    const state = await ensureTopics(this.#link, topics, [...this.#limits.keys()], (ms) => this.#sleep(ms))
    for (const [topic, bytes] of state.maxMessageBytes) this.#limitsOf(topic).maxBatchBytes = Math.min(MAX_BATCH_BYTES, bytes)
    return state.differences
  }

  async send(records: readonly OutgoingRecord[]): Promise<readonly RecordOutcome[]> {
    const outcomes: (RecordOutcome | undefined)[] = new Array(records.length).fill(undefined)
    let indexes: readonly number[] = records.map((_, index) => index)
    for (let attempt = 0; indexes.length > 0; attempt++) {
      if (attempt > 0) await this.#sleep(PAUSES_MS[attempt - 1] ?? 0)
      const failure = await this.#loadView(records, indexes, attempt > 0)
      if (failure !== undefined) {
        for (const index of indexes) outcomes[index] = failure
        break
      }
      const queues = this.#queues(records, indexes, outcomes)
      await this.#runLeaders(queues, records)
      const again: number[] = []
      for (const queue of queues) {
        if (queue.stopped?.again === true && attempt < PAUSES_MS.length && !this.#closed) again.push(...queue.rest())
        else queue.keepRest()
      }
      indexes = again.sort((a, b) => a - b)
    }
    return outcomes.map((outcome) => outcome ?? { kind: 'keep', scope: 'link', code: 'KAFKA_NO_RESULT', why: 'no result' })
  }

  close(): Promise<void> {
    this.#closed = true
    this.#link.close()
    for (const wake of this.#sleepers) wake()
    return Promise.resolve()
  }

  #limitsOf(topic: string): TopicLimits {
    let limits = this.#limits.get(topic)
    if (limits === undefined) {
      limits = { maxBatchBytes: MAX_BATCH_BYTES, withoutTimestamp: false }
      this.#limits.set(topic, limits)
    }
    return limits
  }

  /** Asks for the cluster's state when a topic of these records is not known, or when told to. */
  async #loadView(records: readonly OutgoingRecord[], indexes: readonly number[], refresh: boolean): Promise<RecordOutcome | undefined> {
    const known = this.#link.view.topics
    let missing = refresh || this.#clock.monotonicMs() - this.#viewLoadedAtMs > VIEW_MAX_AGE_MS
    for (const index of indexes) {
      const topic = records[index]?.topic ?? ''
      this.#limitsOf(topic)
      missing ||= known.get(topic)?.code !== 'NONE'
    }
    if (!missing) return undefined
    try {
      await this.#link.refreshView([...this.#limits.keys()])
      this.#viewLoadedAtMs = this.#clock.monotonicMs()
      return undefined
    } catch (error) {
      const { code, message } = linkErrorOf(error, 'kafka')
      return { kind: 'keep', scope: 'link', code, why: message }
    }
  }

  /** One queue a partition; records of topics that the cluster refuses to name get their outcome here. */
  #queues(records: readonly OutgoingRecord[], indexes: readonly number[], outcomes: (RecordOutcome | undefined)[]): PartitionQueue[] {
    const byTopic = new Map<string, number[][]>()
    for (const index of indexes) {
      const record = records[index]
      if (record === undefined) continue
      const view = this.#link.view.topics.get(record.topic)
      const partitions = view?.partitions.length ?? 0
      if (view === undefined || view.code !== 'NONE' || partitions === 0) {
        const code = view === undefined || view.code === 'NONE' ? 'UNKNOWN_TOPIC_OR_PARTITION' : view.code
        outcomes[index] = { kind: 'keep', scope: 'topic', code, why: `the cluster does not give ${record.topic}` }
        continue
      }
      let lists = byTopic.get(record.topic)
      if (lists === undefined) {
        lists = Array.from({ length: partitions }, () => [])
        byTopic.set(record.topic, lists)
      }
      lists[partitionOfKey(record.key, partitions)]?.push(index)
    }
    return [...byTopic].flatMap(([topic, lists]) =>
      lists.flatMap((list, partition) =>
        list.length === 0 ? [] : [new PartitionQueue(topic, partition, list, records, outcomes, this.#limitsOf(topic))]
      )
    )
  }

  async #runLeaders(queues: readonly PartitionQueue[], records: readonly OutgoingRecord[]): Promise<void> {
    const byLeader = new Map<number, PartitionQueue[]>()
    for (const queue of queues) {
      const leader = this.#link.view.topics.get(queue.topic)?.partitions[queue.partition]?.leader ?? -1
      if (leader < 0) queue.settle({ indexes: [], bytes: 0 }, 'LEADER_NOT_AVAILABLE')
      else byLeader.set(leader, [...(byLeader.get(leader) ?? []), queue])
    }
    await Promise.all([...byLeader].map(([leader, own]) => this.#runLeader(leader, own, records)))
  }

  async #runLeader(leader: number, queues: readonly PartitionQueue[], records: readonly OutgoingRecord[]): Promise<void> {
    for (let open = queues.filter((queue) => queue.open); open.length > 0; open = queues.filter((queue) => queue.open)) {
      await this.#sleep(this.#link.throttledForMs(leader))
      const round = takeRound(open)
      try {
        const answer = await this.#link.produce(leader, await this.#produceBody(round, records))
        const codes = codesOf(answer as ProduceAnswer)
        for (const [queue, batch] of round) queue.settle(batch, codes.get(`${queue.partition}/${queue.topic}`) ?? 'KAFKA_NO_RESULT')
      } catch (error) {
        const { code, message } = linkErrorOf(error, `broker ${leader}`)
        const scope = this.#link.hasOtherThan(leader) ? 'topic' : 'link'
        // After silence the caller decides: asking again at once would double the wait and the load.
        for (const queue of open) queue.stop({ code, why: message, scope, again: code !== 'KAFKA_NO_ANSWER' })
      }
    }
  }

  async #produceBody(round: ReadonlyMap<PartitionQueue, PartitionBatch>, records: readonly OutgoingRecord[]): Promise<Buffer> {
    const nowMs = this.#clock.wallMs()
    const partitions = [...round].map(async ([{ topic, partition, withoutTimestamp }, { indexes }]) => {
      const timestamp = withoutTimestamp || nowMs < CLOCK_FLOOR_MS ? NO_TIMESTAMP : Math.trunc(nowMs)
      return { topic, partition, batch: await encodeRecordBatch(records, indexes, timestamp, this.#compression) }
    })
    return encodeProduceBody(await Promise.all(partitions), this.#times.requestTimeoutMs)
  }

  #sleep(delayMs: number): Promise<void> {
    if (delayMs <= 0 || this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel()
        this.#sleepers.delete(wake)
        resolve()
      }
      const timer = this.#clock.setTimeout(wake, delayMs)
      this.#sleepers.add(wake)
    })
  }
}

/** The next batch of as many partitions as one request should hold. */
function takeRound(open: readonly PartitionQueue[]): Map<PartitionQueue, PartitionBatch> {
  const round = new Map<PartitionQueue, PartitionBatch>()
  let bytes = 0
  for (const queue of open) {
    const batch = queue.nextBatch()
    if (round.size > 0 && bytes + batch.bytes > MAX_REQUEST_BYTES) break
    bytes += batch.bytes
    round.set(queue, batch)
  }
  return round
}

function codesOf(answer: ProduceAnswer): Map<string, string> {
  return new Map(
    answer.topics.flatMap(({ topicName, partitions }) =>
      partitions.map(({ partition, errorCode }) => [`${partition}/${topicName}`, codeName(errorCode)] as const)
    )
  )
}
