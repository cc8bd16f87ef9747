import { Counter, collectDefaultMetrics, Registry, Summary } from 'prom-client'
import { EVENT_CATALOGUE } from '../events/catalogue.ts'
import { LANES, type Lane } from '../events/define-event.ts'
import type { Overview } from './snapshot.ts'
import { createSnapshotMetrics } from './snapshot-metrics.ts'

/** What the parts of the gateway report; everything else is read off the overview when it is asked for. */
export interface Metrics {
  /** Events given to the log. Cheap enough for every single one. */
  events(lane: Lane, type: string, count: number): void
  /** One frame, from its arrival to the commit that holds what came of it. A sample of them is enough. */
  frameDurable(seconds: number): void
  readonly contentType: string
  /** Everything in Prometheus' text format; the rest is read off the overview at this moment. */
  text(overview: Overview, streams: { readonly clients: number; readonly dropped: number }): Promise<string>
}

const KNOWN_TYPES: ReadonlySet<string> = new Set(EVENT_CATALOGUE.map((definition) => definition.type))

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
  const frameToDurable = new Summary({
    name: 'tagward_frame_to_durable_seconds',
    help: 'From the arrival of a frame to the commit of what came of it, over all frames since the start; quantile 1 is the slowest',
    percentiles: [0.5, 0.9, 0.99, 1],
    registers
  })
  const updateFromOverview = createSnapshotMetrics(registry)

  // Summed here and handed over when asked for: prom-client takes a microsecond to find a child, this a few nanoseconds.
  const eventCounts: Readonly<Record<Lane, Map<string, number>>> = { alarm: new Map(), telemetry: new Map() }
  const handOver = (): void => {
    events.reset()
    for (const lane of LANES) for (const [type, count] of eventCounts[lane]) events.inc({ lane, type }, count)
  }
  return {
    events(lane, type, count) {
      const known = KNOWN_TYPES.has(type) ? type : 'other'
      eventCounts[lane].set(known, (eventCounts[lane].get(known) ?? 0) + count)
    },
    frameDurable: (seconds) => frameToDurable.observe(seconds),
    contentType: registry.contentType,
    text(overview, streams) {
      handOver()
      updateFromOverview(overview, streams)
      return registry.metrics()
    }
  }
}
