import type { Lane } from '../events/define-event.ts'
import type { LoggedEvent } from './event-log.ts'

export interface ReadOptions {
  /** Only these types; absent: all. Blocks without any of them are skipped without being decoded. */
  readonly types?: ReadonlySet<string>
  readonly maxEvents: number
  /** Approximate cap on the summed length of the bodies. At least one event is given. */
  readonly maxBytes: number
}

export interface ReadResult {
  readonly events: readonly LoggedEvent[]
  /** Everything up to this sequence has been looked at; the position to read on from. */
  readonly scannedTo: number
}

export interface EventQuery {
  readonly lane: Lane
  /** Event time, epoch milliseconds, both ends included. */
  readonly timeFrom?: number
  readonly timeTo?: number
  readonly types?: ReadonlySet<string>
  readonly keys?: ReadonlySet<string>
  readonly limit: number
}

/** A record that Kafka will never take, kept for the installer to see. */
export interface SetAsideRecord {
  readonly lane: Lane
  readonly epoch: string
  readonly sequence: number
  readonly type: string
  readonly topic: string
  readonly code: string
  readonly why: string
  readonly at: number
}

export interface CursorState {
  readonly lane: Lane
  readonly topic: string
  readonly sequence: number
}

/** Reads a log from any thread or process, by a connection of its own, in short transactions (the writer's WAL must be able to restart). */
export interface LogReader {
  /** In order of sequence, over blocks and tail. Never throws for a damaged block: it is skipped and counted. */
  read(lane: Lane, afterSequence: number, options: ReadOptions): ReadResult
  query(query: EventQuery): readonly LoggedEvent[]
  lastSequence(lane: Lane): number
  /** First sequence still held; last + 1 when nothing is. */
  firstSequence(lane: Lane): number
  cursors(): readonly CursorState[]
  setAside(limit: number): readonly SetAsideRecord[]
  close(): void
}

/** From the forwarder thread to the log thread, over a MessagePort. Written with the next commit; no commit is forced for it. */
export type ForwarderMessage =
  | { readonly kind: 'advance'; readonly cursors: readonly CursorState[] }
  /** Kept in the list, told by a `DataGap` with reason `never-acceptable`, and passed over, in one transaction. */
  | { readonly kind: 'set-aside'; readonly records: readonly SetAsideRecord[] }
  /** Which topics exist for which lane: retention spares what they still need. Empty: no uplink is configured. */
  | { readonly kind: 'topics'; readonly topics: readonly { readonly lane: Lane; readonly topic: string; readonly type: string }[] }

/** From the log thread to the forwarder thread. */
export type LogMessage = {
  readonly kind: 'committed'
  readonly alarm: number
  readonly telemetry: number
}
