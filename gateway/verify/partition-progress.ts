import filterAbortedMessages from 'kafkajs/src/consumer/filterAbortedMessages.js'
import type { PartitionExtent } from './topic-extent.ts'
import type { WireHeaders } from './wire-event.ts'

/** A record as kafkajs decodes it. */
export interface FetchedRecord {
  readonly offset: string
  /** Epoch milliseconds; with LogAppendTime the broker's. */
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: WireHeaders | undefined
  /** A mark that a transaction was committed or aborted, which is no record of anybody. */
  readonly isControlRecord: boolean
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean }
}

/** Of a partition in a Fetch response, version 4 and later. */
export interface FetchedPartition {
  readonly partition: number
  readonly errorCode: number
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[] | null
  readonly messages: readonly FetchedRecord[]
}

/** How far a partition has been read: every offset once, in order, from the first to the end that it had at the start. */
export class PartitionProgress {
  readonly extent: PartitionExtent
  /** First offset not read yet. Offsets may be unused. */
  next: number

  constructor(extent: PartitionExtent) {
    this.extent = extent
    this.next = extent.low
  }

  get complete(): boolean {
    return this.next >= this.extent.end
  }

  /**
   * Takes what a fetch from `next` brought. It begins with a whole batch, so that offsets may come which were asked for before, and
   * goes beyond the end when more was written meanwhile. Answers whether there was anything new.
   */
  take(
    { messages, abortedTransactions }: Pick<FetchedPartition, 'messages' | 'abortedTransactions'>,
    onRecord: (record: FetchedRecord) => void
  ): boolean {
    const before = this.next
    for (const record of filterAbortedMessages({ messages, abortedTransactions })) {
      const offset = Number(record.offset)
      if (offset < before) continue
      if (offset >= this.extent.end) break
      if (!record.isControlRecord) onRecord(record)
    }
    const last = messages.at(-1)
    if (last !== undefined) this.next = Math.max(this.next, Number(last.offset) + 1)
    return this.next > before
  }
}
