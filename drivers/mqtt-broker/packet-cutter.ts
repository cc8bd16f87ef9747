import { MalformedPacketError } from '../mqtt/packet-filter.ts'

/** A packet is longer than allowed, or all together hold too much. */
export class PacketRefusedError extends Error {
  readonly reason: 'too-long' | 'too-much'
  constructor(reason: 'too-long' | 'too-much') {
    super(reason === 'too-long' ? 'an MQTT packet is longer than allowed' : 'too many long MQTT packets are being received at a time')
    this.name = 'PacketRefusedError'
    this.reason = reason
  }
}

/** The room that all connections share for packets that have arrived in part. */
export interface Room {
  hold(bytes: number): boolean
  letGo(bytes: number): void
}

const EMPTY = Buffer.alloc(0)
const HEADER_BYTES_MAX = 5

/** Bytes of the packet that begins here with its fixed header (MQTT 2.2); undefined: the header is not whole. */
function packetBytes(chunk: Uint8Array): number | undefined {
  let remaining = 0
  for (let index = 1; index < HEADER_BYTES_MAX; index += 1) {
    const byte = chunk[index]
    if (byte === undefined) return undefined
    remaining += (byte & 0x7f) * 128 ** (index - 1)
    if (byte < 0x80) return 1 + index + remaining
  }
  throw new MalformedPacketError()
}

/**
 * Cuts the stream of one client into packets, given out one by one, so that a client can be made to wait between any two. Holds
 * one chunk and one packet, whose room is counted; a packet that is too long is refused by its header.
 */
export class PacketCutter {
  readonly #room: Room
  #chunk: Buffer = EMPTY
  #packet: Buffer | undefined
  #filled = 0

  constructor(room: Room) {
    this.#room = room
  }

  /** First byte of the next packet, once it has come; undefined in the middle of a packet. */
  get nextByte(): number | undefined {
    return this.#packet === undefined ? this.#chunk[0] : undefined
  }

  add(chunk: Buffer): void {
    this.#chunk = this.#chunk.length === 0 ? chunk : Buffer.concat([this.#chunk, chunk])
  }

  /** The next whole packet; undefined: more bytes are needed. Throws MalformedPacketError and PacketRefusedError. */
  next(maxPacketBytes: number): Buffer | undefined {
    if (this.#packet !== undefined) return this.#fill(this.#packet)
    const bytes = packetBytes(this.#chunk)
    if (bytes === undefined) return undefined
    if (bytes > maxPacketBytes) throw new PacketRefusedError('too-long')
    if (this.#chunk.length >= bytes) {
      const packet = this.#chunk.subarray(0, bytes)
      this.#chunk = this.#chunk.subarray(bytes)
      return packet
    }
    if (!this.#room.hold(bytes)) {
      this.#room.letGo(bytes)
      throw new PacketRefusedError('too-much')
    }
    this.#packet = Buffer.allocUnsafe(bytes)
    this.#filled = 0
    return this.#fill(this.#packet)
  }

  /** The connection is over. */
  close(): void {
    if (this.#packet !== undefined) this.#room.letGo(this.#packet.length)
    this.#packet = undefined
    this.#chunk = EMPTY
  }

  #fill(packet: Buffer): Buffer | undefined {
    const copied = this.#chunk.copy(packet, this.#filled)
    this.#filled += copied
    this.#chunk = copied === this.#chunk.length ? EMPTY : this.#chunk.subarray(copied)
    if (this.#filled < packet.length) return undefined
    this.#packet = undefined
    this.#room.letGo(packet.length)
    return packet
  }
}
