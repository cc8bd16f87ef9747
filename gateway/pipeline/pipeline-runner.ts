import type { EventType } from './event-data.ts'
import { type Keyed, KeyedStates, snapshotOf } from './keyed-states.ts'
import { type AnyProcessor, type Context, EVERY_KEY, type PipelineEvent } from './processor.ts'
import { Snapshot, type SnapshotEntry } from './snapshot.ts'
import { TimerHeap } from './timer-heap.ts'
import type { Topology } from './topology.ts'

/** A timer that sets itself again fires so much later at the earliest: none can hold time still. */
const TIMER_STEP_MS = 1

export interface RunnerOptions {
  readonly topology: Topology
  /** Called for every event that a processor emits, in order, before its takers see it. */
  readonly onOutput: (event: PipelineEvent, nowMs: number) => void
  /** Wall clock that belongs to a pipeline time, epoch milliseconds. */
  readonly wallAt: (nowMs: number) => number
  /** A processor threw: its event is passed over, the rest goes on. */
  readonly onFault: (processor: string, key: string, error: unknown) => void
}

/**
 * Runs events through a topology: one at a time, each with all that follows from it, timers in between at their own times. The same
 * events at the same pipeline times give the same state and the same output, whatever else happens.
 */
export class PipelineRunner {
  readonly #options: RunnerOptions
  readonly #heap = new TimerHeap()
  readonly #states: readonly KeyedStates[]
  readonly #queue: PipelineEvent[] = []
  readonly #context: RunningContext
  #nowMs = Number.NEGATIVE_INFINITY
  #snapshot: Snapshot | undefined
  #snapshots = 0

  constructor(options: RunnerOptions) {
    this.#options = options
    const { processors } = options.topology
    this.#states = processors.map((each, place) => new KeyedStates(place, this.#heap, (key) => each.initial(key)))
    this.#context = new RunningContext(this.#queue, options.wallAt)
  }

  /** Pipeline time of the latest event or `advanceTo`. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Keys that have state, by processor. */
  sizes(): ReadonlyMap<string, number> {
    return new Map(this.#options.topology.processors.map(({ name }, place) => [name, this.#states[place]?.size ?? 0]))
  }

  /** All state as it is now, for whoever looks into it; live objects, to be read at once. */
  *entries(): Generator<SnapshotEntry> {
    for (const [place, { name, version }] of this.#options.topology.processors.entries()) {
      for (const keyed of this.#states[place]?.keys() ?? []) yield { processor: name, version, ...snapshotOf(keyed) }
    }
  }

  /** Takes an event that arrived at a pipeline time; one before the latest counts as now. */
  feed(event: PipelineEvent, nowMs: number): void {
    this.advanceTo(nowMs)
    this.#dispatch(event)
    this.#drain()
  }

  /** Fires what is due up to and including this time. */
  advanceTo(nowMs: number): void {
    if (nowMs < this.#nowMs) return
    for (let top = this.#heap.peek(); top !== undefined && top.atMs <= nowMs; top = this.#heap.peek()) {
      this.#heap.pop()
      const states = this.#states[top.place]
      const processor = this.#options.topology.processors[top.place]
      const at = states?.get(top.key)
      if (states === undefined || processor === undefined || at === undefined) continue
      // That the timer is gone is a change, too.
      this.#snapshot?.beforeChange(processor, at)
      const keyed = states.due(top)
      if (keyed === undefined) continue
      // A timer set for a time that had passed fires now: time never goes back.
      this.#nowMs = Math.max(this.#nowMs, top.atMs)
      this.#fire(processor, states, keyed, top.name)
      this.#drain()
    }
    this.#nowMs = nowMs
  }

  /**
   * Begins a snapshot of the state as it is at this moment. Its entries are taken in slices, between which events go on; a key that is about to
   * change is copied first. One at a time: a new one ends the one under way.
   */
  beginSnapshot(): Snapshot {
    this.#snapshots += 1
    const names = this.#options.topology.processors.map(({ name, version }) => ({ name, version }))
    this.#snapshot = new Snapshot(this.#snapshots, this.#nowMs, names, this.#states)
    return this.#snapshot
  }

  /** Takes over what a snapshot gave, as JSON arrays of entries; gives the names of processors whose state has another form and was dropped. */
  restore(nowMs: number, chunks: Iterable<string>): ReadonlySet<string> {
    const { processors } = this.#options.topology
    const places = new Map(processors.map((each, place) => [each.name, place]))
    const dropped = new Set<string>()
    this.#nowMs = nowMs
    for (const chunk of chunks) {
      for (const { processor, version, ...keyed } of JSON.parse(chunk) as SnapshotEntry[]) {
        const place = places.get(processor) ?? -1
        if (processors[place]?.version === version) this.#states[place]?.restore(keyed)
        else dropped.add(processor)
      }
    }
    return dropped
  }

  #drain(): void {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      this.#options.onOutput(event, this.#nowMs)
      this.#dispatch(event)
    }
  }

  #dispatch(event: PipelineEvent): void {
    const takers = this.#options.topology.takers.get(event.type)
    if (takers === undefined) return
    for (const place of takers) {
      const processor = this.#options.topology.processors[place]
      const states = this.#states[place]
      if (processor === undefined || states === undefined) continue
      const key = this.#keyOf(processor, event)
      if (key === undefined) continue
      if (key !== EVERY_KEY) this.#process(processor, states, states.get(key) ?? states.add(key, this.#snapshots), event)
      else for (const keyed of states.inKeyOrder()) this.#process(processor, states, keyed, event)
    }
  }

