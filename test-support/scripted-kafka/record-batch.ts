import { gunzipSync } from 'node:zlib'
import { WireReader } from './wire.ts'

export interface BatchRecord {
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
  /** Epoch milliseconds as sent; -1: none. */
  readonly timestamp: number
}

export interface RecordBatch {
  readonly records: readonly BatchRecord[]
  readonly producerId: number
  readonly compression: 'none' | 'gzip'
  readonly bytes: number
}

const MAGIC = 2
const CRC32C_POLYNOMIAL = 0x82f63b78
/** Offset, length, leader epoch, magic and checksum; the checksum covers what follows. */
const CHECKED_FROM_BYTE = 21

const crcTable = new Uint32Array(256).map((_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CRC32C_POLYNOMIAL : crc >>> 1
  return crc >>> 0
})

function crc32c(data: Buffer): number {
  let crc = 0xffffffff
  for (const byte of data) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}

/**
 * RecordBatch of magic 2 (Kafka documentation, "Record Batch"):
 *   baseOffset int64 | batchLength int32 | partitionLeaderEpoch int32 | magic int8 | crc uint32 | attributes int16 |
 *   lastOffsetDelta int32 | baseTimestamp int64 | maxTimestamp int64 | producerId int64 | producerEpoch int16 |
 *   baseSequence int32 | records array
 * Undefined: not a batch, or its checksum does not hold.
 */
export function parseRecordBatch(data: Buffer): RecordBatch | undefined {
  const reader = new WireReader(data)
  reader.int64()
  if (reader.int32() !== reader.left) return undefined
  reader.int32()
  if (reader.int8() !== MAGIC || reader.uint32() !== crc32c(data.subarray(CHECKED_FROM_BYTE))) return undefined
  const compression = (reader.int16() & 0x07) === 1 ? 'gzip' : 'none'
  reader.int32()
  const baseTimestamp = reader.int64()
  reader.int64()
  const producerId = reader.int64()
  reader.int16()
  reader.int32()
  const count = reader.int32()
  const body = reader.bytes(reader.left)
  const records = new WireReader(compression === 'gzip' ? gunzipSync(body) : body)
  return { records: Array.from({ length: count }, () => readRecord(records, baseTimestamp)), producerId, compression, bytes: data.length }
}

/** length varint | attributes int8 | timestampDelta varlong | offsetDelta varint | key | value | headers */
function readRecord(reader: WireReader, baseTimestamp: number): BatchRecord {
  reader.varint()
  reader.int8()
  const timestamp = baseTimestamp + reader.varint()
  reader.varint()
  const key = reader.varBytes()?.toString('utf8') ?? null
  const value = reader.varBytes()?.toString('utf8') ?? null
  const headers = Array.from({ length: reader.varint() }, () => [
    reader.varBytes()?.toString('utf8') ?? '',
    reader.varBytes()?.toString('utf8') ?? ''
  ])
  return { key, value, headers: Object.fromEntries(headers), timestamp }
}
