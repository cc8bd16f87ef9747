import { randomBytes } from 'node:crypto'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'

export interface ReadRecord {
  readonly key: string
  readonly value: string
  readonly headers: Readonly<Record<string, string>>
  /** Epoch milliseconds. */
  readonly timestamp: number
}

/** Everything that can be read of a topic now: one list a partition, in order of offset. */
export async function readTopic(client: Pick<KafkaConfig, 'brokers' | 'sasl' | 'ssl'>, topic: string): Promise<ReadRecord[][]> {
  const kafka = new Kafka({ ...client, logLevel: logLevel.NOTHING, connectionTimeout: 10_000 })
  const admin = kafka.admin()
  const consumer = kafka.consumer({ groupId: `read-${randomBytes(6).toString('hex')}` })
  await admin.connect()
  try {
    const offsets = await admin.fetchTopicOffsets(topic)
    const partitions: ReadRecord[][] = offsets.map(() => [])
    const left = new Set(offsets.filter(({ low, high }) => Number(low) < Number(high)).map(({ partition }) => partition))
    if (left.size === 0) return partitions
    const ends = new Map(offsets.map(({ partition, high }) => [partition, Number(high)]))
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      // A coordinator that has just come up is not ready; kafkajs then starts the consumer again by itself.
      consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error))
      consumer
        .run({
          autoCommit: false,
          eachBatch: ({ batch }) => {
            for (const { key, value, headers, timestamp, offset } of batch.messages) {
              if (Number(offset) >= (ends.get(batch.partition) ?? 0)) break
              partitions[batch.partition]?.push({
                key: key?.toString() ?? '',
                value: value?.toString() ?? '',
                headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])),
                timestamp: Number(timestamp)
              })
            }
            if (Number(batch.lastOffset()) + 1 >= (ends.get(batch.partition) ?? 0)) left.delete(batch.partition)
            if (left.size === 0) resolve()
            return Promise.resolve()
          }
        })
        .catch(reject)
    })
    return partitions
  } finally {
    await consumer.disconnect()
    await admin.disconnect()
  }
}
