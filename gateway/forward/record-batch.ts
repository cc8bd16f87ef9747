/**
 * Record batches (Kafka documentation, "Record Batch", magic 2), written into one buffer. kafkajs allocates several
 * buffers for every record, which costs four times as much as everything else on the way out.
 */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { crc32c } from './crc32c.ts'
import type { OutgoingRecord, RecordHeaders } from './forward-port.ts'

export type Compression = 'none' | 'gzip'

const MAGIC = 2
const GZIP_ATTRIBUTE = 1
/** Before the records: base offset 8, length 4, leader epoch 4, magic 1, checksum 4, then what the checksum covers. */
const LENGTH_AT = 8
const MAGIC_AT = 16
const CRC_AT = 17
const CHECKED_FROM = 21
const RECORDS_AT = 61
/** No producer id: neither idempotent nor transactional. */
const NO_PRODUCER = -1
/** Of the five varints and the attributes of a record, at most. */
const RECORD_FRAME_BYTES = 40

const gzipAsync = promisify(gzip)
/**
 * zlib's best trade costs as much as all else of a record. Where there is that much to send, the quick one is as good: a sixth more bytes
 * for less than half of the time. A slow link is sent small batches, and those are worth the best.
 */
const BEST_GZIP = { level: 6 }
/** The result fits into one chunk mostly: each is a way to another thread and back. */
const QUICK_GZIP = { level: 2, chunkSize: 65_536 }
const QUICK_FROM_BYTES = 65_536

/** Bytes of an unsigned varint; every number here is a length or a count, which zigzag doubles. */
function varintSize(value: number): number {
  const zigzag = value * 2
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x200000 ? 3 : zigzag < 0x10000000 ? 4 : 5
}

function putVarint(buffer: Buffer, at: number, value: number): number {
  let rest = value * 2
  let next = at
  while (rest >= 0x80) {
    buffer[next++] = (rest & 0x7f) | 0x80
    rest = Math.floor(rest / 128)
  }
  buffer[next++] = rest
  return next
}

function encodeHeaders(headers: RecordHeaders | undefined): Buffer {
  const entries = Object.entries(headers ?? {}).map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const)
  const buffer = Buffer.allocUnsafe(5 + entries.reduce((sum, [name, value]) => sum + name.length + value.length + 10, 0))
  let at = putVarint(buffer, 0, entries.length)
  for (const [name, value] of entries) {
    at = putVarint(buffer, at, name.length)
    at += name.copy(buffer, at)
    at = putVarint(buffer, at, value.length)
    at += value.copy(buffer, at)
  }
  return buffer.subarray(0, at)
}

/** Room that a length is given before it is known: that of most. */
const LENGTH_BYTES = 2
const KEY_LENGTH_BYTES = 1

/** Writes the length before what stands from `start` to `end`, and moves that if the length takes more or less than `room`. Gives the end. */
function putLengthBefore(buffer: Buffer, room: number, start: number, end: number): number {
  const length = end - start
  const moved = varintSize(length) - room
  if (moved !== 0) buffer.copyWithin(start + moved, start, end)
  putVarint(buffer, start - room, length)
  return end + moved
}

/** Keys are short, and mostly ASCII: a loop costs less than the call of a native function. */
function putKey(buffer: Buffer, at: number, key: string): number {
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i)
    if (code >= 0x80) return at + buffer.write(key, at)
    buffer[at + i] = code
  }
  return at + key.length
}

function putValue(buffer: Buffer, at: number, record: OutgoingRecord): number {
  return record.writer === undefined ? at + buffer.write(record.value, at) : record.writer.write(buffer, at)
}

/**
 * record: length varint | attributes int8 | timestampDelta varlong | offsetDelta varint | key | value | headers. All
 * records of a batch have its timestamp, so that delta is 0. Gives the end.
 */
function writeRecords(buffer: Buffer, start: number, records: readonly OutgoingRecord[], indexes: readonly number[]): number {
  let at = start
  let headers: RecordHeaders | undefined
  let headerBytes = encodeHeaders(undefined)
  for (let offset = 0; offset < indexes.length; offset++) {
    const record = records[indexes[offset] as number] as OutgoingRecord
    if (record.headers !== headers) {
      headers = record.headers
      headerBytes = encodeHeaders(headers)
    }
    const recordAt = at + LENGTH_BYTES
    buffer[recordAt] = 0
    buffer[recordAt + 1] = 0
    const keyAt = putVarint(buffer, recordAt + 2, offset) + KEY_LENGTH_BYTES
    const keyEnd = putLengthBefore(buffer, KEY_LENGTH_BYTES, keyAt, putKey(buffer, keyAt, record.key))
    const valueAt = keyEnd + LENGTH_BYTES
    const valueEnd = putLengthBefore(buffer, LENGTH_BYTES, valueAt, putValue(buffer, valueAt, record))
    buffer.set(headerBytes, valueEnd)
    at = putLengthBefore(buffer, LENGTH_BYTES, recordAt, valueEnd + headerBytes.length)
  }
  return at
}

/** Bytes of a value, at the most. */
export function maxValueBytes(record: OutgoingRecord): number {
  return record.writer?.maxBytes ?? Buffer.byteLength(record.value)
}

function capacityOf(records: readonly OutgoingRecord[], indexes: readonly number[]): number {
  let bytes = RECORDS_AT
  let headers: RecordHeaders | undefined
  let headerBytes = 1
  for (const index of indexes) {
    const record = records[index] as OutgoingRecord
    if (record.headers !== headers) {
      headers = record.headers
      headerBytes = encodeHeaders(headers).length
    }
    bytes += 3 * record.key.length + maxValueBytes(record) + headerBytes + RECORD_FRAME_BYTES
  }
  return bytes
}

/** `timestamp`: epoch milliseconds, or -1 for none. */
export async function encodeRecordBatch(
  records: readonly OutgoingRecord[],
  indexes: readonly number[],
  timestamp: number,
  compression: Compression
): Promise<Buffer> {
  const plain = Buffer.allocUnsafe(capacityOf(records, indexes))
  const plainEnd = writeRecords(plain, RECORDS_AT, records, indexes)
  let batch = plain.subarray(0, plainEnd)
  if (compression === 'gzip') {
    const way = plainEnd < QUICK_FROM_BYTES ? BEST_GZIP : QUICK_GZIP
    batch = Buffer.concat([plain.subarray(0, RECORDS_AT), await gzipAsync(plain.subarray(RECORDS_AT, plainEnd), way)])
  }
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(batch.length - LENGTH_AT - 4, LENGTH_AT)
  batch.writeInt32BE(0, LENGTH_AT + 4)
  batch.writeInt8(MAGIC, MAGIC_AT)
  let at = batch.writeInt16BE(compression === 'gzip' ? GZIP_ATTRIBUTE : 0, CHECKED_FROM)
  at = batch.writeInt32BE(indexes.length - 1, at)
  at = batch.writeBigInt64BE(BigInt(timestamp), at)
  at = batch.writeBigInt64BE(BigInt(timestamp), at)
  at = batch.writeBigInt64BE(BigInt(NO_PRODUCER), at)
  at = batch.writeInt16BE(NO_PRODUCER, at)
  at = batch.writeInt32BE(NO_PRODUCER, at)
  batch.writeInt32BE(indexes.length, at)
  batch.writeUInt32BE(crc32c(batch, CHECKED_FROM, batch.length), CRC_AT)
  return batch
}
