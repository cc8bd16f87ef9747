import type { MessagePort } from 'node:worker_threads'
import type { ClockQuality, GatewayEvent, Lane } from '../events/define-event.ts'
import type { DiskTrouble } from './disk-trouble.ts'
import type { LogStatus } from './event-log.ts'
import type { LogErrorCode } from './log-error.ts'

/** What the log may take, and how long it keeps. */
export interface LogLimits {
  /** Database and write-ahead log together. */
  readonly maxBytes: number
  readonly telemetryMaxAgeMs: number
  /** Age after which alarms go that nobody waits for; unforwarded ones stay while an uplink is configured. */
  readonly alarmMaxAgeMs: number
  /** Ballast that is given up for alarms on a full disk. */
  readonly reserveBytes: number
}

export interface LogThreadSettings {
  readonly directory: string
  readonly limits: LogLimits
  readonly gatewayId: string
  /** Absent: the log does not keep whose events it records. */
  readonly site?: string
  readonly bootId: string
  readonly clockQuality: ClockQuality
  /** Monotonic clock of the program minus `process.hrtime`, milliseconds. */
  readonly monotonicOffsetMs: number
  readonly machineId: string | undefined
  readonly maxPages: number | undefined
}

/** A state change and the turn of the event loop it was made in. */
export interface StateEntry {
  readonly processor: string
  readonly key: string
  readonly value: string | undefined
  readonly turn: number
}

/** What is committed in one transaction. A unit without events carries state only. */
export interface CommitUnit {
  readonly id: number
  readonly lane: Lane
  readonly payload: Uint8Array
  readonly count: number
  readonly states: readonly StateEntry[]
  readonly clockQuality: ClockQuality
}

/** Goes back on the port that the unit came by: the main thread can look for it at any time. */
export interface Committed {
  readonly id: number
  /** Sequence of the unit's last event. */
  readonly lastSequence: number
}

/** Main thread → log thread. Units travel on ports of their own, one a lane. */
export type ToLogThread =
  | { readonly kind: 'forwarder'; readonly port: MessagePort }
  | { readonly kind: 'load-state'; readonly request: number; readonly processor: string }
  | { readonly kind: 'close' }

/** Status as the log thread knows it; what waits in memory the main thread adds. */
export type ThreadStatus = Omit<LogStatus, 'lanes'> & {
  readonly lanes: Readonly<Record<Lane, { readonly lastSequence: number; readonly firstSequence: number }>>
}

/** Log thread → main thread. */
export type FromLogThread =
  | {
      readonly kind: 'opened'
      readonly status: ThreadStatus
      readonly newLife: string | undefined
      readonly setAsideAs: string | undefined
    }
  /** `trouble`: it is the disk's, and may pass. */
  | { readonly kind: 'open-failed'; readonly code: LogErrorCode; readonly message: string; readonly trouble: DiskTrouble | undefined }
  /** At least once a second: also the sign that the thread lives. */
  | { readonly kind: 'status'; readonly status: ThreadStatus }
  /** Events that the log has made itself, committed. */
  | { readonly kind: 'own-events'; readonly events: readonly GatewayEvent[] }
  | {
      readonly kind: 'note'
      readonly level: 'info' | 'warn' | 'error'
      readonly message: string
      readonly details: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'state'; readonly request: number; readonly rows: readonly (readonly [string, string])[] }
  | { readonly kind: 'state-failed'; readonly request: number; readonly message: string }
  | { readonly kind: 'closed' }
