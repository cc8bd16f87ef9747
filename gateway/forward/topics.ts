import { EVENT_CATALOGUE } from '../events/catalogue.ts'
import type { TopicSettings } from './forward-port.ts'
import type { KafkaSettings } from './kafka-settings.ts'

const MS_PER_DAY = 86_400_000

/** Topic of each event type. Every lane may carry every type: an event says itself which lane it is in. */
export function topicsByType(prefix: string): ReadonlyMap<string, string> {
  return new Map(EVENT_CATALOGUE.map((definition) => [definition.type, `${prefix}.${definition.topic}`]))
}

/** How the topics should be: one for each event type. */
export function topicSettings(kafka: KafkaSettings): TopicSettings[] {
  const { partitions, replicationFactor } = kafka.topics ?? {}
  return EVENT_CATALOGUE.map((definition) => ({
    topic: `${kafka.prefix}.${definition.topic}`,
    retentionMs: definition.retentionDays * MS_PER_DAY,
    ...(partitions === undefined ? {} : { partitions }),
    ...(replicationFactor === undefined ? {} : { replicationFactor })
  }))
}
