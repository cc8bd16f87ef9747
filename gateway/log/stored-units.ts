import type { Lane } from '../events/define-event.ts'

/** A batch of one lane, as the main thread encoded it. */
export interface StoredBatch {
  readonly lane: Lane
  readonly payload: Uint8Array
  readonly count: number
}

export interface StateChange {
  readonly processor: string
  readonly key: string
  /** `undefined` deletes. */
  readonly value: string | undefined
}

/** A block made from tail rows, ready to take their place. */
export interface PackedBlock {
  readonly lane: Lane
  readonly epoch: string
  readonly firstSequence: number
  readonly lastSequence: number
  readonly storedAt: number
  readonly minTime: number
  readonly maxTime: number
  readonly countByType: Readonly<Record<string, number>>
  readonly data: Uint8Array
  readonly keyFilter: Uint8Array
}