  #keyOf(processor: AnyProcessor, event: PipelineEvent): string | undefined | typeof EVERY_KEY {
    try {
      return processor.key(event)
    } catch (error) {
      this.#options.onFault(processor.name, event.key, error)
      return undefined
    }
  }

  #process(processor: AnyProcessor, states: KeyedStates, keyed: Keyed, event: PipelineEvent): void {
    this.#enter(processor, states, keyed)
    try {
      processor.process(event, keyed.state, this.#context)
    } catch (error) {
      this.#options.onFault(processor.name, keyed.key, error)
    }
  }

  #fire(processor: AnyProcessor, states: KeyedStates, keyed: Keyed, name: string): void {
    if (processor.onTimer === undefined) return
    this.#enter(processor, states, keyed)
    this.#context.earliestTimerMs = this.#nowMs + TIMER_STEP_MS
    try {
      processor.onTimer(name, keyed.state, this.#context)
    } catch (error) {
      this.#options.onFault(processor.name, keyed.key, error)
    }
  }

  #enter(processor: AnyProcessor, states: KeyedStates, keyed: Keyed): void {
    this.#snapshot?.beforeChange(processor, keyed)
    this.#context.enter(states, keyed, this.#nowMs)
  }
}

/** One object for all calls: processors keep none of it. */
class RunningContext implements Context<EventType, string> {
  readonly #queue: PipelineEvent[]
  readonly #wallAt: (nowMs: number) => number
  #states: KeyedStates | undefined
  #keyed: Keyed | undefined
  key = ''
  nowMs = 0
  earliestTimerMs = 0

  constructor(queue: PipelineEvent[], wallAt: (nowMs: number) => number) {
    this.#queue = queue
    this.#wallAt = wallAt
  }

  enter(states: KeyedStates, keyed: Keyed, nowMs: number): void {
    this.#states = states
    this.#keyed = keyed
    this.key = keyed.key
    this.nowMs = nowMs
    this.earliestTimerMs = nowMs
  }

  get wallMs(): number {
    return this.#wallAt(this.nowMs)
  }

  emit<Type extends EventType>(type: Type, event: Omit<PipelineEvent<Type>, 'type'>): void {
    this.#queue.push({ type, key: event.key, time: event.time, source: event.source, data: event.data } as PipelineEvent)
  }

  setTimer(name: string, atMs: number): void {
    if (this.#keyed !== undefined) this.#states?.setTimer(this.#keyed, name, Math.max(atMs, this.earliestTimerMs))
  }

  cancelTimer(name: string): void {
    if (this.#keyed !== undefined) this.#states?.cancelTimer(this.#keyed, name)
  }

  drop(): void {
    if (this.#keyed !== undefined) this.#states?.drop(this.#keyed)
  }
}
