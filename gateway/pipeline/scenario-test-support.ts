import type { EventType } from './event-data.ts'
import { PipelineRunner } from './pipeline-runner.ts'
import type { AnyOf, AnyProcessor, PipelineEvent } from './processor.ts'
import { joinTopology } from './topology.ts'

/** Wall clock at pipeline time 0 of scenarios: a Monday, 06:00 UTC. */
export const SCENARIO_START_MS = Date.UTC(2026, 10, 16, 6)

export interface Scenario {
  readonly runner: PipelineRunner
  /** What was told, in order. */
  readonly told: (AnyOf<EventType> & { readonly nowMs: number })[]
  /** Lets events arrive at the pipeline time that belongs to their own time. */
  feed(...events: readonly PipelineEvent[]): void
  /** Lets an event arrive late. */
  feedAt(event: PipelineEvent, nowMs: number): void
  advanceTo(nowMs: number): void
}

/** Runs processors in virtual time, joined by their declarations; a fault of one fails the test. */
export function scenario(processors: readonly AnyProcessor[]): Scenario {
  const told: Scenario['told'] = []
  // Copied, lest a processor changes it later.
  const runner = runnerOf(processors, (event, nowMs) => told.push({ ...(structuredClone(event) as AnyOf<EventType>), nowMs }))
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

/** What runs in a scenario, for benches that keep nothing of what is told. */
export function runnerOf(processors: readonly AnyProcessor[], onOutput: (event: PipelineEvent, nowMs: number) => void): PipelineRunner {
  const out = new Set(processors.flatMap((each) => each.out))
  const inputs = [...new Set(processors.flatMap((each) => each.in))].filter((type) => !out.has(type))
  return new PipelineRunner({
    topology: joinTopology(processors, { inputs, sinks: [...out] }),
    onOutput,
    wallAt: (nowMs) => SCENARIO_START_MS + nowMs,
    onFault(processor, key, error) {
      throw new Error(`${processor} failed at ${key}`, { cause: error })
    }
  })
}

/** Those of one type, in order. */
export function ofType<Type extends EventType>(told: Scenario['told'], type: Type): (PipelineEvent<Type> & { readonly nowMs: number })[] {
  return told.filter((event) => event.type === type) as unknown as (PipelineEvent<Type> & { readonly nowMs: number })[]
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
