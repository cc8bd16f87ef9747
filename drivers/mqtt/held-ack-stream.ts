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

  take(header: Uint8Array, headerBytes: number, remainingLength: number): boolean {
    const type = packetType(header)
    if (type !== PUBACK && type !== PUBREC) return false
    this.#headerBytes = headerBytes
    this.#packet = new Uint8Array(headerBytes + remainingLength)
    this.#bytes = 0
    this.body(header, 0, headerBytes)
    return true
  }

  body(chunk: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      this.#packet[this.#bytes] = chunk[at] ?? 0
      this.#bytes += 1
    }
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
 * the link ends, those still held are dropped, and the broker sends their messages again. What leaves within one turn of the
 * event loop leaves in one write.
 */
export class HeldAckStream extends Duplex {
  readonly gate: AckGate
  readonly #link: Duplex
  readonly #settings: HeldAckSettings
  readonly #incoming: OversizeFilter
  readonly #outgoing: PacketFilter
  /** What leaves with the next write, in this order. */
  #leaving: Uint8Array[] = []
  #leavingBytes = 0
  /** Acknowledgements that may leave once the packet that the client is writing is whole. */
  #released: Uint8Array[] = []
  #flushScheduled = false
  #paused = false
  #stopped = false

  constructor(link: Duplex, settings: HeldAckSettings) {
    super({ allowHalfOpen: false })
    this.#link = link
    this.#settings = settings
    this.gate = new AckGate((acknowledgement) => this.#release(acknowledgement))
    this.#outgoing = new PacketFilter(new AckTaker((packetId, packet) => this.gate.hold(packetId, packet)), (bytes) => this.#leave(bytes))
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
    this._writev([{ chunk }], done)
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    try {
      for (const { chunk } of chunks) this.#outgoing.push(chunk)
      if (this.#released.length > 0 && !this.#outgoing.midPacket) for (const bytes of this.#released.splice(0)) this.#leave(bytes)
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (this.#leavingBytes > this.#link.writableHighWaterMark) this.#flush()
    if (this.#link.writableNeedDrain) this.#link.once('drain', done)
    else done()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#flush()
    this.#link.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.gate.drop()
    this.#leaving = []
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

  #release(acknowledgement: Uint8Array): void {
    if (this.#outgoing.midPacket || this.#released.length > 0) this.#released.push(acknowledgement)
    else this.#leave(acknowledgement)
  }

  /**
   * A commit confirms many messages in one turn, and one read brings many PUBREL that the client answers each in a tick of
   * its own: after the turn they are together.
   */
  #leave(bytes: Uint8Array): void {
    this.#leaving.push(bytes)
    this.#leavingBytes += bytes.length
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    setImmediate(() => {
      this.#flushScheduled = false
      this.#flush()
      this.checkBackpressure()
      this.#settings.onReleased?.()
    })
  }

  #flush(): void {
    const bytes = this.#leaving
    const [first] = bytes
    if (first === undefined || this.destroyed) return
    this.#leaving = []
    this.#leavingBytes = 0
    this.#link.write(bytes.length === 1 ? first : Buffer.concat(bytes))
  }
}
