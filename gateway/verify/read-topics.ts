import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'
import { GatewayError } from '../errors.ts'
import { ReadingProgress } from './reading-progress.ts'
import type { PartitionExtent } from './topic-extent.ts'

export interface ReadTopicsOptions {
  readonly kafka: Kafka
  readonly groupId: string
  readonly extents: readonly PartitionExtent[]
  /** The longest time without any progress. */
  readonly stallLimitMs: number
  readonly onRecord: (message: KafkaMessage, topic: string, partition: number) => void
}

const FETCH_BYTES_PER_PARTITION = 2 * 1024 * 1024
const FETCH_BYTES = 16 * 1024 * 1024
const SESSION_TIMEOUT_MS = 60_000

/**
 * Reads every partition from its first record to the end it had at the start, in the order of each partition. kafkajs reads
 * only as a member of a group: this one commits nothing, and is deleted by the caller.
 */
export async function readTopics(options: ReadTopicsOptions): Promise<void> {
  const progress = new ReadingProgress(options.extents)
  if (progress.complete) return
  const consumer = options.kafka.consumer({
    groupId: options.groupId,
    allowAutoTopicCreation: false,
    maxBytesPerPartition: FETCH_BYTES_PER_PARTITION,
    maxBytes: FETCH_BYTES,
    maxWaitTimeInMs: 500,
    sessionTimeout: SESSION_TIMEOUT_MS,
    retry: { retries: 5 }
  })
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: progress.topics, fromBeginning: true })
    await runToTheEnd(consumer, progress, options)
  } finally {
    await consumer.disconnect()
  }
}

function runToTheEnd(consumer: Consumer, progress: ReadingProgress, options: ReadTopicsOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let progressedAt = performance.now()
    const watch = setInterval(() => {
      if (performance.now() - progressedAt < options.stallLimitMs) return
      const seconds = options.stallLimitMs / 1000
      finish(new GatewayError('VERIFY_READ_FAILED', `nothing came for ${seconds} s while reading ${progress.waitingFor}`))
    }, 250)
    const finish = (error?: Error) => {
      clearInterval(watch)
      if (error) reject(error)
      else resolve()
    }
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) return
      finish(new GatewayError('VERIFY_READ_FAILED', `reading the topics failed: ${payload.error.message}`, { cause: payload.error }))
    })
    const eachBatch = async ({ batch, heartbeat }: EachBatchPayload): Promise<void> => {
      progressedAt = performance.now()
      const { topic, partition, messages } = batch
      for (const message of messages) {
        if (progress.take(topic, partition, Number(message.offset))) options.onRecord(message, topic, partition)
      }
      if (progress.passed(topic, partition, Number(batch.lastOffset()))) consumer.pause([{ topic, partitions: [partition] }])
      progressedAt = performance.now()
      if (progress.complete) finish()
      await heartbeat()
    }
    consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 1, eachBatch }).catch(finish)
  })
}
