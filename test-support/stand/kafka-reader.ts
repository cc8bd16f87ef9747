/**
 * The reader of the bench, a process of its own: follows one topic, counts records, and measures for each how long after
 * its frame arrived at the gateway the broker had it (append time minus `receivedAt`; both clocks are this machine's).
 *
 * Arguments: brokers, topic. A line on stdin makes it print one JSON object of what it has seen so far.
 */
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { Kafka, logLevel } from 'kafkajs'

const [brokers = '', topic = ''] = process.argv.slice(2)
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING, clientId: 'bench-reader' })
const consumer = kafka.consumer({
  groupId: `bench-${randomUUID()}`,
  maxWaitTimeInMs: 200,
  minBytes: 64 * 1024,
  maxBytesPerPartition: 4_194_304
})

const MAX_LATENCY_MS = 600_000
/** Counts by whole milliseconds: exact, and of one size. */
const latencies = new Uint32Array(MAX_LATENCY_MS + 1)
let count = 0
let firstSequence = Number.POSITIVE_INFINITY
let lastSequence = 0
let slowestMs = 0

const SEQUENCE = /"sequence":"(\d{20})"/
const RECEIVED = /"receivedAt":(\d+)/

function take(value: Buffer, appendedAt: number): void {
  // Two patterns over the head of the text cost less than parsing all of it; the bench shares its processors with what it measures.
  const text = value.toString('latin1', 0, 700)
  const sequence = Number(SEQUENCE.exec(text)?.[1])
  const latencyMs = Math.min(MAX_LATENCY_MS, Math.max(0, appendedAt - Number(RECEIVED.exec(text)?.[1])))
  count += 1
  if (sequence < firstSequence) firstSequence = sequence
  if (sequence > lastSequence) lastSequence = sequence
  if (latencyMs > slowestMs) slowestMs = latencyMs
  latencies[latencyMs] = (latencies[latencyMs] ?? 0) + 1
}

function quantile(share: number): number {
  let left = Math.ceil(count * share)
  for (let ms = 0; ms <= MAX_LATENCY_MS; ms += 1) {
    left -= latencies[ms] ?? 0
    if (left <= 0) return ms
  }
  return MAX_LATENCY_MS
}

await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  eachBatch: ({ batch }) => {
    for (const { value, timestamp } of batch.messages) if (value !== null) take(value, Number(timestamp))
    return Promise.resolve()
  }
})
process.stdout.write('reading\n')
createInterface({ input: process.stdin })
  .on('line', () => {
    process.stdout.write(
      `${JSON.stringify({ count, firstSequence, lastSequence, p50: quantile(0.5), p99: quantile(0.99), max: slowestMs })}\n`
    )
  })
  .on('close', () => process.exit(0))
