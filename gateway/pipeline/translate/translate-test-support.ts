import type { EventData, EventType } from '../event-data.ts'
import { PipelineRunner } from '../pipeline-runner.ts'
import type { AnyProcessor, PipelineEvent } from '../processor.ts'
import { joinTopology } from '../topology.ts'

/** Where the wall clock stands when the pipeline begins. */
export const START = 1_790_000_000_000

export interface Told<Type extends EventType = EventType> extends PipelineEvent<Type> {
  readonly nowMs: number
}

/** Processors in virtual time; the wall clock runs with it from `START`. */
export class Scenario {
  readonly runner: PipelineRunner
  readonly told: Told[] = []
  readonly faults: unknown[] = []
  nowMs = 0
  /** Set to let the wall clock step. */
  wallStepMs = 0

  constructor(processors: readonly AnyProcessor[], inputs: readonly EventType[]) {
    const sinks = processors.flatMap((each) => each.out)
    this.runner = new PipelineRunner({
      topology: joinTopology(processors, { inputs, sinks }),
      onOutput: (event, nowMs) => this.told.push({ ...event, nowMs }),
      wallAt: (nowMs) => START + nowMs + this.wallStepMs,
      onFault: (...fault) => this.faults.push(fault)
    })
  }

  /** An event at `atMs`, which happened then unless `timeMs` says otherwise (both from the beginning). */
  feed<Type extends EventType>(
    atMs: number,
    type: Type,
    key: string,
    data: EventData[Type],
    { timeMs = atMs, source }: { readonly timeMs?: number; readonly source?: string } = {}
  ): void {
    this.nowMs = atMs
    const time = START + timeMs + this.wallStepMs
    this.runner.feed({ type, key, time, ...(source === undefined ? {} : { source }), data } as unknown as PipelineEvent, atMs)
  }

  advanceTo(atMs: number): void {
    this.nowMs = atMs
    this.runner.advanceTo(atMs)
  }

  /** What was told of these types since the last call. */
  take<Type extends EventType>(...types: readonly Type[]): readonly { [T in Type]: Told<T> }[Type][] {
    const wanted: readonly EventType[] = types
    return this.told.splice(0).filter(({ type }) => wanted.includes(type)) as unknown as readonly { [T in Type]: Told<T> }[Type][]
  }
}
