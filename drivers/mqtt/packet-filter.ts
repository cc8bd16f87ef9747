/**
 * Finds the packets in one direction of an MQTT byte stream and takes some of them out.
 *
 * Grammar (MQTT 3.1.1 and 5, section 2): a packet is `type and flags` (1 byte), `remaining length` (1 to 4 bytes, 7 bits
 * each, lowest first, the top bit says "more"), then as many bytes as that says. Nothing else is needed to cut the stream.
 *
 * Promises: any chunking of a stream gives the same bytes and the same packets; what is not taken passes in its order, as
 * views of the chunk it came in; at most the 5 bytes of a fixed header are held back. Hot: a packet that passes costs no object.
 */
export interface PacketTaker {
  /** Asked once a packet, with its fixed header: the first `headerBytes` of `header`, valid only during the call. `true`: take it out of the stream. */
  take(header: Uint8Array, headerBytes: number, remainingLength: number): boolean
  /** A piece of the body of the packet being taken: `chunk` from `from` up to `to`, valid only during the call. */
  body(chunk: Uint8Array, from: number, to: number): void
  /** The packet being taken is whole. What is returned goes in its place. */
  end(): Uint8Array | undefined
}

/** The stream cannot be MQTT. */
export class MalformedPacketError extends Error {
  constructor() {
    super('malformed MQTT packet: a remaining length of more than four bytes')
    this.name = 'MalformedPacketError'
  }
}

const HEADER_BYTES_MAX = 5

/** Packet type of a fixed header (MQTT 2.2.1). */
export function packetType(header: Uint8Array): number {
  return (header[0] ?? 0) >> 4
}

export class PacketFilter {
  readonly #taker: PacketTaker
  readonly #pass: (bytes: Uint8Array) => void
  readonly #header = new Uint8Array(HEADER_BYTES_MAX)
  #headerBytes = 0
  #bodyBytesLeft = 0
  #part: 'header' | 'passing' | 'taking' = 'header'

  constructor(taker: PacketTaker, pass: (bytes: Uint8Array) => void) {
    this.#taker = taker
    this.#pass = pass
  }

  /** `true` while a packet has passed in part: nothing else may be written to the same stream now. */
  get midPacket(): boolean {
    return this.#part === 'passing'
  }

  /** Throws MalformedPacketError; the filter is of no use after that. */
  push(chunk: Uint8Array): void {
    /** First byte of the chunk that has neither passed nor been taken. */
    let from = 0
    let at = 0
    while (at < chunk.length) {
      if (this.#part === 'header') {
        this.#header[this.#headerBytes] = chunk[at] ?? 0
        this.#headerBytes += 1
        at += 1
        if (this.#headerIsWhole()) from = this.#beginPacket(chunk, from, at)
        continue
      }
      const end = Math.min(chunk.length, at + this.#bodyBytesLeft)
      this.#bodyBytesLeft -= end - at
      if (this.#part === 'taking') {
        this.#taker.body(chunk, at, end)
        from = end
      }
      at = end
      if (this.#bodyBytesLeft === 0) this.#endPacket()
    }
    this.#passRange(chunk, from, this.#part === 'header' ? at - this.#headerBytes : at)
  }

  #headerIsWhole(): boolean {
    if (this.#headerBytes === 1) return false
    if ((this.#header[this.#headerBytes - 1] ?? 0) < 0x80) return true
    if (this.#headerBytes === HEADER_BYTES_MAX) throw new MalformedPacketError()
    return false
  }

  /** The header ends before `at`. Answers where the bytes begin that are still to be passed. */
  #beginPacket(chunk: Uint8Array, from: number, at: number): number {
    const header = this.#header
    const headerBytes = this.#headerBytes
    const headerStart = at - headerBytes
    let remainingLength = 0
    for (let index = headerBytes - 1; index > 0; index -= 1) remainingLength = remainingLength * 128 + ((header[index] ?? 0) & 0x7f)
    this.#headerBytes = 0
    this.#bodyBytesLeft = remainingLength
    const taken = this.#taker.take(header, headerBytes, remainingLength)
    this.#part = taken ? 'taking' : 'passing'
    if (taken) this.#passRange(chunk, from, headerStart)
    else if (headerStart < 0) this.#pass(header.slice(0, headerBytes))
    if (remainingLength === 0) this.#endPacket()
    return taken || headerStart < 0 ? at : from
  }

  #endPacket(): void {
    const replacement = this.#part === 'taking' ? this.#taker.end() : undefined
    this.#part = 'header'
    if (replacement !== undefined) this.#pass(replacement)
  }

  #passRange(chunk: Uint8Array, from: number, to: number): void {
    if (to > from) this.#pass(chunk.subarray(from, to))
  }
}
