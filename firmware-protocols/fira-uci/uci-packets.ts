import type { Framer, FramerCounters } from '../codec.ts'
import { BinaryFramer, NEED_MORE, NO_START } from '../kit/binary-framer.ts'
import { u16, u32 } from '../kit/little-endian.ts'

/**
 * UCI packets (FiRa UCI generic specification; google/pica, uci_packets.pdl). Numbers are little-endian. There is no start
 * mark and no checksum: a start is known by reserved bits that are 0, by opcodes that there are, and by lengths that fit.
 *
 *   control   0: message type (bits 7..5: 1 command, 2 response, 3 notification), more segments follow (bit 4), group (3..0)
 *             1: opcode (5..0)   2: reserved   3: payload length u8
 *   data      0: message type 0, bit 4 as above, format (3..0: 2 received)   1: reserved   2: payload length u16
 */
export const HEADER_LENGTH = 4
export const COMMAND = 1
export const RESPONSE = 2
export const NOTIFICATION = 3

export const GROUP_CORE = 0
export const GROUP_SESSION = 1
export const GROUP_RANGING = 2

const MAX_DATA_LENGTH = 2048
const MAX_PACKET_LENGTH = HEADER_LENGTH + MAX_DATA_LENGTH

/** First byte, without the segment bit, of data that was received. */
const DATA_RECEIVED = 0x02
/** Session u32, status u8, source u64, sequence u16, length u16. */
export const DATA_HEAD_LENGTH = 17

/** Greatest opcode of groups 0 to 3. */
const LAST_OPCODE = [0x08, 0x0b, 0x05, 0x3f]
const FIRST_VENDOR_GROUP = 9

export const messageType = (bytes: Uint8Array, at = 0): number => (bytes[at] ?? 0) >> 5
const isSegment = (bytes: Uint8Array, at = 0): boolean => ((bytes[at] ?? 0) & 0x10) !== 0
export const isData = (bytes: Uint8Array, at = 0): boolean => ((bytes[at] ?? 0) & 0xef) === DATA_RECEIVED

/** Notification with measurements. */
export const isSessionInfo = (bytes: Uint8Array, at = 0): boolean => ((bytes[at] ?? 0) & 0xef) === 0x62 && bytes[at + 1] === 0

export const INFO_HEAD_LENGTH = 25
export const TWO_WAY = 1
export const DL_TDOA = 2
export const OWR_AOA = 3

/** Bytes of a measurement where all are alike; `extended`: with addresses of 8 bytes. */
export function measurementLength(type: number, extended: boolean): number | undefined {
  if (type === TWO_WAY) return 31
  return type === OWR_AOA ? (extended ? 19 : 13) : undefined
}

/** Whether a payload of `length` bytes at `at`, of which those up to `to` are there, can be session info. */
function fitsSessionInfo(bytes: Uint8Array, at: number, to: number, length: number): boolean {
  if (length < INFO_HEAD_LENGTH) return false
  if (to < at + INFO_HEAD_LENGTH) return true
  const extended = bytes[at + 15] ?? 0
  if (extended > 1) return false
  const each = measurementLength(bytes[at + 13] ?? 0, extended === 1)
  return each === undefined || INFO_HEAD_LENGTH + (bytes[at + 24] ?? 0) * each <= length
}

/** Lengths of notifications that have one, by group and opcode. */
const NOTIFICATION_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0x001, 1],
  [0x007, 1],
  [0x102, 6],
  [0x204, 5]
])
/** Lengths of commands. A module sends none, but a line may echo them; without their lengths every number of a session looks like one. */
const COMMAND_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0x000, 1],
  [0x002, 0],
  [0x003, 0],
  [0x008, 0],
  [0x100, 5],
  [0x101, 4],
  [0x105, 0],
  [0x106, 4],
  [0x10b, 4],
  [0x200, 4],
  [0x201, 4],
  [0x203, 4]
])

function fitsControl(bytes: Uint8Array, from: number, to: number, length: number): boolean {
  const message = (((bytes[from] ?? 0) & 0x0f) << 8) | (bytes[from + 1] ?? 0)
  if (!isSegment(bytes, from)) {
    const type = messageType(bytes, from)
    if (isSessionInfo(bytes, from)) return fitsSessionInfo(bytes, from + HEADER_LENGTH, to, length)
    const fixed = type === COMMAND ? COMMAND_LENGTHS.get(message) : type === NOTIFICATION ? NOTIFICATION_LENGTHS.get(message) : undefined
    if (fixed !== undefined) return fixed === length
  }
  return length > 0
}

/**
 * As `BinaryFramerOptions.measure`. `lastSegmentDue`: a packet without the segment bit may be the end of a message, whose
 * content is not that of a message.
 */
