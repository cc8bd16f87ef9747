// Node finds only some of kafkajs's names as named exports.
import kafkajs, { type Admin } from 'kafkajs'
import { GatewayError } from '../errors.ts'
import { EVENT_CATALOGUE } from '../events/catalogue.ts'
import type { DeletedFrom } from './lane-ledger.ts'

/** What there was to read when the reading began. */
export interface PartitionExtent {
  readonly topic: string
  readonly partition: number
  /** First offset still there, and the one after the last. */
  readonly low: number
  readonly end: number
}

/** A change of DeviceStatus goes in the alarm lane. */
const IN_BOTH_LANES = 'DeviceStatus'

/** Topics of the events of one prefix: `<prefix>.<name>`. A further dot belongs to a longer prefix or to central's topics. */
export function eventTopics(topics: readonly string[], prefix: string): string[] {
  return topics.filter((topic) => topic.startsWith(`${prefix}.`) && !topic.slice(prefix.length + 1).includes('.')).sort()
}

export async function readExtents(admin: Admin, topics: readonly string[]): Promise<PartitionExtent[]> {
  const extents: PartitionExtent[] = []
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      extents.push({ topic, partition, low: Number(low), end: Number(high) })
    }
  }
  return extents
}

function lanesOf(topic: string, prefix: string): readonly string[] | undefined {
  const definition = EVENT_CATALOGUE.find((candidate) => topic === `${prefix}.${candidate.topic}`)
  return definition === undefined || definition.type === IN_BOTH_LANES ? undefined : [definition.lane]
}

/** Since when a topic must have kept everything. A limit by size says nothing about time. */
function keptSinceMs(settings: ReadonlyMap<string, string>, nowMs: number): number {
  const retentionMs = Number(settings.get('retention.ms') ?? '-1')
  if (Number(settings.get('retention.bytes') ?? '-1') >= 0) return Number.POSITIVE_INFINITY
  return retentionMs < 0 ? Number.NEGATIVE_INFINITY : nowMs - retentionMs
}

/** The partitions from which the broker has deleted something, with what their topic's retention says. */
export async function readDeletions(
  admin: Admin,
  extents: readonly PartitionExtent[],
  prefix: string,
  nowMs: number
): Promise<DeletedFrom[]> {
  const deleted = extents.filter(({ low }) => low > 0)
  const topics = [...new Set(deleted.map(({ topic }) => topic))]
  if (topics.length === 0) return []
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: ['retention.ms', 'retention.bytes'] }))
  })
  const since = new Map<string, number>()
  for (const { resourceName, errorCode, configEntries } of resources) {
    if (errorCode !== 0)
      throw new GatewayError('VERIFY_READ_FAILED', `the settings of topic ${resourceName} could not be read (Kafka error ${errorCode})`)
    since.set(resourceName, keptSinceMs(new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])), nowMs))
  }
  return deleted.map(({ topic, partition }) => ({
    topic,
    partition,
    keptSinceMs: since.get(topic) ?? Number.POSITIVE_INFINITY,
    lanes: lanesOf(topic, prefix)
  }))
}
