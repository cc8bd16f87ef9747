import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { EVENT_CATALOGUE } from '../events/catalogue.ts'
import { LANES, type Lane } from '../events/define-event.ts'
import type { Snapshot } from './snapshot.ts'
import { createSnapshotMetrics } from './snapshot-metrics.ts'

/** What the parts of the gateway report; all but `events` once a batch. */
export interface Metrics {
  /** Events given to the log. Cheap enough for every single one. */
  events(lane: Lane, type: string, count: number): void
  /** One commit of the log: how long the disk took, how many events it held. */
  commit(durationMs: number, events: number): void
  /** What became of records sent to Kafka. */
  forwarded(topic: string, outcome: 'accepted' | 'never' | 'keep', records: number): void
  /** The forwarder's client was built anew. */
  forwarderRebuilt(reason: ForwarderRebuild): void
  readonly contentType: string
  /** Everything in Prometheus' text format; the rest is read off the snapshot at this moment. */
  text(snapshot: Snapshot, streams: { readonly clients: number; readonly dropped: number }): Promise<string>
}

export type ForwarderRebuild = 'clock-step' | 'dead-connection' | 'error' | 'config'

const KNOWN_TYPES: ReadonlySet<string> = new Set(EVENT_CATALOGUE.map((definition) => definition.type))
const TOPIC_LIMIT = 100

/** Creates the metrics with a registry of their own. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]

  const events = new Counter({
    name: 'tagward_events_total',
    help: 'Events given to the log',
    labelNames: ['lane', 'type'] as const,
    registers
  })
  const commitSeconds = new Histogram({
    name: 'tagward_log_commit_duration_seconds',
    help: 'How long a durable commit took, full sync included',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers
  })
  const committed = new Counter({ name: 'tagward_log_committed_events_total', help: 'Events made durable', registers })
  const forwarded = new Counter({
    name: 'tagward_forwarder_records_total',
    help: 'Records sent to Kafka by outcome: accepted (acks=all), keep (tried again), never (set aside)',
    labelNames: ['topic', 'outcome'] as const,
    registers
  })
  const rebuilt = new Counter({
    name: 'tagward_forwarder_client_rebuilds_total',
    help: 'Times the Kafka client was built anew',
    labelNames: ['reason'] as const,
    registers
  })
  const updateFromSnapshot = createSnapshotMetrics(registry)

  // Summed here and handed over when asked for: prom-client takes a microsecond to find a child, this a few nanoseconds.
  const eventCounts: Readonly<Record<Lane, Map<string, number>>> = { alarm: new Map(), telemetry: new Map() }
  const handOver = (): void => {
    events.reset()
    for (const lane of LANES) for (const [type, count] of eventCounts[lane]) events.inc({ lane, type }, count)
  }
  const topics = new Set<string>()
  return {
    events(lane, type, count) {
      const known = KNOWN_TYPES.has(type) ? type : 'other'
      eventCounts[lane].set(known, (eventCounts[lane].get(known) ?? 0) + count)
    },
    commit(durationMs, count) {
      commitSeconds.observe(durationMs / 1000)
      committed.inc(count)
    },
    forwarded(topic, outcome, records) {
      if (topics.size < TOPIC_LIMIT) topics.add(topic)
      forwarded.labels({ topic: topics.has(topic) ? topic : 'other', outcome }).inc(records)
    },
    forwarderRebuilt(reason) {
      rebuilt.labels({ reason }).inc()
    },
    contentType: registry.contentType,
    text(snapshot, streams) {
      handOver()
      updateFromSnapshot(snapshot, streams)
      return registry.metrics()
    }
  }
}
