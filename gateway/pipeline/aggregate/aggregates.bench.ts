import { PipelineRunner } from '../pipeline-runner.ts'
import type { PipelineEvent } from '../processor.ts'
import { joinTopology } from '../topology.ts'
import { aggregatesSchema } from './aggregate-settings.ts'
import { aggregates } from './aggregates.ts'

/** Figures of aggregates alone, runner included: `node dist/gateway/pipeline/aggregate/aggregates.bench.js [tags] [events]` prints one JSON line. */

const EVENTS_PER_SECOND = 50_000
const tags = Number(process.argv[2] ?? 5_000)
const count = Number(process.argv[3] ?? 2_000_000)
let told = 0
const config = aggregatesSchema.parse([{ of: 'tag', metrics: ['heartRateBpm', 'temperatureDegC', 'gas.co.ppm'], windowS: 60 }])
const runner = new PipelineRunner({
  topology: joinTopology(aggregates(config), { inputs: ['TagInfo'], sinks: ['TelemetryAggregate'] }),
  onOutput: () => {
    told += 1
  },
  wallAt: (nowMs) => nowMs,
  onFault: (_processor, _key, error) => {
    throw error
  }
})
const heard = Array.from({ length: tags }, (_, n): PipelineEvent<'TagInfo'> => {
  const tag = `ble:${n.toString(16)}`
  return { type: 'TagInfo', key: tag, time: 0, data: { tag, heartRateBpm: 60 + (n % 90), temperatureDegC: 20.5 } }
})
const started = performance.now()
for (let i = 0; i < count; i += 1) {
  const nowMs = 1_000_000 + (i * 1_000) / EVENTS_PER_SECOND
  const event = heard[i % tags]
  if (event === undefined) continue
  ;(event as { time: number }).time = nowMs
  runner.feed(event, nowMs)
}
const usPerEvent = ((performance.now() - started) * 1_000) / count
const stateBytes = Math.max(...[...runner.entries()].map((entry) => JSON.stringify(entry).length))
process.stdout.write(`${JSON.stringify({ tags, metrics: 3, usPerEvent, stateBytes, told })}\n`)
