import type { Lane } from '../events/define-event.ts'
import type { LoggedEvent } from './event-log.ts'
import type { Origin } from './told-lives.ts'

/** What is wanted; what is absent does not matter. Blocks that cannot hold any of it are skipped unopened, by the index. */
export interface EventFilter {
  /** Event time, epoch milliseconds, both ends included. */
  readonly timeFrom?: number
  readonly timeTo?: number
  readonly types?: ReadonlySet<string>
  readonly keys?: ReadonlySet<string>
}

export interface ReadOptions extends EventFilter {
  readonly maxEvents: number
  /** Approximate cap on the summed length of the bodies. At least one event is given. */
  readonly maxBytes: number
}

export interface ReadResult {
  /** Life of the log that was read: a damaged one is replaced while in use, and the same numbers may mean other events then. */
  readonly life: string
  readonly events: readonly LoggedEvent[]
  /** Everything up to this sequence has been looked at; the position to read on from. */
  readonly scannedTo: number
  /** Runs that were passed over because they are damaged, and that no DataGap tells of yet. Absent: none. */
  readonly damaged?: readonly DamagedRun[]
}

/** A block or a row of the tail that cannot be read. */
export interface DamagedRun {
  readonly lane: Lane
  readonly kind: 'block' | 'tail'
  readonly lastSequence: number
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
  /** It stands for several of the lane that were refused alike: the first of them, and how many of each type. Absent: for itself. */
  readonly from?: number
  readonly countByType?: Readonly<Record<string, number>>
}

export interface CursorState {
  readonly lane: Lane
  readonly topic: string
  readonly sequence: number
}

/** Reads a log from any thread or process, by a connection of its own, in short transactions (the writer's WAL must be able to restart). */
export interface LogReader {
  /** In order of sequence, over blocks and tail. A damaged block never throws: it is skipped and named. Throws what SQLite throws when the disk fails. */
  read(lane: Lane, afterSequence: number, options: ReadOptions): ReadResult
  /** Life of the log that stands there now; read before the cursors, the cursors are at least as new. */
  epoch(): string
  lastSequence(lane: Lane): number
  /** First sequence still held; last + 1 when nothing is. */
  firstSequence(lane: Lane): number
  cursors(): readonly CursorState[]
  /** Whose events an epoch holds; undefined: the log does not say. */
  originOf(epoch: string): Origin | undefined
  setAside(limit: number): readonly SetAsideRecord[]
  close(): void
}

/**
 * From the forwarder thread to the log thread, over a MessagePort. Written with the next commit; no commit is forced for it. What speaks
 * of sequences names the life of the log that they belong to: a message under way while a damaged database is replaced means others.
 */
export type ForwarderMessage =
  | { readonly kind: 'advance'; readonly epoch: string; readonly cursors: readonly CursorState[] }
  /** Kept in the list and told by a `DataGap` with reason `never-acceptable`. No cursor passes it before that is durable. */
  | { readonly kind: 'set-aside'; readonly records: readonly SetAsideRecord[] }
  /** Found while reading; told by a `DataGap` with reason `block-damaged`, once. No cursor passes it before that is durable. */
  | { readonly kind: 'damaged'; readonly epoch: string; readonly runs: readonly DamagedRun[] }
  /** Which topics exist for which lane: retention spares what they still need. Empty: no uplink is configured. */
  | { readonly kind: 'topics'; readonly topics: readonly { readonly lane: Lane; readonly topic: string; readonly type: string }[] }

/** From the log thread to the forwarder thread. */
export type LogMessage = {
  readonly kind: 'committed'
  readonly epoch: string
  readonly alarm: number
  readonly telemetry: number
}
