import type { LoggedEvent } from '../log/event-log.ts'
import { createEventEncoder } from './cloud-event.ts'
import { partitionOfKey } from './partition-of-key.ts'
import { type Compression, encodeRecordBatch } from './record-batch.ts'

/**
 * Processor time of an event on its way out, from the log's event to the record batch, garbage collection and compression included.
 * `node dist/gateway/forward/forward.bench.js` prints one JSON line for each compression.
 */

const EVENTS = 1_000
const PARTITIONS = 3
const WARM_ROUNDS = 100
const ROUNDS = 300

const events = Array.from({ length: EVENTS }, (_, i): LoggedEvent => {
  const tag = `pans-hall1:${(0x4d00 + i).toString(16)}`
  const position = { x: ((i * 7919) % 6000) / 100, y: ((i * 104_729) % 4000) / 100, z: 1 + (i % 40) / 100 }
  return {
    lane: 'telemetry',
    epoch: '1',
    sequence: 1_000_000 + i,
    type: 'TagMovement',
    key: tag,
    time: 1_790_000_000_000 + i,
    source: 'hall1',
    receivedAt: 1_790_000_000_000 + i,
    clockQuality: 'synchronised',
    bootId: '0d7f5d1c-2f7e-4ad0-8f0e-2b1f6f2f8b11',
    monotonicMs: (5_000_000_000 + i * 49) / 1_000,
    body: JSON.stringify({ tag, position, quality: 60 + (i % 35) })
  }
})

async function round(compression: Compression): Promise<number> {
  const encode = createEventEncoder(() => ({ site: 'bench', gatewayId: 'bench-gateway' }), 'structured')
  const records = events.map((event) => encode(event, 'bench.tag-movement'))
  let bytes = 0
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const indexes = records.flatMap(({ key }, index) => (partitionOfKey(key, PARTITIONS) === partition ? [index] : []))
    bytes += (await encodeRecordBatch(records, indexes, 1_790_000_000_000, compression)).length
  }
  return bytes
}

for (const compression of ['none', 'gzip'] as const) {
  for (let i = 0; i < WARM_ROUNDS; i++) await round(compression)
  const before = process.cpuUsage()
  let bytes = 0
  for (let i = 0; i < ROUNDS; i++) bytes += await round(compression)
  const { user, system } = process.cpuUsage(before)
  const count = ROUNDS * EVENTS
  process.stdout.write(`${JSON.stringify({ compression, cpuMicrosPerEvent: (user + system) / count, bytesPerEvent: bytes / count })}\n`)
}
