import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FakeGatewayView, fakeSource } from '../../test-support/fake-gateway-view.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { createMetrics } from './metrics.ts'

const NO_STREAMS = { clients: 0, dropped: 0 }
const base = new FakeGatewayView(createVirtualClock()).overview()
const counters = { bytesIn: 900, frames: 10, readings: 9, ignored: 1, incomplete: 0, errors: 2, discardedBytes: 5, dropped: 3 }

describe('metrics', () => {
  it('counts what the parts report', async () => {
    const metrics = createMetrics()
    metrics.events('telemetry', 'TagMovement', 40)
    metrics.events('telemetry', 'TagMovement', 2)
    metrics.events('alarm', 'TagAlert', 1)
    for (let index = 1; index <= 100; index++) metrics.frameDurable(index / 1000)
    const text = await metrics.text(base, NO_STREAMS)
    for (const line of [
      'tagward_events_total{lane="telemetry",type="TagMovement"} 42',
      'tagward_events_total{lane="alarm",type="TagAlert"} 1',
      'tagward_frame_to_durable_seconds{quantile="1"} 0.1',
      'tagward_frame_to_durable_seconds_count 100'
    ])
      expect(text.split('\n')).toContain(line)
  })

  it('reads the rest off the overview, twice the same', async () => {
    const metrics = createMetrics()
    const overview = {
      ...base,
      sources: [fakeSource('hall', { health: 'degraded', counters })],
      lanes: { ...base.lanes, telemetry: { ...base.lanes.telemetry, backlog: 77, backlogAgeMs: 61_500, waiting: 4, forwarded: 12 } },
      uplink: { ...base.uplink, configured: true, reachable: true, setAside: 2 }
    }
    await metrics.text(overview, NO_STREAMS)
    const lines = (await metrics.text(overview, { clients: 2, dropped: 1 })).split('\n')
    for (const line of [
      'tagward_source_health{source="hall",driver="mqtt",state="degraded"} 1',
      'tagward_source_health{source="hall",driver="mqtt",state="up"} 0',
      'tagward_source_received_bytes_total{source="hall"} 900',
      'tagward_source_decode_errors_total{source="hall"} 2',
      'tagward_source_dropped_frames_total{source="hall"} 3',
      'tagward_lane_backlog_events{lane="telemetry"} 77',
      'tagward_lane_backlog_age_seconds{lane="telemetry"} 61.5',
      'tagward_lane_waiting_events{lane="telemetry"} 4',
      'tagward_forwarder_records_total{lane="telemetry"} 12',
      `tagward_log_commits_total ${base.storage.commits}`,
      'tagward_storage_state{state="ok"} 1',
      'tagward_uplink_reachable 1',
      'tagward_uplink_set_aside_records 2',
      'tagward_gateway_uptime_seconds 125',
      'tagward_web_streams 2',
      'tagward_web_streams_dropped_total 1'
    ])
      expect(lines).toContain(line)
    const gone = await metrics.text({ ...overview, sources: [] }, NO_STREAMS)
    expect(gone).not.toContain('source="hall"')
  })

  it('keeps its labels bounded', async () => {
    const metrics = createMetrics()
    for (let index = 0; index < 1000; index++) metrics.events('telemetry', `Type${index}`, 1)
    const sources = Array.from({ length: 1000 }, (_, index) => fakeSource(`s${index}`))
    const lines = (await metrics.text({ ...base, sources }, NO_STREAMS)).split('\n')
    const series = (name: string) => lines.filter((line) => line.startsWith(`${name}{`)).length
    expect(lines).toContain('tagward_events_total{lane="telemetry",type="other"} 1000')
    expect(series('tagward_events_total')).toBe(1)
    expect(series('tagward_source_frames_total')).toBe(200)
  })

  it('has every metric of its own on the page of the documentation, and no other', async () => {
    // From dist/gateway/web, where this runs.
    const page = readFileSync(new URL('../../../docs/operations/metrics.md', import.meta.url), 'utf8')
    const documented = [...page.matchAll(/^\| `(tagward_\w+)` \|/gm)].map((match) => match[1])
    const text = await createMetrics().text(base, NO_STREAMS)
    const exported = [...text.matchAll(/^# TYPE (tagward_\S+) /gm)].map((match) => match[1])
    expect(documented.sort()).toEqual(exported.sort())
  })

  it('names every metric of its own with prefix, and counters with _total; tells of process and event loop', async () => {
    const text = await createMetrics().text(base, NO_STREAMS)
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((match) => [match[1] ?? '', match[2]] as const)
    const own = types.filter(([name]) => !/^(process|nodejs)_/.test(name))
    expect(own.filter(([name]) => !name.startsWith('tagward_'))).toEqual([])
    expect(own.filter(([name, type]) => (type === 'counter') !== name.endsWith('_total'))).toEqual([])
    expect(text).toMatch(/^process_resident_memory_bytes \d/m)
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m)
  })
})
