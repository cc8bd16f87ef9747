import type { Command, SendOutcome } from '../../drivers/driver.ts'
import type { AlarmView, Overview, Snapshot, StorageHealth } from './snapshot.ts'

/** What `/healthz` looks at: does the log take what comes. */
export interface LogProgress {
  readonly storage: StorageHealth
  readonly storageError: string | null
  /** Commits since the start; only its growth matters. */
  readonly commits: number
  /** Events in memory that are not durable yet, both lanes. */
  readonly waiting: number
}

/** All that the web server knows of the gateway. */
export interface GatewayView {
  /** Called once a second while anybody looks; must not wait for anything. */
  snapshot(): Snapshot
  /** The snapshot without its long lists: for metrics and status, which only count the tags. */
  overview(): Overview
  hasSource(sourceId: string): boolean
  logProgress(): LogProgress
  /** Called at once for every event of the alarm lane. Gives back what ends it. */
  subscribe(listener: (alarm: AlarmView) => void): () => void
  /** `target` is the short id of a tag or device of that source. Settles within the driver's time limit, never rejects. */
  command(sourceId: string, target: string, command: Command): Promise<SendOutcome>
}
