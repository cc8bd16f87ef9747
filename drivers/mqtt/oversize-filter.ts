import { PacketFilter, type PacketTaker, packetType } from './packet-filter.ts'

const PUBLISH = 3
const QOS_MASK = 0b0110
const TOPIC_LENGTH_BYTES = 2
const PACKET_ID_BYTES = 2

/** Remaining length as MQTT writes it (1 to 4 bytes). */
export function encodeRemainingLength(length: number): number[] {
  const bytes: number[] = []
  let rest = length
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low | 0x80 : low)
  } while (rest > 0)
  return bytes
}

/**
 * Cuts the payload off PUBLISH packets that are longer than allowed, in the stream from the broker, so that no message,
 * however long, is ever held in memory: MQTT 3.1.1 has no means to tell a broker what is too much. What remains is the
 * same PUBLISH (topic, packet id, flags) with an empty payload, so that the message is seen, counted and acknowledged;
 * refusing to acknowledge it would bring it again for ever.
 */
export class OversizeFilter implements PacketTaker {
  readonly #filter: PacketFilter
  readonly #maxPacketBytes: number
  readonly #hasProperties: boolean
  readonly #cut: number[] = []
  #publishes = 0
  #flags = 0
  /** Start of the variable header: topic length, topic, packet id. */
  #start: Uint8Array[] = []
  #startBytes = 0
  #startBytesNeeded = 0

  /** `pass` gets what goes on to the client. */
  constructor(maxPacketBytes: number, protocolVersion: '3.1.1' | '5', pass: (bytes: Uint8Array) => void) {
    this.#maxPacketBytes = maxPacketBytes
    this.#hasProperties = protocolVersion === '5'
    this.#filter = new PacketFilter(this, pass)
  }

  push(chunk: Uint8Array): void {
    this.#filter.push(chunk)
  }

  /** Whether the `ordinal`-th PUBLISH of this connection (from 1, asked in order) was cut. */
  wasCut(ordinal: number): boolean {
    if (this.#cut[0] !== ordinal) return false
    this.#cut.shift()
    return true
  }

  take(header: Uint8Array, headerBytes: number, remainingLength: number): boolean {
    if (packetType(header) !== PUBLISH) return false
    this.#publishes += 1
    if (headerBytes + remainingLength <= this.#maxPacketBytes) return false
    this.#cut.push(this.#publishes)
    this.#flags = header[0] ?? 0
    this.#start = []
    this.#startBytes = 0
    this.#startBytesNeeded = TOPIC_LENGTH_BYTES
    return true
  }

  body(chunk: Uint8Array, from: number, to: number): void {
    let at = from
    while (at < to && this.#startBytes < this.#startBytesNeeded) {
      const part = Uint8Array.from(chunk.subarray(at, Math.min(to, at + this.#startBytesNeeded - this.#startBytes)))
      this.#start.push(part)
      this.#startBytes += part.length
      at += part.length
      if (this.#startBytes === TOPIC_LENGTH_BYTES) this.#startBytesNeeded = TOPIC_LENGTH_BYTES + this.#topicBytes() + this.#packetIdBytes()
    }
  }

  end(): Uint8Array {
    const start = Buffer.concat(this.#start)
    this.#start = []
    const noProperties = this.#hasProperties ? [0] : []
    return Buffer.from([this.#flags, ...encodeRemainingLength(start.length + noProperties.length), ...start, ...noProperties])
  }

  #topicBytes(): number {
    const [high = 0, low = 0] = Buffer.concat(this.#start)
    return high * 256 + low
  }

  #packetIdBytes(): number {
    return (this.#flags & QOS_MASK) === 0 ? 0 : PACKET_ID_BYTES
  }
}
