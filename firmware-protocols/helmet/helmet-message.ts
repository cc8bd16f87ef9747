import { NEED_MORE, NO_START, sum8 } from '../kit/binary-framer.ts'
import { toHex } from '../kit/hex.ts'
import { u16, u32 } from '../kit/little-endian.ts'
import { crc32c } from './crc32c.ts'
import { sipHash24 } from './siphash.ts'

/**
 * A message (SPECIFICATION.md, section 1), little-endian:
 *
 *   0    2    A7 48
 *   2    u8   version, major << 4 | minor
 *   3    u8   type; top bit: down
 *   4    u16  n, bytes of fields
 *   6    u8   flags; bit 0: MAC
 *   7    u8   complement of the sum of bytes 0 … 6
 *   8    8    tag id as printed
 *   16   u32  boot counter
 *   20   u32  sequence
 *   24   n    fields
 *   …    8    SipHash-2-4 of all before, if flag 0
 *   …    u32  CRC-32C of all before
 */
const SYNC_0 = 0xa7
const SYNC_1 = 0x48
export const HEADER_BYTES = 24
export const MAX_FIELDS_BYTES = 1024
export const MAC_BYTES = 8
const CRC_BYTES = 4
export const MAX_MESSAGE_BYTES = HEADER_BYTES + MAX_FIELDS_BYTES + MAC_BYTES + CRC_BYTES
export const KEY_BYTES = 16
export const MAJOR = 1
const VERSION = MAJOR << 4
const FLAG_MAC = 1
export const TYPE_REPORT = 0x01
export const TYPE_COMMAND = 0x81

/** For a `BinaryFramer`, and for whole messages. */
export function measureMessage(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] !== SYNC_0) return NO_START
  if (to - from < 2) return NEED_MORE
  if (bytes[from + 1] !== SYNC_1) return NO_START
  if (to - from < 8) return NEED_MORE
  if (sum8(bytes, from, from + 8) !== 0xff) return NO_START
  const macBytes = (bytes[from + 6] ?? 0) & FLAG_MAC ? MAC_BYTES : 0
  return HEADER_BYTES + u16(bytes, from + 4) + macBytes + CRC_BYTES
}

export const isIntactMessage = (bytes: Uint8Array, from: number, to: number): boolean =>
  crc32c(bytes, from, to - CRC_BYTES) === u32(bytes, to - CRC_BYTES)

/** What is wrong with a message, in the order of the checks; the names are those of the C reference. */
export type MessageProblem = 'FORMAT' | 'LENGTH' | 'CHECKSUM' | 'MAJOR'

/** The first thing that is wrong with the bytes as one message; undefined: they are one, of a major version that is spoken. */
export function messageProblem(bytes: Uint8Array): MessageProblem | undefined {
  const length = measureMessage(bytes, 0, bytes.length)
  if (length === NO_START) return 'FORMAT'
  if (length !== bytes.length || length > MAX_MESSAGE_BYTES) return 'LENGTH'
  if (!isIntactMessage(bytes, 0, length)) return 'CHECKSUM'
  return (bytes[2] ?? 0) >> 4 === MAJOR ? undefined : 'MAJOR'
}

export const hasMac = (message: Uint8Array): boolean => ((message[6] ?? 0) & FLAG_MAC) !== 0
export const fieldsEnd = (message: Uint8Array): number => HEADER_BYTES + u16(message, 4)

const expected = new Uint8Array(MAC_BYTES)

/** Whether `bytes[at..at + count)` are the first bytes of the MAC of `bytes[0..at)`. */
export function isMacRight(bytes: Uint8Array, at: number, count: number, key: Uint8Array): boolean {
  sipHash24(key, bytes, 0, at, expected)
  let difference = 0
  // Without a way out in the middle: the time it takes must not tell how many bytes fit.
  for (let i = 0; i < count; i++) difference |= (expected[i] ?? 0) ^ (bytes[at + i] ?? 0)
  return difference === 0
}

/** Of no message: those have their header before them. */
const MARKED = new Uint8Array(1)
const marks = new WeakMap<Uint8Array, string>()

/** Tells keys apart and tells nothing of them. A tag that gets a new key begins its numbers anew. */
export function keyMark(key: Uint8Array): string {
  const known = marks.get(key)
  if (known !== undefined) return known
  const mac = new Uint8Array(MAC_BYTES)
  sipHash24(key, MARKED, 0, MARKED.length, mac)
  const mark = toHex(mac.subarray(0, 4))
  marks.set(key, mark)
  return mark
}

export interface MessageParts {
  /** Absent: the version that this file speaks. */
  readonly version?: number
  readonly type: number
  /** 8 bytes. */
  readonly tag: Uint8Array
  readonly boot: number
  readonly sequence: number
  /** At most `MAX_FIELDS_BYTES`. */
  readonly fields: Uint8Array
  /** 16 bytes; absent: no MAC. */
  readonly key?: Uint8Array | undefined
}

/** The message as it travels. Throws a RangeError for parts that no message can have. */
export function sealMessage({ version = VERSION, type, tag, boot, sequence, fields, key }: MessageParts): Uint8Array {
  if (tag.length !== 8 || fields.length > MAX_FIELDS_BYTES) throw new RangeError('no message with such a tag id or such fields')
  if (key !== undefined && key.length !== KEY_BYTES) throw new RangeError('a key has 16 bytes')
  const end = HEADER_BYTES + fields.length
  const macBytes = key === undefined ? 0 : MAC_BYTES
  const bytes = new Uint8Array(end + macBytes + CRC_BYTES)
  const view = new DataView(bytes.buffer)
  bytes[0] = SYNC_0
  bytes[1] = SYNC_1
  bytes[2] = version
  bytes[3] = type
  view.setUint16(4, fields.length, true)
  bytes[6] = key === undefined ? 0 : FLAG_MAC
  bytes[7] = ~sum8(bytes, 0, 7) & 0xff
  bytes.set(tag, 8)
  view.setUint32(16, boot, true)
  view.setUint32(20, sequence, true)
  bytes.set(fields, HEADER_BYTES)
  if (key !== undefined) sipHash24(key, bytes, 0, end, bytes.subarray(end, end + MAC_BYTES))
  view.setUint32(end + macBytes, crc32c(bytes, 0, end + macBytes), true)
  return bytes
}
