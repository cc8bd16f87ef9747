import type { EventType } from './event-data.ts'
import { PipelineRunner } from './pipeline-runner.ts'
import type { AnyProcessor, PipelineEvent } from './processor.ts'
import { joinTopology } from './topology.ts'

/** Wall clock at pipeline time 0 of scenarios: a Monday, 06:00 UTC. */
export const SCENARIO_START_MS = Date.UTC(2026, 10, 16, 6)

export interface Scenario {
  readonly runner: PipelineRunner
  /** What was told, in order. */
  readonly told: (PipelineEvent & { readonly nowMs: number })[]
  /** Lets events arrive at the pipeline time that belongs to their own time. */
  feed(...events: readonly PipelineEvent[]): void
  /** Lets an event arrive late. */
  feedAt(event: PipelineEvent, nowMs: number): void
  advanceTo(nowMs: number): void
}

/** Runs processors in virtual time, joined by their declarations; a fault of one fails the test. */
export function scenario(processors: readonly AnyProcessor[]): Scenario {
  const out = new Set(processors.flatMap((each) => each.out))
  const inputs = [...new Set(processors.flatMap((each) => each.in))].filter((type) => !out.has(type))
  const told: Scenario['told'] = []
  const runner = new PipelineRunner({
    topology: joinTopology(processors, { inputs, sinks: [...out] }),
    onOutput: (event, nowMs) => told.push({ ...structuredClone(event), nowMs }),
    wallAt: (nowMs) => SCENARIO_START_MS + nowMs,
    onFault(processor, key, error) {
      throw new Error(`${processor} failed at ${key}`, { cause: error })
    }
  })
  runner.advanceTo(0)
  return {
    runner,
    told,
    feed(...events) {
      for (const event of events) runner.feed(event, event.time - SCENARIO_START_MS)
    },
    feedAt: (event, nowMs) => runner.feed(event, nowMs),
    advanceTo: (nowMs) => runner.advanceTo(nowMs)
  }
}

/** Those of one type, in order. */
export function ofType<Type extends EventType>(told: Scenario['told'], type: Type): (PipelineEvent<Type> & { readonly nowMs: number })[] {
  return told.filter((event): event is PipelineEvent<Type> & { readonly nowMs: number } => event.type === type)
}

/** Normally distributed with deviation 1, from a source of evenly distributed numbers (Box and Muller). */
export function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Evenly distributed numbers from 0 to 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
