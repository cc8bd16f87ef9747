import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRecordBatch } from '../../test-support/scripted-kafka/record-batch.ts'
import { crc32c } from './crc32c.ts'
import type { OutgoingRecord } from './forward-port.ts'
import { encodeRecordBatch } from './record-batch.ts'

const require = createRequire(import.meta.url)
const kafkajs = {
  record: require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (fields: object) => object,
  batch: (require('kafkajs/src/protocol/recordBatch/v0/index.js') as { RecordBatch: (fields: object) => Promise<{ buffer: Buffer }> })
    .RecordBatch
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.nat({ max: 40_000 }).map((length) => 'x'.repeat(length))
)
const records: fc.Arbitrary<OutgoingRecord[]> = fc.array(
  fc.record(
    {
      topic: fc.constant('t'),
      key: text,
      value: text,
      headers: fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ unit: 'binary' }), { maxKeys: 4 })
    },
    { requiredKeys: ['topic', 'key', 'value'] }
  ),
  { minLength: 1, maxLength: 150 }
)
const timestamp = fc.oneof(fc.constant(-1), fc.integer({ min: 1_700_000_000_000, max: 4_000_000_000_000 }))

describe('record batch', () => {
  it('is byte for byte what kafkajs writes for a producer without an id', async () => {
    await fc.assert(
      fc.asyncProperty(records, timestamp, async (list, at) => {
        const theirs = await kafkajs.batch({
          records: list.map(({ key, value, headers }, offsetDelta) =>
            kafkajs.record({ key, value, headers, offsetDelta, timestampDelta: 0 })
          ),
          firstTimestamp: at,
          maxTimestamp: at,
          producerEpoch: -1,
          firstSequence: -1,
          lastOffsetDelta: list.length - 1
        })
        const indexes = list.map((_, index) => index)
        expect((await encodeRecordBatch(list, indexes, at, 'none')).equals(theirs.buffer)).toBe(true)
      }),
      { numRuns: 60 }
    )
  })

  it('is the same for values that are written when they are sent', async () => {
    const slack = fc.nat({ max: 50 })
    await fc.assert(
      fc.asyncProperty(records, slack, async (list, spare) => {
        const indexes = list.map((_, index) => index)
        const written = list.map((record) => ({
          ...record,
          value: 'not asked for',
          writer: {
            maxBytes: Buffer.byteLength(record.value) + spare,
            write: (into: Buffer, at: number) => at + into.write(record.value, at)
          }
        }))
        const batch = await encodeRecordBatch(list, indexes, 1, 'none')
        expect((await encodeRecordBatch(written, indexes, 1, 'none')).equals(batch)).toBe(true)
      }),
      { numRuns: 60 }
    )
  })

  it('holds exactly the records asked for, compressed or not', async () => {
    await fc.assert(
      fc.asyncProperty(records, timestamp, fc.constantFrom('none' as const, 'gzip' as const), async (list, at, compression) => {
        const indexes = list.flatMap((_, index) => (index % 3 === 1 && list.length > 1 ? [] : [index]))
        const parsed = parseRecordBatch(await encodeRecordBatch(list, indexes, at, compression))
        expect(parsed).toMatchObject({ producerId: -1, compression })
        expect(parsed?.records).toEqual(
          indexes.map((index) => ({
            key: list[index]?.key,
            value: list[index]?.value,
            headers: { ...list[index]?.headers },
            timestamp: at
          }))
        )
      }),
      { numRuns: 60 }
    )
  })
})

describe('CRC-32C', () => {
  it('gives the check value of its catalogue and the vectors of RFC 3720, B.4', () => {
    const of = (bytes: Uint8Array) => crc32c(bytes, 0, bytes.length)
    expect(of(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(of(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(of(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(of(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e)
  })
})
