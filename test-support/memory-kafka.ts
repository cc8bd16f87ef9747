import type { Clock } from '../drivers/driver.ts'
import type { ForwardPort, OutgoingRecord, RecordOutcome, TopicDifference, TopicSettings } from '../gateway/forward/forward-port.ts'
import { LinkError } from '../gateway/forward/link-error.ts'
import { partitionOfKey } from '../gateway/forward/partition-of-key.ts'

/** How the next sends go wrong, once each. */
export type Mishap =
  /** Everything is stored, no answer comes back. */
  | 'lost-ack'
  /** Some of it is stored, no answer comes back. */
  | 'partial'
  /** Nothing arrives. */
  | 'lost-request'
  /** Stored, but no answer until the port is closed. */
  | 'silence'
  /** One partition's broker is gone, another's refuses for now; a third takes its records. */
  | 'split'

export interface MemoryKafkaState {
  linkUp: boolean
  readonly refusedTopics: Set<string>
  /** Values for which `true` is given are never acceptable. */
  isPoison: (record: OutgoingRecord) => boolean
  readonly mishaps: Mishap[]
  latencyMs: number
}

/** The far side of ports, in memory: what a cluster would have stored. For tests of what stands before the port. */
export interface MemoryKafka extends MemoryKafkaState {
  readonly partitions: number
  /** Values in the order stored: by topic, then partition. */
  readonly stored: Map<string, OutgoingRecord[][]>
  readonly ensured: string[]
  portsOpened: number
  sends: number
  createPort(clock: Clock): ForwardPort
}

const KEPT_LINK: RecordOutcome = { kind: 'keep', scope: 'link', code: 'KAFKA_CONNECTION_LOST', why: 'the test says so' }
const KEPT_TOPIC: RecordOutcome = { kind: 'keep', scope: 'topic', code: 'TOPIC_AUTHORIZATION_FAILED', why: 'the test says so' }
const NEVER: RecordOutcome = { kind: 'never', code: 'INVALID_RECORD', why: 'the test says so' }
const ACCEPTED: RecordOutcome = { kind: 'accepted' }

export function createMemoryKafka(partitions = 2): MemoryKafka {
  const kafka: MemoryKafka = {
    partitions,
    linkUp: true,
    refusedTopics: new Set(),
    isPoison: () => false,
    mishaps: [],
    latencyMs: 5,
    stored: new Map(),
    ensured: [],
    portsOpened: 0,
    sends: 0,
    createPort: (clock) => createPort(kafka, clock)
  }
  return kafka
}

function store(kafka: MemoryKafka, record: OutgoingRecord): void {
  const lists = kafka.stored.get(record.topic) ?? Array.from({ length: kafka.partitions }, () => [])
  kafka.stored.set(record.topic, lists)
  lists[partitionOfKey(record.key, kafka.partitions)]?.push(record)
}

function createPort(kafka: MemoryKafka, clock: Clock): ForwardPort {
  const pending = new Set<() => void>()
  let closed = false
  kafka.portsOpened++

  const after = (delayMs: number) =>
    new Promise<void>((resolve) => {
      if (closed) return resolve()
      const done = () => {
        timer?.cancel()
        pending.delete(done)
        resolve()
      }
      const timer = Number.isFinite(delayMs) ? clock.setTimeout(done, delayMs) : undefined
      pending.add(done)
    })
  const failUnlessUp = () => {
    if (!kafka.linkUp || closed) throw new LinkError('KAFKA_UNREACHABLE', 'the test says so')
  }

  return {
    async connect() {
      await after(kafka.latencyMs)
      failUnlessUp()
    },
    async ensureTopics(topics: readonly TopicSettings[]): Promise<readonly TopicDifference[]> {
      await after(kafka.latencyMs)
      failUnlessUp()
      kafka.ensured.push(...topics.map(({ topic }) => topic))
      return topics
        .filter(({ topic }) => kafka.refusedTopics.has(topic))
        .map(({ topic }) => ({ topic, setting: 'topic', expected: 'present', actual: 'TOPIC_AUTHORIZATION_FAILED' }))
    },
    async send(records) {
      kafka.sends++
      const mishap = kafka.linkUp ? kafka.mishaps.shift() : 'lost-request'
      const outcomes = records.map((record): RecordOutcome => {
        if (mishap === 'split') {
          const partition = partitionOfKey(record.key, kafka.partitions)
          if (partition < 2) return partition === 0 ? KEPT_LINK : KEPT_TOPIC
        }
        if (kafka.refusedTopics.has(record.topic)) return KEPT_TOPIC
        return kafka.isPoison(record) ? NEVER : ACCEPTED
      })
      const arriving = mishap === 'lost-request' || closed ? 0 : mishap === 'partial' ? Math.floor(records.length / 2) : records.length
      for (const [index, record] of records.entries()) if (index < arriving && outcomes[index] === ACCEPTED) store(kafka, record)
      await after(mishap === 'silence' ? Number.POSITIVE_INFINITY : kafka.latencyMs)
      if ((mishap !== undefined && mishap !== 'split') || closed) return records.map(() => KEPT_LINK)
      return outcomes
    },
    close() {
      closed = true
      for (const done of [...pending]) done()
      return Promise.resolve()
    }
  }
}
