/**
 * A serial line without its hardware: what a receiver set to one speed makes of characters sent at another. Bits are levels that last for
 * their time; the receiver waits for a falling edge, and samples each bit in its middle, as UARTs do.
 */

/** How a device sends its characters. */
export interface UartSender {
  readonly baudRate: number
  /** `even`: seven data bits with a parity bit. */
  readonly parity?: 'none' | 'even'
}

const BITS_OF_CHARACTER = 10

/**
 * The bytes that a receiver with eight data bits, no parity and one stop bit hands on. A character whose stop bit is not high is a framing
 * error; the system's terminal layer drops those (`IGNPAR`).
 */
export function receivedAt(baudRate: number, bytes: Uint8Array, sender: UartSender): Uint8Array {
  if (sender.baudRate === baudRate && (sender.parity ?? 'none') === 'none') return bytes
  const levels = levelsOf(bytes, sender.parity ?? 'none')
  /** Sender's bits in one of the receiver's. */
  const step = sender.baudRate / baudRate
  const levelAt = (time: number): number => levels[Math.floor(time)] ?? 1
  const received: number[] = []
  for (let time = nextLow(levels, 0); time < levels.length; ) {
    if (levelAt(time + step / 2) !== 0) {
      time = nextLow(levels, nextHigh(levels, time))
      continue
    }
    let byte = 0
    for (let bit = 0; bit < 8; bit++) byte |= levelAt(time + (1.5 + bit) * step) << bit
    const stop = time + 9.5 * step
    if (levelAt(stop) === 1) received.push(byte)
    // The line must be high before another start can be seen.
    time = nextLow(levels, nextHigh(levels, Math.max(time + 1, Math.floor(stop))))
  }
  return Uint8Array.from(received)
}

function levelsOf(bytes: Uint8Array, parity: 'none' | 'even'): Uint8Array {
  const levels = new Uint8Array(bytes.length * BITS_OF_CHARACTER)
  for (const [index, byte] of bytes.entries()) {
    const value = parity === 'even' ? withEvenParity(byte) : byte
    const at = index * BITS_OF_CHARACTER
    for (let bit = 0; bit < 8; bit++) levels[at + 1 + bit] = (value >> bit) & 1
    levels[at + 9] = 1
  }
  return levels
}

function withEvenParity(byte: number): number {
  let ones = 0
  for (let bit = 0; bit < 7; bit++) ones += (byte >> bit) & 1
  return (byte & 0x7f) | (ones % 2 === 1 ? 0x80 : 0)
}

function nextLow(levels: Uint8Array, from: number): number {
  const at = levels.indexOf(0, from)
  return at < 0 ? levels.length : at
}

function nextHigh(levels: Uint8Array, from: number): number {
  const at = levels.indexOf(1, from)
  return at < 0 ? levels.length : at
}
