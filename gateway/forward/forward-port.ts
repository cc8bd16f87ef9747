export type RecordHeaders = Readonly<Record<string, string>>

/** One record as it goes out. */
export interface OutgoingRecord {
  readonly topic: string
  readonly key: string
  /** JSON text: a CloudEvent in structured mode, or its data in binary mode. Of a record with a `writer`, made anew each time. */
  readonly value: string
  readonly headers?: RecordHeaders
  /** The same value as bytes, for whoever sends it: thousands of records wait for their turn, and their texts would be all in memory. */
  readonly writer?: ValueWriter
}

export interface ValueWriter {
  /** The most bytes that `write` writes; close to what it does write. */
  readonly maxBytes: number
  /** Writes the UTF-8 of the value at `at`, where there is room for `maxBytes`; gives the place behind it. */
  write(into: Buffer, at: number): number
}

/**
 * What became of one record. `accepted`: the other side has it for good (acks=all). `never`: it will never take this
 * record, whatever we do (too large, invalid): set it aside. `keep`: not now; `scope` says whether only this topic is
 * concerned (authorisation, missing topic) or the link as a whole.
 */
export type RecordOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'never'; readonly code: string; readonly why: string }
  | { readonly kind: 'keep'; readonly scope: 'topic' | 'link'; readonly code: string; readonly why: string }

export interface TopicSettings {
  readonly topic: string
  readonly retentionMs: number
  /** Absent: the broker's default. */
  readonly partitions?: number
  readonly replicationFactor?: number
}

/** A difference between a topic as it is and as it should be; shown, never changed by us. */
export interface TopicDifference {
  readonly topic: string
  readonly setting: string
  readonly expected: string
  readonly actual: string
}

/**
 * Where the forwarder sends. Promises: `send` settles within its time limit for every record, in the order given, and
 * never rejects; a record reported `keep` may have arrived all the same (at least once); records of one topic and key
 * arrive in the order sent as long as the caller has one `send` under way per topic.
 */
export interface ForwardPort {
  connect(): Promise<void>
  ensureTopics(topics: readonly TopicSettings[]): Promise<readonly TopicDifference[]>
  send(records: readonly OutgoingRecord[]): Promise<readonly RecordOutcome[]>
  /** Frees sockets and timers; pending sends settle as `keep`. */
  close(): Promise<void>
}
