import type { OutgoingRecord, RecordOutcome } from './forward-port.ts'
import { produceVerdict } from './kafka-codes.ts'
import { maxValueBytes } from './record-batch.ts'

/** What is known of a topic on this connection beyond its metadata. */
export interface TopicLimits {
  /** Largest batch that the topic may take, as far as known. */
  maxBatchBytes: number
  /** The broker refused our time of sending: leave it out. */
  withoutTimestamp: boolean
}

/** A part of a send that goes out in one record batch. */
export interface PartitionBatch {
  readonly indexes: readonly number[]
  readonly bytes: number
}

/** Why a queue cannot go on. `again`: the partition may be elsewhere, asking the cluster once more may help. */
export interface QueueStop {
  readonly code: string
  readonly why: string
  readonly scope: 'topic' | 'link'
  readonly again: boolean
}

const MAX_BATCH_RECORDS = 10_000
/** Record framing, offsets and a header's name, generously. */
const RECORD_OVERHEAD_BYTES = 80
const HEADER_OVERHEAD_BYTES = 60
/** A checksum can fail on the way; the same record alone failing this often is the record's fault. */
const CORRUPT_ATTEMPTS = 3
const ACCEPTED: RecordOutcome = { kind: 'accepted' }

export function recordBytes(record: OutgoingRecord): number {
  const headers = record.headers === undefined ? 0 : Object.keys(record.headers).length * HEADER_OVERHEAD_BYTES
  return maxValueBytes(record) + record.key.length + RECORD_OVERHEAD_BYTES + headers
}

/**
 * The records of one send for one partition, strictly in order: a batch goes out when the one before it is settled, and
 * what follows a record that must wait waits too. A batch refused because of what is in it is narrowed down by halves;
 * only a record refused on its own is given up.
 */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly #records: readonly OutgoingRecord[]
  readonly #outcomes: (RecordOutcome | undefined)[]
  readonly #indexes: readonly number[]
  readonly #limits: TopicLimits
  #at = 0
  #maxRecords = MAX_BATCH_RECORDS
  #corruptAttempts = 0
  #stop: QueueStop | undefined

  constructor(
    topic: string,
    partition: number,
    indexes: readonly number[],
    records: readonly OutgoingRecord[],
    outcomes: (RecordOutcome | undefined)[],
    limits: TopicLimits
  ) {
    this.topic = topic
    this.partition = partition
    this.#indexes = indexes
    this.#records = records
    this.#outcomes = outcomes
    this.#limits = limits
  }

  get open(): boolean {
    return this.#stop === undefined && this.#at < this.#indexes.length
  }

  get stopped(): QueueStop | undefined {
    return this.#stop
  }

  get withoutTimestamp(): boolean {
    return this.#limits.withoutTimestamp
  }

  /** Indexes that have no outcome yet. */
  rest(): readonly number[] {
    return this.#indexes.slice(this.#at)
  }

  nextBatch(): PartitionBatch {
    const indexes: number[] = []
    let bytes = 0
    for (let at = this.#at; at < this.#indexes.length && indexes.length < this.#maxRecords; at++) {
      const index = this.#indexes[at] ?? 0
      const record = this.#records[index]
      const size = record === undefined ? 0 : recordBytes(record)
      if (indexes.length > 0 && bytes + size > this.#limits.maxBatchBytes) break
      indexes.push(index)
      bytes += size
    }
    return { indexes, bytes }
  }

  /** Takes the broker's answer to the last batch. */
  settle(batch: PartitionBatch, code: string): void {
    switch (produceVerdict(code)) {
      case 'accepted':
        for (const index of batch.indexes) this.#outcomes[index] = ACCEPTED
        this.#pass(batch.indexes.length)
        break
      case 'oversize':
        if (batch.indexes.length > 1) this.#limits.maxBatchBytes = Math.max(1, Math.floor(batch.bytes / 2))
        this.#narrow(batch, code)
        break
      case 'poison':
        if (code === 'CORRUPT_MESSAGE' && batch.indexes.length === 1 && ++this.#corruptAttempts < CORRUPT_ATTEMPTS) break
        this.#narrow(batch, code)
        break
      case 'timestamp':
        if (this.#limits.withoutTimestamp) this.stop({ code, why: `${this.topic} refuses records`, scope: 'topic', again: false })
        this.#limits.withoutTimestamp = true
        break
      case 'moved':
        this.stop({ code, why: `partition ${this.partition} of ${this.topic} is not where it was`, scope: 'topic', again: true })
        break
      case 'wait':
        this.stop({ code, why: `partition ${this.partition} of ${this.topic} takes no records now`, scope: 'topic', again: false })
        break
    }
  }

  stop(stop: QueueStop): void {
    this.#stop = stop
  }

  /** Ends the queue: what is left is to be kept. */
  keepRest(): void {
    if (this.#stop === undefined) return
    const { code, why, scope } = this.#stop
    for (const index of this.rest()) this.#outcomes[index] = { kind: 'keep', scope, code, why }
  }

  #pass(count: number): void {
    this.#at += count
    this.#corruptAttempts = 0
    this.#maxRecords = Math.min(this.#maxRecords * 2, MAX_BATCH_RECORDS)
  }

  #narrow(batch: PartitionBatch, code: string): void {
    const [only] = batch.indexes
    if (batch.indexes.length > 1) {
      this.#maxRecords = Math.floor(batch.indexes.length / 2)
    } else if (only !== undefined) {
      this.#outcomes[only] = { kind: 'never', code, why: `${this.topic} refused this record alone (${batch.bytes} bytes)` }
      this.#pass(1)
    }
  }
}