export function measureUci(bytes: Uint8Array, from: number, to: number, lastSegmentDue = false): number {
  const first = bytes[from] ?? 0
  if (isData(bytes, from)) return measureData(bytes, from, to, lastSegmentDue || isSegment(bytes, from))
  const type = first >> 5
  const group = first & 0x0f
  const lastOpcode = group >= FIRST_VENDOR_GROUP ? 0x3f : LAST_OPCODE[group]
  if (type < COMMAND || type > NOTIFICATION || lastOpcode === undefined) return NO_START
  const there = to - from
  if (there > 1 && (bytes[from + 1] ?? 0) > lastOpcode) return NO_START
  if (there > 2 && bytes[from + 2] !== 0) return NO_START
  if (there < HEADER_LENGTH) return NEED_MORE
  const length = bytes[from + 3] ?? 0
  return lastSegmentDue || fitsControl(bytes, from, to, length) ? HEADER_LENGTH + length : NO_START
}

function measureData(bytes: Uint8Array, from: number, to: number, isPart: boolean): number {
  if (to - from > 1 && bytes[from + 1] !== 0) return NO_START
  if (to - from < HEADER_LENGTH) return NEED_MORE
  const length = u16(bytes, from + 2)
  if (length > MAX_DATA_LENGTH) return NO_START
  if (isPart) return HEADER_LENGTH + length
  const lengthAt = from + HEADER_LENGTH + DATA_HEAD_LENGTH - 2
  const fits = length >= DATA_HEAD_LENGTH && (to < lengthAt + 2 || u16(bytes, lengthAt) === length - DATA_HEAD_LENGTH)
  return fits ? HEADER_LENGTH + length : NO_START
}

/** What tells messages apart whose segments may be joined: first byte without the segment bit, and opcode. */
const messageKey = (packet: Uint8Array, at = 0): number => (((packet[at] ?? 0) & 0xef) << 8) | (packet[at + 1] ?? 0)

/** Remembers whether the last packet was a segment, because the packet that ends a message looks like any other. */
export class UciFramer implements Framer {
  #awaited = -1
  #flushing = false
  readonly #framer = new BinaryFramer({
    maxLength: MAX_PACKET_LENGTH,
    measure: (bytes, from, to) => {
      // What is cut off holds numbers that look like small packets; only what a module says most is believed to stand behind it.
      if (this.#flushing && !isSessionInfo(bytes, from)) return NO_START
      return measureUci(bytes, from, to, this.#awaited >= 0 && this.#awaited === messageKey(bytes, from))
    }
  })

  get counters(): Readonly<FramerCounters> {
    return this.#framer.counters
  }

  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    this.#framer.push(chunk, (frame) => this.#hand(frame, onFrame))
  }

  flush(onFrame: (frame: Uint8Array) => void): void {
    this.#flushing = true
    this.#framer.flush((frame) => this.#hand(frame, onFrame))
    this.#flushing = false
  }

  reset(): void {
    this.#awaited = -1
    this.#framer.reset()
  }

  #hand(frame: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    this.#awaited = isSegment(frame) ? messageKey(frame) : -1
    onFrame(frame)
  }
}

/** 255 measurements are some 20 000 bytes. */
const MAX_MESSAGE_LENGTH = 32_768

/**
 * Joins the segments of a message. At most one message is under way; segments of one message follow each other. A message
 * whose last segment was lost is dropped when another begins.
 */
export class SegmentJoiner {
  #parts: Uint8Array[] = []
  #length = 0
  #key = -1

  /** The payload of the whole message; undefined while segments are missing; `too-long` when it was dropped. */
  add(packet: Uint8Array): Uint8Array | 'too-long' | undefined {
    const payload = packet.subarray(HEADER_LENGTH)
    const more = isSegment(packet)
    const key = messageKey(packet)
    if (key !== this.#key || (this.#parts.length > 0 && this.#beginsAnew(packet, payload))) this.#drop()
    if (!more && this.#parts.length === 0) return payload
    if (this.#length + payload.length > MAX_MESSAGE_LENGTH) {
      this.#drop()
      return 'too-long'
    }
    // The packet is a view into the framer's buffer, valid during the call only.
    this.#parts.push(payload.slice())
    this.#length += payload.length
    this.#key = key
    return more ? undefined : this.#join()
  }

  /** A "next segment" that is session info of the same session in itself: the last segment of the one before was lost. */
  #beginsAnew(packet: Uint8Array, payload: Uint8Array): boolean {
    const first = this.#parts[0]
    if (!isSessionInfo(packet) || first === undefined || payload.length < INFO_HEAD_LENGTH) return false
    if (u32(payload, 4) !== u32(first, 4) || payload[13] !== first[13] || (payload[15] ?? 0) > 1) return false
    return isSegment(packet) || fitsSessionInfo(payload, 0, payload.length, payload.length)
  }

  #join(): Uint8Array {
    const whole = new Uint8Array(this.#length)
    let at = 0
    for (const part of this.#parts) {
      whole.set(part, at)
      at += part.length
    }
    this.#drop()
    return whole
  }

  #drop(): void {
    this.#parts = []
    this.#length = 0
    this.#key = -1
  }
}
