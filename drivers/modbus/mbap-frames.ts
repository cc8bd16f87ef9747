/*
 * A frame over TCP (Modbus Messaging on TCP/IP V1.0b, 3.1.3), all big-endian:
 *
 *   transaction u16 | protocol u16 = 0 | length u16 | unit u8 | PDU (length - 1 bytes, 1 to 253)
 */

const HEADER_BYTES = 6
const MAX_LENGTH = 254

export function mbapFrame(transaction: number, unit: number, pdu: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + 1 + pdu.length)
  const view = new DataView(frame.buffer)
  view.setUint16(0, transaction)
  view.setUint16(4, pdu.length + 1)
  view.setUint8(6, unit)
  frame.set(pdu, HEADER_BYTES + 1)
  return frame
}

export interface MbapFrame {
  readonly transaction: number
  readonly unit: number
  /** Valid during the call only. */
  readonly pdu: Uint8Array
}

/**
 * Cuts frames out of a TCP stream. Holds one frame at most. A header that cannot be one means that the two sides are out of step,
 * and nothing after it can be trusted: only a new connection helps.
 */
export class MbapFramer {
  readonly #held = new Uint8Array(HEADER_BYTES + MAX_LENGTH)
  readonly #view = new DataView(this.#held.buffer)
  #heldBytes = 0
  #broken = false

  /** Answers what is wrong with the stream; empty: nothing. After that it takes no more. */
  push(chunk: Uint8Array, onFrame: (frame: MbapFrame) => void): string {
    let at = 0
    while (at < chunk.length && !this.#broken) {
      const wanted = this.#heldBytes < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + this.#view.getUint16(4)
      const part = chunk.subarray(at, at + wanted - this.#heldBytes)
      this.#held.set(part, this.#heldBytes)
      this.#heldBytes += part.length
      at += part.length
      if (this.#heldBytes < wanted) return ''
      if (wanted === HEADER_BYTES) this.#broken = !this.#isHeader()
      else this.#release(onFrame)
    }
    return this.#broken ? 'what it sends is not Modbus TCP' : ''
  }

  #isHeader(): boolean {
    const length = this.#view.getUint16(4)
    return this.#view.getUint16(2) === 0 && length >= 2 && length <= MAX_LENGTH
  }

  #release(onFrame: (frame: MbapFrame) => void): void {
    const bytes = this.#heldBytes
    this.#heldBytes = 0
    onFrame({
      transaction: this.#view.getUint16(0),
      unit: this.#view.getUint8(6),
      pdu: this.#held.subarray(HEADER_BYTES + 1, bytes)
    })
  }
}
