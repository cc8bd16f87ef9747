import type { MessagePort } from 'node:worker_threads'
import type { Logger } from '../../drivers/driver.ts'
import type { ClockQuality, GatewayEvent } from '../events/define-event.ts'
import type { EventLog, LogStatus } from './event-log.ts'
import type { LogLimits } from './log-messages.ts'
import { ThreadedLog } from './threaded-log.ts'

/** Bytes of what is not durable yet. */
export interface LogMemory {
  readonly congestedBytes: number
  readonly maxWaitingBytes: number
  readonly maxAlarmBytes?: number
}

export interface EventLogOptions {
  readonly directory: string
  readonly clock: { wallMs(): number; monotonicMs(): number; quality(): ClockQuality }
  /** How the log stamps events that it makes itself; with a site, it also keeps whose events each epoch holds. */
  readonly gapOrigin: { readonly gatewayId: string; readonly bootId: string; readonly site?: string }
  readonly limits?: Partial<LogLimits>
  /**
   * Memory for what is not durable yet: from `congestedBytes` on sources should hold back, from `maxWaitingBytes` on telemetry is
   * dropped, and from `maxAlarmBytes` of alarms on even those: a program that runs out of memory would lose them all.
   */
  readonly memory?: LogMemory
  readonly logger?: Logger
  /** At least once a second while the log thread lives. */
  readonly onStatus?: (status: LogStatus) => void
  /** An event that the log itself has made and committed (a DataGap). */
  readonly onOwnEvent?: (event: GatewayEvent) => void
  /** The log thread has died (a defect): nothing will become durable any more. */
  readonly onFatal?: (error: Error) => void
  /** Stands for the numbers of the hardware, in tests. */
  readonly machineId?: string
  /** Limit of the database in pages, in tests. */
  readonly maxPages?: number
}

export interface EventLogHandle extends EventLog {
  /** The database, for `openLogReader`. */
  readonly path: string
  readonly epoch: string
  /** A port for the forwarder's thread: it sends ForwarderMessage and gets LogMessage. */
  attachForwarder(): MessagePort
  /**
   * What was appended so far belongs together, and nothing appended later belongs to it: the turn may end here, and does when it
   * holds an alarm or enough telemetry. Tells nothing. Cheap enough for every delivery.
   */
  endDelivery(): void
}

/** Opens the log in a thread of its own. Rejects with a LogError when it cannot be used as it is. */
export async function openEventLog(options: EventLogOptions): Promise<EventLogHandle> {
  const log = new ThreadedLog(options)
  await log.opened
  return log
}
