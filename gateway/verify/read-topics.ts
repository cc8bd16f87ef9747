import { setTimeout as delay } from 'node:timers/promises'
import { GatewayError } from '../errors.ts'
import { codeName } from '../forward/kafka-codes.ts'
import type { KafkaLink } from '../forward/kafka-link.ts'
import { LinkError } from '../forward/link-error.ts'
import { type FetchedPartition, type FetchedRecord, PartitionProgress } from './partition-progress.ts'
import type { PartitionExtent } from './topic-extent.ts'

export interface ReadTopicsOptions {
  readonly link: KafkaLink
  readonly extents: readonly PartitionExtent[]
  /** The longest time without any progress. */
  readonly stallLimitMs: number
  readonly onRecord: (record: FetchedRecord, topic: string, partition: number) => void
}

interface FetchAnswer {
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[]
}

const FETCH_BYTES_PER_PARTITION = 2 * 1024 * 1024
const FETCH_BYTES = 16 * 1024 * 1024
/** How long a broker may wait for something to come. */
export const FETCH_WAIT_MS = 500
const PAUSE_MS = 200
/** What aborted transactions wrote is told apart, and what is not decided yet is not read. */
const READ_COMMITTED = 1

/** Trying again mends none of these. */
const FINAL_CODES: ReadonlyMap<string, string> = new Map([
  ['TOPIC_AUTHORIZATION_FAILED', 'this user may not read it'],
  ['OFFSET_OUT_OF_RANGE', 'records were deleted while it was being read; verify again']
])

/**
 * Reads every partition from its first record to the end it had at the start, in the order of each partition, straight from the
 * partitions' leaders: without a consumer group there is nothing to join, to be given, or to leave behind. Brokers that go away
 * and leaders that move are waited for until there was no progress for `stallLimitMs`. Throws a GatewayError.
 */
export async function readTopics(options: ReadTopicsOptions): Promise<void> {
  const { link, stallLimitMs } = options
  let open = options.extents.map((extent) => new PartitionProgress(extent)).filter(({ complete }) => !complete)
  let progressedAt = performance.now()
  let viewIsGood = false
  let trouble = ''
  while (open.length > 0) {
    try {
      if (!viewIsGood) await link.refreshView([...new Set(open.map(({ extent }) => extent.topic))])
      const round = await readRound(open, options)
      trouble = round.trouble
      viewIsGood = trouble === ''
      if (round.progressed) progressedAt = performance.now()
    } catch (error) {
      if (!(error instanceof LinkError)) throw error
      trouble = error.message
      viewIsGood = false
    }
    open = open.filter(({ complete }) => !complete)
    if (open.length > 0 && performance.now() - progressedAt >= stallLimitMs) throw stalled(open, stallLimitMs, trouble)
    if (trouble !== '') await delay(PAUSE_MS)
  }
}

function stalled(open: readonly PartitionProgress[], stallLimitMs: number, trouble: string): GatewayError {
  const waitingFor = open.map(({ extent, next }) => `${extent.topic}/${extent.partition} from ${next} to ${extent.end}`).join(', ')
  const why = trouble === '' ? '' : ` (${trouble})`
  return new GatewayError('VERIFY_READ_FAILED', `nothing came for ${stallLimitMs / 1000} s while reading ${waitingFor}${why}`)
}

interface Round {
  readonly progressed: boolean
  /** Why not all of it could be asked for; empty: nothing was amiss. */
  readonly trouble: string
}

/** One fetch from each leader at the same time. */
async function readRound(open: readonly PartitionProgress[], options: ReadTopicsOptions): Promise<Round> {
  const { topics } = options.link.view
  const byLeader = new Map<number, PartitionProgress[]>()
  for (const progress of open) {
    const leader = topics.get(progress.extent.topic)?.partitions[progress.extent.partition]?.leader ?? -1
    byLeader.set(leader, [...(byLeader.get(leader) ?? []), progress])
  }
  const rounds = await Promise.all([...byLeader].map(([leader, partitions]) => readFrom(leader, partitions, options)))
  return {
    progressed: rounds.some(({ progressed }) => progressed),
    trouble: rounds.find(({ trouble }) => trouble !== '')?.trouble ?? ''
  }
}

async function readFrom(leader: number, partitions: readonly PartitionProgress[], options: ReadTopicsOptions): Promise<Round> {
  const { link } = options
  const [first] = partitions
  if (leader < 0) return { progressed: false, trouble: `${first?.extent.topic}/${first?.extent.partition} has no leader` }
  try {
    const throttledMs = link.throttledForMs(leader)
    if (throttledMs > 0) await delay(throttledMs)
    return takeAnswer((await link.request(leader, 'Fetch', fetchRequest(partitions))) as FetchAnswer, partitions, options)
  } catch (error) {
    // The other leaders go on.
    if (error instanceof LinkError) return { progressed: false, trouble: error.message }
    throw error
  }
}

function fetchRequest(partitions: readonly PartitionProgress[]): object {
  const topics = new Map<string, object[]>()
  for (const { extent, next } of partitions) {
    const asked = { partition: extent.partition, fetchOffset: String(next), maxBytes: FETCH_BYTES_PER_PARTITION }
    topics.set(extent.topic, [...(topics.get(extent.topic) ?? []), asked])
  }
  return {
    maxWaitTime: FETCH_WAIT_MS,
    minBytes: 1,
    maxBytes: FETCH_BYTES,
    isolationLevel: READ_COMMITTED,
    topics: [...topics].map(([topic, asked]) => ({ topic, partitions: asked }))
  }
}

function takeAnswer({ responses }: FetchAnswer, asked: readonly PartitionProgress[], { onRecord }: ReadTopicsOptions): Round {
  let progressed = false
  let trouble = ''
  for (const { topicName, partitions } of responses) {
    for (const fetched of partitions) {
      const place = `${topicName}/${fetched.partition}`
      const code = codeName(fetched.errorCode)
      const final = FINAL_CODES.get(code)
      if (final !== undefined) throw new GatewayError('VERIFY_READ_FAILED', `${place}: ${final} (${code})`)
      if (code !== 'NONE') trouble = `${place}: ${code}`
      const progress = asked.find(({ extent }) => extent.topic === topicName && extent.partition === fetched.partition)
      if (progress?.take(fetched, (record) => onRecord(record, topicName, fetched.partition))) progressed = true
    }
  }
  return { progressed, trouble }
}
