/** Topics are created when missing, as they should be; existing ones are compared, and never changed. */
import type { ClusterView } from './cluster-view.ts'
import type { TopicDifference, TopicSettings } from './forward-port.ts'
import { codeName } from './kafka-codes.ts'
import type { KafkaLink } from './kafka-link.ts'

interface TopicsState {
  readonly differences: readonly TopicDifference[]
  /** As far as the cluster tells. */
  readonly maxMessageBytes: ReadonlyMap<string, number>
}

interface CreateAnswer {
  readonly topicErrors: readonly { readonly topic: string; readonly errorCode: number; readonly errorMessage: string | null }[]
}

interface ConfigsAnswer {
  readonly resources: readonly {
    readonly errorCode: number
    readonly resourceName: string
    readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[]
  }[]
}

const TIMESTAMP_TYPE = 'message.timestamp.type'
/** Retention then counts from arrival: a backlog of days, or one from a clock at 1970, is not deleted as it comes in. */
const LOG_APPEND_TIME = 'LogAppendTime'
const RETENTION = 'retention.ms'
const MAX_MESSAGE_BYTES = 'max.message.bytes'
/** Kafka's number of a topic among the kinds of resources that have settings. */
const TOPIC_RESOURCE = 2
const BROKER_DEFAULT = -1
const CREATE_TIMEOUT_MS = 15_000
const CREATE_ATTEMPTS = 3
const LEADER_POLL_MS = 100
const LEADER_POLLS = 50
/** A batch's own header counts as part of its size. */
const BATCH_HEADER_BYTES = 1_000

/** Rejects with a LinkError when the cluster cannot be asked. `watched`: all topics whose state the connection keeps. */
export async function ensureTopics(
  link: KafkaLink,
  topics: readonly TopicSettings[],
  watched: readonly string[],
  sleep: (ms: number) => Promise<void>
): Promise<TopicsState> {
  const differences: TopicDifference[] = []
  let view = await link.refreshView(watched)
  const missing = topics.filter(({ topic }) => view.topics.get(topic)?.code === 'UNKNOWN_TOPIC_OR_PARTITION')
  const refused = missing.length === 0 ? new Map<string, string>() : await create(link, missing, watched, sleep)
  if (missing.length > refused.size) view = await waitForLeaders(link, missing, refused, watched, sleep)
  else view = link.view
  const present: TopicSettings[] = []
  for (const settings of topics) {
    const { topic } = settings
    const code = view.topics.get(topic)?.code ?? 'UNKNOWN_TOPIC_OR_PARTITION'
    if (code === 'NONE') present.push(settings)
    else differences.push({ topic, setting: 'topic', expected: 'present', actual: refused.get(topic) ?? code })
  }
  const maxMessageBytes = new Map<string, number>()
  if (present.length > 0) differences.push(...(await compare(link, present, view, maxMessageBytes)))
  return { differences, maxMessageBytes }
}

/** Gives the reason for each topic that could not be created. */
async function create(
  link: KafkaLink,
  missing: readonly TopicSettings[],
  watched: readonly string[],
  sleep: (ms: number) => Promise<void>
): Promise<Map<string, string>> {
  let left = missing
  const refused = new Map<string, string>()
  for (let attempt = 1; left.length > 0; attempt++) {
    const answer = await link.request(link.view.controller, 'CreateTopics', {
      topics: left.map((settings) => ({
        topic: settings.topic,
        numPartitions: settings.partitions ?? BROKER_DEFAULT,
        replicationFactor: settings.replicationFactor ?? BROKER_DEFAULT,
        configEntries: [
          { name: TIMESTAMP_TYPE, value: LOG_APPEND_TIME },
          { name: RETENTION, value: String(settings.retentionMs) }
        ]
      })),
      timeout: CREATE_TIMEOUT_MS,
      validateOnly: false
    })
    const again = new Set<string>()
    for (const { topic, errorCode, errorMessage } of (answer as CreateAnswer).topicErrors) {
      const code = codeName(errorCode)
      if (code === 'NOT_CONTROLLER' && attempt < CREATE_ATTEMPTS) again.add(topic)
      else if (code !== 'NONE' && code !== 'TOPIC_ALREADY_EXISTS') refused.set(topic, errorMessage ? `${code}: ${errorMessage}` : code)
    }
    left = left.filter(({ topic }) => again.has(topic))
    if (left.length > 0) {
      await sleep(LEADER_POLL_MS)
      await link.refreshView(watched)
    }
  }
  return refused
}

/** A new topic is known to its brokers a moment after it was created. */
async function waitForLeaders(
  link: KafkaLink,
  created: readonly TopicSettings[],
  refused: ReadonlyMap<string, string>,
  watched: readonly string[],
  sleep: (ms: number) => Promise<void>
): Promise<ClusterView> {
  let view = await link.refreshView(watched)
  const ready = ({ topic }: TopicSettings) => {
    const state = view.topics.get(topic)
    return refused.has(topic) || (state?.code === 'NONE' && state.partitions.every(({ leader }) => leader >= 0))
  }
  for (let poll = 0; poll < LEADER_POLLS && !created.every(ready); poll++) {
    await sleep(LEADER_POLL_MS)
    view = await link.refreshView(watched)
  }
  return view
}

async function compare(
  link: KafkaLink,
  topics: readonly TopicSettings[],
  view: ClusterView,
  maxMessageBytes: Map<string, number>
): Promise<TopicDifference[]> {
  const answer = await link.request(undefined, 'DescribeConfigs', {
    resources: topics.map(({ topic }) => ({
      type: TOPIC_RESOURCE,
      name: topic,
      configNames: [TIMESTAMP_TYPE, RETENTION, MAX_MESSAGE_BYTES]
    })),
    includeSynonyms: false
  })
  const byTopic = new Map((answer as ConfigsAnswer).resources.map((resource) => [resource.resourceName, resource]))
  const differences: TopicDifference[] = []
  for (const { topic, retentionMs, partitions, replicationFactor } of topics) {
    const differ = (setting: string, expected: string, actual: string) => {
      if (expected !== actual) differences.push({ topic, setting, expected, actual })
    }
    const resource = byTopic.get(topic)
    const code = resource === undefined ? 'KAFKA_NO_RESULT' : codeName(resource.errorCode)
    if (resource === undefined || code !== 'NONE') {
      differ('settings', 'readable', code)
    } else {
      const actual = new Map(resource.configEntries.map(({ configName, configValue }) => [configName, configValue ?? '']))
      differ(TIMESTAMP_TYPE, LOG_APPEND_TIME, actual.get(TIMESTAMP_TYPE) ?? '')
      differ(RETENTION, String(retentionMs), actual.get(RETENTION) ?? '')
      const bytes = Number(actual.get(MAX_MESSAGE_BYTES))
      if (bytes > 2 * BATCH_HEADER_BYTES) maxMessageBytes.set(topic, bytes - BATCH_HEADER_BYTES)
    }
    const state = view.topics.get(topic)
    if (partitions !== undefined) differ('partitions', String(partitions), String(state?.partitions.length ?? 0))
    if (replicationFactor !== undefined) differ('replicationFactor', String(replicationFactor), String(state?.replicationFactor ?? 0))
  }
  return differences
}
