import type { GatewayEvent, Lane } from '../events/define-event.ts'
import type { GapReason } from '../events/gateway-events.ts'

/** One event as the log gives it back. `body` is the JSON text of the event's own data, exactly as it was appended. */
export interface LoggedEvent {
  readonly lane: Lane
  readonly epoch: string
  /** Lane sequence: 1, 2, 3 … without a gap within an epoch. */
  readonly sequence: number
  readonly type: string
  readonly key: string
  readonly time: number
  readonly source: string | undefined
  readonly receivedAt: number
  readonly clockQuality: string
  readonly bootId: string
  readonly monotonicMs: number
  readonly body: string
}

export type StorageState = 'ok' | 'full' | 'failing'

export interface LaneState {
  readonly lastSequence: number
  /** First sequence still held. */
  readonly firstSequence: number
  /** Appended, not yet durable. */
  readonly waiting: number
}

export interface LogStatus {
  readonly epoch: string
  readonly lanes: Readonly<Record<Lane, LaneState>>
  readonly storage: StorageState
  readonly storageError: string | undefined
  readonly logBytes: number
  readonly freeBytes: number | null
  readonly commits: number
  readonly lastCommitMs: number
  /** Result of the thorough check that runs in the background. */
  readonly damagedBlocks: number
}

/** Where both lanes end at one moment. */
export interface LogPosition {
  readonly epoch: string
  readonly alarm: number
  readonly telemetry: number
}

/** For an event whose sender waits for an answer. */
export interface GiveUp {
  /** While the storage fails, telemetry is let go at once rather than held. */
  readonly soon: boolean
  /** The storage fails, and nothing will become of this telemetry but a `DataGap` that names it. May be called within `append`. */
  readonly onGivenUp: () => void
}

/**
 * The gateway's end of the log thread. Appending never blocks and never throws; it costs one JSON text and a copy.
 * Everything appended in one run of code (to the next `process.nextTick`), with the state saved in it, is committed in one transaction.
 */
export interface EventLog {
  /** `onDurable` is called after the commit that holds the event, in order of appending within a lane. */
  append(event: GatewayEvent, onDurable?: () => void, giveUp?: GiveUp): void
  /** Saves state of a keyed processor in the same transaction as the events appended in this turn. `undefined` deletes. */
  saveState(processor: string, key: string, value: string | undefined): void
  loadState(processor: string): Promise<ReadonlyMap<string, string>>
  /** Says that events will not come. Appended to the alarm lane, from reserved space if need be. */
  reportGap(gap: {
    lane: Lane
    countByType: Record<string, number>
    timeFrom: number | null
    timeTo: number | null
    reason: GapReason
    detail?: string
  }): void
  /** True while so much waits that sources that can hold back should. */
  readonly congested: boolean
  status(): LogStatus
  /** Resolves when everything appended so far is durable. */
  flush(): Promise<void>
  /**
   * Where both lanes end with what was appended up to now, events of this turn included; known when all of it is durable. Undefined: that
   * cannot be said, because the log is not open, ends, or was replaced meanwhile.
   */
  mark(): Promise<LogPosition | undefined>
  /** Where both lanes end as far as is known to be durable. Undefined: the log is not open. */
  position(): LogPosition | undefined
  close(): Promise<void>
}
