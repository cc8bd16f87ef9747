import { Counter, Gauge, type Registry } from 'prom-client'
import type { Overview, SourceCounters, SourceHealth, StorageHealth } from './snapshot.ts'

const HEALTHS: readonly SourceHealth[] = ['starting', 'up', 'degraded', 'down', 'disabled']
const STORAGE_STATES: readonly StorageHealth[] = ['ok', 'full', 'failing']

/** Sources are configured by hand; beyond this a mistake, and not worth a series each. */
const SOURCE_LIMIT = 200

const SOURCE_COUNTERS: readonly { readonly name: string; readonly help: string; readonly value: (counters: SourceCounters) => number }[] = [
  { name: 'tagward_source_received_bytes_total', help: 'Bytes received', value: (c) => c.bytesIn },
  { name: 'tagward_source_frames_total', help: 'Frames received', value: (c) => c.frames },
  { name: 'tagward_source_readings_total', help: 'Readings decoded', value: (c) => c.readings },
  { name: 'tagward_source_ignored_frames_total', help: 'Well-formed frames that carry no data', value: (c) => c.ignored },
  { name: 'tagward_source_decode_errors_total', help: 'Frames refused by the codec', value: (c) => c.errors },
  { name: 'tagward_source_discarded_bytes_total', help: 'Bytes that belonged to no frame', value: (c) => c.discardedBytes },
  { name: 'tagward_source_dropped_frames_total', help: 'Frames dropped for lack of room', value: (c) => c.dropped }
]

type Update = (overview: Overview, streams: { readonly clients: number; readonly dropped: number }) => void

/** Metrics that are read off the overview when they are asked for, and cost nothing in between. */
export function createSnapshotMetrics(registry: Registry): Update {
  const updates = [sourceMetrics(registry), laneMetrics(registry), storageMetrics(registry), gatewayMetrics(registry)]
  const streamClients = gauge(registry, 'tagward_web_streams', 'Pages that follow the live stream')
  const streamDrops = new Counter({
    name: 'tagward_web_streams_dropped_total',
    help: 'Live streams ended because the page did not read',
    registers: [registry]
  })
  return (overview, streams) => {
    for (const update of updates) update(overview)
    streamClients.set(streams.clients)
    streamDrops.reset()
    streamDrops.inc(streams.dropped)
  }
}

function gauge(registry: Registry, name: string, help: string): Gauge {
  return new Gauge({ name, help, registers: [registry] })
}

function sourceMetrics(registry: Registry): (overview: Overview) => void {
  const registers = [registry]
  const health = new Gauge({
    name: 'tagward_source_health',
    help: '1 for the state that the source is in, else 0',
    labelNames: ['source', 'driver', 'state'] as const,
    registers
  })
  const counters = SOURCE_COUNTERS.map(({ name, help, value }) => ({
    counter: new Counter({ name, help, labelNames: ['source'] as const, registers }),
    value
  }))
  return ({ sources }) => {
    const shown = sources.slice(0, SOURCE_LIMIT)
    health.reset()
    for (const source of shown) {
      for (const state of HEALTHS) health.set({ source: source.id, driver: source.driver, state }, source.health === state ? 1 : 0)
    }
    // Counted elsewhere; a source that is removed takes its series with it.
    for (const { counter, value } of counters) {
      counter.reset()
      for (const source of shown) counter.inc({ source: source.id }, value(source.counters))
    }
  }
}

function laneMetrics(registry: Registry): (overview: Overview) => void {
  const lane = (name: string, help: string) => new Gauge({ name, help, labelNames: ['lane'] as const, registers: [registry] })
  const last = lane('tagward_lane_last_sequence', 'Sequence of the last event of the lane')
  const backlog = lane('tagward_lane_backlog_events', 'Events that the slowest topic still waits for')
  const age = lane('tagward_lane_backlog_age_seconds', 'Age of the oldest of them; 0 when there is none')
  const waiting = lane('tagward_lane_waiting_events', 'Events in memory that are not durable yet')
  const forwarded = new Counter({
    name: 'tagward_forwarder_records_total',
    help: 'Records that Kafka has acknowledged (acks=all)',
    labelNames: ['lane'] as const,
    registers: [registry]
  })
  return ({ lanes }) => {
    forwarded.reset()
    for (const name of ['alarm', 'telemetry'] as const) {
      const state = lanes[name]
      last.set({ lane: name }, state.lastSequence)
      backlog.set({ lane: name }, state.backlog)
      age.set({ lane: name }, (state.backlogAgeMs ?? 0) / 1000)
      waiting.set({ lane: name }, state.waiting)
      forwarded.inc({ lane: name }, state.forwarded)
    }
  }
}

function storageMetrics(registry: Registry): (overview: Overview) => void {
  const state = new Gauge({
    name: 'tagward_storage_state',
    help: '1 for the state that the log is in, else 0',
    labelNames: ['state'] as const,
    registers: [registry]
  })
  const logBytes = gauge(registry, 'tagward_log_size_bytes', 'Size of the log on disk')
  const freeBytes = gauge(registry, 'tagward_storage_free_bytes', 'Free space on the disk of the log')
  const damaged = gauge(registry, 'tagward_log_damaged_blocks', 'Blocks that the thorough check found damaged')
  const commits = new Counter({ name: 'tagward_log_commits_total', help: 'Durable commits', registers: [registry] })
  const lastCommit = gauge(
    registry,
    'tagward_log_last_commit_duration_seconds',
    'How long the last durable commit took, full sync included'
  )
  return ({ storage }) => {
    commits.reset()
    commits.inc(storage.commits)
    lastCommit.set(storage.lastCommitMs / 1000)
    for (const name of STORAGE_STATES) state.set({ state: name }, storage.state === name ? 1 : 0)
    logBytes.set(storage.logBytes)
    if (storage.freeBytes !== null) freeBytes.set(storage.freeBytes)
    damaged.set(storage.damagedBlocks)
  }
}

function gatewayMetrics(registry: Registry): (overview: Overview) => void {
  const info = new Gauge({
    name: 'tagward_gateway_info',
    help: 'Always 1; who this is',
    labelNames: ['gateway', 'site', 'version', 'epoch'] as const,
    registers: [registry]
  })
  const uptime = gauge(registry, 'tagward_gateway_uptime_seconds', 'Time since the start')
  const tags = gauge(registry, 'tagward_tags', 'Tags on the board')
  const configured = gauge(registry, 'tagward_uplink_configured', '1 when Kafka is configured')
  const reachable = gauge(registry, 'tagward_uplink_reachable', '1 when Kafka answers')
  const differences = gauge(registry, 'tagward_uplink_topic_differences', 'Topic settings that are not as they should be')
  const setAside = gauge(registry, 'tagward_uplink_set_aside_records', 'Records that Kafka will never take')
  const problems = gauge(registry, 'tagward_problems', 'Problems told on the page, such as a wrong configuration that is not running')
  return (overview) => {
    const { gateway, uplink } = overview
    info.reset()
    info.set({ gateway: gateway.id, site: gateway.site, version: gateway.version, epoch: gateway.epoch }, 1)
    uptime.set((overview.nowMono - gateway.startedMono) / 1000)
    tags.set(overview.tagCount)
    configured.set(uplink.configured ? 1 : 0)
    reachable.set(uplink.reachable === true ? 1 : 0)
    differences.set(uplink.differences.length)
    setAside.set(uplink.setAside)
    problems.set(overview.problems.length)
  }
}
