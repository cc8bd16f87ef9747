import { Duplex } from 'node:stream'
import { AckGate } from './ack-gate.ts'
import { OversizeFilter } from './oversize-filter.ts'
import { PacketFilter, type PacketTaker, packetType } from './packet-filter.ts'

const PUBACK = 4
const PUBREC = 5

export interface HeldAckSettings {
  readonly protocolVersion: '3.1.1' | '5'
  /** Longer PUBLISH packets lose their payload on the way in. */
  readonly maxPacketBytes: number
  /** While more messages than this wait for the log, nothing more is read from the link. */
  readonly readWhileUnacknowledged: number
  /** Reading from the link stopped because of that, or goes on again. */
  readonly onPaused?: (paused: boolean) => void
  /** Acknowledgements have left. */
  readonly onReleased?: () => void
}

/** Collects one outgoing PUBACK or PUBREC and holds it at the gate. */
class AckTaker implements PacketTaker {
  readonly #hold: (packetId: number, acknowledgement: Uint8Array) => void
  #packet = new Uint8Array(0)
  #bytes = 0
  #headerBytes = 0

  constructor(hold: (packetId: number, acknowledgement: Uint8Array) => void) {
    this.#hold = hold
  }

  take(header: Uint8Array, remainingLength: number): boolean {
    const type = packetType(header)
    if (type !== PUBACK && type !== PUBREC) return false
    this.#headerBytes = header.length
    this.#packet = new Uint8Array(header.length + remainingLength)
    this.#packet.set(header)
    this.#bytes = header.length
    return true
  }

  body(piece: Uint8Array): void {
    this.#packet.set(piece, this.#bytes)
    this.#bytes += piece.length
  }

  end(): undefined {
    const packetId = (this.#packet[this.#headerBytes] ?? 0) * 256 + (this.#packet[this.#headerBytes + 1] ?? 0)
    this.#hold(packetId, this.#packet)
  }
}

/**
 * The stream that the MQTT client reads and writes in place of the socket. Outgoing PUBACK and PUBREC wait at the gate until
 * the log has committed their message; everything else passes at once, in its order. So the client reads on while messages
 * are being committed, and a broker never learns of a message received that a power cut could still take.
 *
 * Invariants: nothing is written into the middle of another packet; acknowledgements leave in the order of receipt; when
 * the link ends, those still held are dropped, and the broker sends their messages again.
 */
export class HeldAckStream extends Duplex {
  readonly gate: AckGate
  readonly #link: Duplex
  readonly #settings: HeldAckSettings
  readonly #incoming: OversizeFilter
  readonly #outgoing: PacketFilter
  #passing: Uint8Array[] = []
  #released: Uint8Array[] = []
  #flushScheduled = false
  #paused = false
  #stopped = false

  constructor(link: Duplex, settings: HeldAckSettings) {
    super({ allowHalfOpen: false })
    this.#link = link
    this.#settings = settings
    this.gate = new AckGate((acknowledgement) => this.#release(acknowledgement))
    this.#outgoing = new PacketFilter(new AckTaker((packetId, packet) => this.gate.hold(packetId, packet)), (bytes) => {
      this.#passing.push(bytes)
    })
    this.#incoming = new OversizeFilter(settings.maxPacketBytes, settings.protocolVersion, (bytes) => {
      if (!this.push(bytes)) link.pause()
    })
    link.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    link.on('end', () => this.push(null))
    link.on('error', (error) => this.destroy(error))
    link.on('close', () => this.destroy())
  }

  /** Whether the `ordinal`-th PUBLISH received (from 1, asked in order) was too long and came without its payload. */
  wasCut(ordinal: number): boolean {
    return this.#incoming.wasCut(ordinal)
  }

  /** To be called after messages were received: stops reading while too many of them wait for the log. */
  checkBackpressure(): void {
    const { readWhileUnacknowledged } = this.#settings
    const paused = this.#paused ? this.gate.size > readWhileUnacknowledged / 2 : this.gate.size > readWhileUnacknowledged
    if (paused === this.#paused || this.destroyed) return
    this.#paused = paused
    if (paused) this.#link.pause()
    else this.#resume()
    this.#settings.onPaused?.(paused)
  }

  /** Reads nothing more from the link; what is already held may still be acknowledged. */
  stopReading(): void {
    this.#stopped = true
    this.#link.pause()
  }

  override _read(): void {
    this.#resume()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      this.#outgoing.push(chunk)
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (this.#flush()) done()
    else this.#link.once('drain', done)
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#link.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.gate.drop()
    this.#released = []
    this.#link.destroy()
    done(error)
  }

  #receive(chunk: Uint8Array): void {
    if (this.destroyed) return
    try {
      this.#incoming.push(chunk)
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #resume(): void {
    if (!this.#paused && !this.#stopped && !this.destroyed) this.#link.resume()
  }

  /** A commit confirms many messages in one turn: their acknowledgements go out in one write. */
  #release(acknowledgement: Uint8Array): void {
    this.#released.push(acknowledgement)
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    process.nextTick(() => {
      this.#flushScheduled = false
      this.#flush()
      this.checkBackpressure()
      this.#settings.onReleased?.()
    })
  }

  /** Answers whether the link takes more. */
  #flush(): boolean {
    if (this.destroyed) return true
    let bytes = this.#passing
    this.#passing = []
    if (!this.#outgoing.midPacket && this.#released.length > 0) {
      bytes = bytes.concat(this.#released)
      this.#released = []
    }
    const [first] = bytes
    if (first === undefined) return true
    return this.#link.write(bytes.length === 1 ? first : Buffer.concat(bytes))
  }
}
