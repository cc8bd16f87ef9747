/**
 * A processor turns events into other events, per key. It declares what it takes, what it makes, its key and its state; the topology
 * is joined from these declarations alone. It is pure: everything it may know is the event, the state of the event's key and the
 * context. Time comes from the context and never from a clock, so that hours run in milliseconds and a re-run gives the same again.
 */
import type { EventData, EventType } from './event-data.ts'

/** An event inside the pipeline. */
export interface PipelineEvent<Type extends EventType = EventType> {
  readonly type: Type
  /** Key under which it is told (tag, person, zone, device, source); which state it meets each processor decides itself. */
  readonly key: string
  /** When it happened, epoch milliseconds; may lie before events already seen. Windows count by it, timers never. */
  readonly time: number
  readonly source?: string | undefined
  readonly data: EventData[Type]
}

/** One member per type, so that `event.type` tells the type of `event.data`. */
export type AnyOf<Types extends EventType> = { [Type in Types]: PipelineEvent<Type> }[Types]

/** What `process` and `onTimer` may do beside changing their state. */
export interface Context<Out extends EventType, Timer extends string> {
  /** The key whose state this is. */
  readonly key: string
  /**
   * Pipeline time, milliseconds: grows with the monotonic clock, never steps, goes on over restarts. In `onTimer` it is the time that
   * the timer was set for. Compare it with itself only.
   */
  readonly nowMs: number
  /** Wall clock belonging to `nowMs`, epoch milliseconds; for `time` of events that no other event caused. */
  readonly wallMs: number
  emit<Type extends Out>(type: Type, event: Omit<PipelineEvent<Type>, 'type'>): void
  /** One timer of a name per key; setting it again moves it. A time that has passed fires before the next event (set by a timer: 1 ms later). */
  setTimer(name: Timer, atMs: number): void
  cancelTimer(name: Timer): void
  /** Forgets the key: its state, its timers. */
  drop(): void
}

/** The event concerns every key that has state; visited in order of key. */
export const EVERY_KEY: unique symbol = Symbol('every key')

export interface Processor<In extends EventType, Out extends EventType, State, Timer extends string = string> {
  /** Unique; names the state in the log. */
  readonly name: string
  /** For people: what it does, in one sentence. */
  readonly title: string
  readonly in: readonly In[]
  readonly out: readonly Out[]
  /** Names of the timers that it sets. */
  readonly timers?: readonly Timer[]
  /** Changed with the form of the state: older state is dropped, and that is said. */
  readonly version: number
  /** Which key an event belongs to; undefined: it is not for this processor. */
  key(event: AnyOf<In>): string | undefined | typeof EVERY_KEY
  /** State of a key that is seen for the first time. Plain JSON values only: it is kept as JSON text. */
  initial(key: string): State
  process(event: AnyOf<In>, state: State, context: Context<Out, Timer>): void
  onTimer?(name: Timer, state: State, context: Context<Out, Timer>): void
}

/** A processor whose types nobody needs to know any more. */
export interface AnyProcessor {
  readonly name: string
  readonly title: string
  readonly in: readonly EventType[]
  readonly out: readonly EventType[]
  readonly version: number
  key(event: PipelineEvent): string | undefined | typeof EVERY_KEY
  initial(key: string): unknown
  process(event: PipelineEvent, state: unknown, context: Context<EventType, string>): void
  onTimer?(name: string, state: unknown, context: Context<EventType, string>): void
}

/** Declares a processor; its types follow from the declaration. */
export function defineProcessor<In extends EventType, Out extends EventType, State, Timer extends string = never>(
  processor: Processor<In, Out, State, Timer>
): AnyProcessor {
  // The runner gives a processor only events of the types it takes and state of its own making, which the types cannot say.
  return processor as unknown as AnyProcessor
}
