import { z } from 'zod'

/** Two lanes: alarms are durable and forwarded ahead of everything; telemetry is the rest. */
export type Lane = 'alarm' | 'telemetry'
export const LANES: readonly Lane[] = ['alarm', 'telemetry']

/**
 * How far the wall clock can be trusted. `synchronised`: a time service vouches for it; `free-running`: it was set once
 * and runs on; `unset`: it shows a time before this program was built.
 */
export const clockQualitySchema = z.enum(['synchronised', 'free-running', 'unset'])
export type ClockQuality = z.infer<typeof clockQualitySchema>

/** Fields that every event carries beside its own. On the wire they stand in `data`, before the event's own fields. */
export const originSchema = z.object({
  source: z.string().optional().describe('Configured source that the event came through; absent: the gateway itself'),
  receivedAt: z.number().int().describe('When the gateway received or made it, epoch milliseconds'),
  clockQuality: clockQualitySchema.describe('How far the wall clock could be trusted then'),
  bootId: z.string().describe('Boot of the machine; monotonicMs counts within it'),
  monotonicMs: z.number().describe('Monotonic clock at receivedAt, milliseconds')
})

export interface EventDefinition<Name extends string = string, Data extends z.ZodObject = z.ZodObject> {
  readonly type: Name
  /** Schema version; changes are additive only, a breaking one is a new type. */
  readonly version: number
  readonly title: string
  /** The lane unless the event says otherwise (a change of DeviceStatus goes in the alarm lane). */
  readonly lane: Lane
  /** What the Kafka key and the order of events follow. */
  readonly key: 'tag' | 'device' | 'person' | 'zone' | 'source' | 'gateway'
  /** Topic name below the prefix. */
  readonly topic: string
  /** How long Kafka keeps it, counted from arrival. */
  readonly retentionDays: number
  readonly data: Data
}

/** Declares an event once: its schema gives the type, the validator, the JSON Schema and the documentation. */
export function defineEvent<Name extends string, Data extends z.ZodObject>(
  definition: EventDefinition<Name, Data>
): EventDefinition<Name, Data> {
  return definition
}

/** An event before the log has given it its lane sequence. */
export interface GatewayEvent {
  readonly type: string
  readonly lane: Lane
  /** Kafka key: the tag's id, or that of person, zone, device, source or gateway. */
  readonly key: string
  /** Event time, epoch milliseconds: when it happened, as far as the gateway knows. */
  readonly time: number
  readonly source?: string
  readonly receivedAt: number
  readonly clockQuality: ClockQuality
  readonly bootId: string
  readonly monotonicMs: number
  readonly data: object
}
