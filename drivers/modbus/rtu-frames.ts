/*
 * A frame on a serial line (Modbus over Serial Line V1.02, 2.5.1):
 *
 *   unit u8 | PDU | CRC u16, low byte first, over all before it
 *
 * It carries no length, and the silence of 3.5 characters that ends it does not survive drivers, USB adapters and device servers. So
 * an answer is known by what it must be: the unit and function that were asked, the length that follows from the request (or that of
 * an exception), and the CRC.
 */

const CRC_BYTES = 2
const EXCEPTION_FRAME_BYTES = 5
const MAX_FRAME_BYTES = 256
const HELD_BYTES = 2 * MAX_FRAME_BYTES
const EXCEPTION_FLAG = 0x80

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1
  return crc
})

/** Of 0 for a frame whose CRC is part of it. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) crc = (crc >> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0)
  return crc
}

export function rtuFrame(unit: number, pdu: Uint8Array): Uint8Array {
  const frame = new Uint8Array(1 + pdu.length + CRC_BYTES)
  frame[0] = unit
  frame.set(pdu, 1)
  const crc = crc16(frame.subarray(0, 1 + pdu.length))
  frame[1 + pdu.length] = crc & 0xff
  frame[2 + pdu.length] = crc >> 8
  return frame
}

export interface ExpectedAnswer {
  readonly unit: number
  readonly functionCode: number
  readonly pduBytes: number
}

/** Finds the answer to one request after another among whatever comes over the line. Holds 512 bytes at most. */
export class RtuReceiver {
  readonly #held = new Uint8Array(HELD_BYTES)
  #heldBytes = 0
  #expected: ExpectedAnswer | undefined
  #discardedBytes = 0

  /** Bytes that belonged to no answer. */
  get discardedBytes(): number {
    return this.#discardedBytes
  }

  /** A request was sent; what came before it cannot be its answer. Undefined: none is under way. */
  expect(answer: ExpectedAnswer | undefined): void {
    this.#discard(this.#heldBytes)
    this.#expected = answer
  }

  /** Gives the PDU of the answer when it is whole; after that nothing is expected. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    let at = 0
    while (at < chunk.length && this.#expected !== undefined) {
      if (this.#heldBytes === HELD_BYTES) this.#discard(MAX_FRAME_BYTES)
      const part = chunk.subarray(at, at + HELD_BYTES - this.#heldBytes)
      this.#held.set(part, this.#heldBytes)
      this.#heldBytes += part.length
      at += part.length
      const pdu = this.#find(this.#expected)
      if (pdu === undefined) continue
      this.#expected = undefined
      this.#discardedBytes += chunk.length - at
      return pdu
    }
    this.#discardedBytes += chunk.length - at
    return undefined
  }

  // Tries every place, also beyond one that looks like the beginning of a longer answer.
  #find({ functionCode, pduBytes, unit }: ExpectedAnswer): Uint8Array | undefined {
    for (let start = 0; start + EXCEPTION_FRAME_BYTES <= this.#heldBytes; start++) {
      if (this.#held[start] !== unit) continue
      const code = this.#held[start + 1]
      const isException = code === (functionCode | EXCEPTION_FLAG)
      if (!isException && code !== functionCode) continue
      const end = start + (isException ? EXCEPTION_FRAME_BYTES : 1 + pduBytes + CRC_BYTES)
      if (end > this.#heldBytes || crc16(this.#held.subarray(start, end)) !== 0) continue
      const pdu = this.#held.slice(start + 1, end - CRC_BYTES)
      this.#discardedBytes += this.#heldBytes - (end - start)
      this.#heldBytes = 0
      return pdu
    }
    return undefined
  }

  #discard(bytes: number): void {
    this.#held.copyWithin(0, bytes, this.#heldBytes)
    this.#heldBytes -= bytes
    this.#discardedBytes += bytes
  }
}

const BITS_PER_CHARACTER = 11
/** Above this rate the gap is fixed (V1.02, 2.5.1.1). */
const FIXED_GAP_BAUD = 19_200
const FIXED_GAP_MS = 1.75

export function characterMs(baudRate: number): number {
  return (BITS_PER_CHARACTER * 1000) / baudRate
}

/** Silence of 3.5 characters, which must lie before every frame. */
export function frameGapMs(baudRate: number): number {
  return baudRate > FIXED_GAP_BAUD ? FIXED_GAP_MS : 3.5 * characterMs(baudRate)
}
