import type { GatewayEvent } from '../events/define-event.ts'
import type { GapStamp } from './gap-events.ts'
import type { NewLife } from './log-life.ts'
import type { LogStore } from './log-store.ts'
import type { Origin } from './told-lives.ts'

export interface StoreOptions {
  readonly directory: string
  readonly stamp: () => GapStamp
  /** Whose events are recorded from now on. Absent: the log does not say. */
  readonly origin?: Origin | undefined
  readonly onOwnEvents?: (events: readonly GatewayEvent[]) => void
  /** Stands for the numbers of the hardware. */
  readonly machineId?: string
  /** Size that the write-ahead log keeps when it starts over. */
  readonly walKeptBytes?: number
  /** What damage was found in use: the database is set aside without another look. */
  readonly damage?: string
  /** Other threads of this process may have the database open. */
  readonly inUse?: boolean
  /** A hard limit in pages, which makes SQLite say that the disk is full. */
  readonly maxPages?: number
}

export interface OpenedStore {
  readonly store: LogStore
  /** Undefined: the log goes on. */
  readonly newLife: NewLife | undefined
  /** Where the damaged database lies now. */
  readonly setAsideAs: string | undefined
}
