import { PipelineRunner } from '../pipeline-runner.ts'
import type { PipelineEvent } from '../processor.ts'
import { joinTopology } from '../topology.ts'
import { signalLoss } from './signal-loss.ts'
import { signalLossSchema, signalLossSettings } from './signal-settings.ts'

/**
 * Figures of signal loss alone: `node dist/gateway/pipeline/signal/signal-loss.bench.js [tags] [events]` prints one JSON line: time an event with
 * the runner and without any processor's work in it, time of a concern of every key, state of a key.
 */

const EVENTS_PER_SECOND = 50_000

function runnerWith(processors: Parameters<typeof joinTopology>[0], onLost: () => void): PipelineRunner {
  return new PipelineRunner({
    topology: joinTopology(processors, {
      inputs: [
        'TagMovement',
        'TagInfo',
        'TagAlert',
        'TagFix',
        'SourceLost',
        'SourceRestored',
        'ReceiverChanged',
        'GatewayWasBlind',
        'DirectoryChanged'
      ],
      sinks: ['SignalLost', 'SignalRestored']
    }),
    onOutput: onLost,
    wallAt: (nowMs) => nowMs,
    onFault: (_processor, _key, error) => {
      throw error
    }
  })
}

function events(tags: number): PipelineEvent[] {
  return Array.from({ length: tags }, (_, n) => {
    const tag = `pans-hall1:${n.toString(16)}`
    return { type: 'TagMovement', key: tag, time: 0, source: `hall${n % 3}`, data: { tag, position: { x: 1, y: 2 } } }
  })
}

/** Microseconds an event, the tags in turn, after a warm-up of a fifth. */
function usPerEvent(runner: PipelineRunner, heard: PipelineEvent[], count: number): number {
  let started = performance.now()
  for (let i = 0; i < count * 1.2; i += 1) {
    if (i === Math.floor(count * 0.2)) started = performance.now()
    const nowMs = 1_000_000 + (i * 1_000) / EVENTS_PER_SECOND
    const event = heard[i % heard.length]
    if (event === undefined) continue
    ;(event as { time: number }).time = nowMs
    runner.feed(event, nowMs)
  }
  return ((performance.now() - started) * 1_000) / count
}

const tags = Number(process.argv[2] ?? 5_000)
const count = Number(process.argv[3] ?? 2_000_000)
const heard = events(tags)
const settings = signalLossSettings(signalLossSchema.parse({ sources: { hall1: { ceilingS: 60 } } }))
let told = 0
const runner = runnerWith([signalLoss(settings)], () => {
  told += 1
})
const withIt = usPerEvent(runner, heard, count)
const bare = usPerEvent(
  runnerWith([], () => undefined),
  heard,
  count
)
const beforeBlind = performance.now()
const nowMs = runner.nowMs
runner.feed({ type: 'GatewayWasBlind', key: '', time: nowMs, data: { fromMs: nowMs, toMs: nowMs + 1 } }, nowMs)
const blindMs = performance.now() - beforeBlind
const stateBytes = Math.max(...[...runner.entries()].map((entry) => JSON.stringify(entry).length))
const beforeLost = performance.now()
runner.advanceTo(nowMs + 100_000)
const lostMs = performance.now() - beforeLost
const figures = { tags, usPerEvent: withIt, usPerEventBare: bare, everyKeyMs: blindMs, stateBytes, told, allLostMs: lostMs }
process.stdout.write(`${JSON.stringify(figures)}\n`)
