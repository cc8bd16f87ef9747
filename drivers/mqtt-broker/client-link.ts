import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Clock, TimerHandle } from '../driver.ts'
import type { ExactlyOnce } from '../mqtt/exactly-once.ts'
import { MalformedPacketError, packetType } from '../mqtt/packet-filter.ts'
import type { Rights } from './access.ts'
import { AckOrder } from './ack-order.ts'
import { ClientCommands } from './client-commands.ts'
import { PacketCutter, PacketRefusedError, type Room } from './packet-cutter.ts'
import type { MqttBrokerSettings } from './settings.ts'

/** Packet types (MQTT 2.2.1). */
const CONNECT = 1
const PUBLISH = 3
const PUBACK = 4
const PUBREL = 6
const PINGREQ = 12
/** Flags of CONNECT are 0. */
const CONNECT_BYTE = CONNECT << 4
const PINGRESP = Buffer.from([0xd0, 0x00])
/** CONNACK of version 5 with reason 0x84, "Unsupported Protocol Version" (MQTT 5, 3.2.2.2): the client may try 3.1.1. */
const VERSION_5_REFUSED = Buffer.from([0x20, 0x03, 0x00, 0x84, 0x00])
const VERSION_5 = 5
/** Before a client is let in: its names, password and will. */
const CONNECT_BYTES_MAX = 65_536
/** A client may be silent for one and a half times its keepalive (MQTT-3.1.2-24). */
const KEEPALIVE_MS_PER_S = 1_500
const PASSED_BYTES_MAX = 65_536
/** A client that reads nothing gets no more commands than fit into this. */
const UNREAD_BYTES_MAX = 65_536

/** Why a connection was ended by us. */
export type Refusal =
  | 'connect-timeout'
  | 'keepalive'
  | 'not-mqtt'
  | 'version-5'
  | 'too-long'
  | 'too-much'
  | 'tls'
  | 'login'
  | 'topic'
  | 'qos-2'
  | 'log'

export interface LinkHost extends Room {
  readonly settings: MqttBrokerSettings
  readonly clock: Clock
  refused(reason: Refusal): void
  left(link: ClientLink): void
  /** Makes the exceptions of a callback failures of this run. */
  guard<Args extends unknown[]>(callback: (...args: Args) => void): (...args: Args) => void
}

/** Protocol level of a CONNECT, after the protocol's name (MQTT 3.1.2.2). */
function protocolLevel(packet: Buffer): number | undefined {
  let at = 1
  while ((packet[at] ?? 0) >= 0x80) at += 1
  const nameBytes = (packet[at + 1] ?? 0) * 256 + (packet[at + 2] ?? 0)
  return packet[at + 3 + nameBytes]
}

/**
 * One client as the broker sees it: a stream of whole packets, no more and no faster than it may send. What it may not send yet stays in its
 * socket, so that TCP makes it wait. Pings are answered here, whatever waits for the log behind it.
 */
export class ClientLink extends Duplex {
  readonly order = new AckOrder()
  readonly commands = new ClientCommands()
  rights: Rights | undefined
  exactlyOnce: ExactlyOnce | undefined
  /** Has the engine read what has come in behind messages that still wait. */
  readOn: () => void = () => undefined
  readonly #host: LinkHost
  readonly #socket: Socket
  readonly #cutter: PacketCutter
  #phase: 'new' | 'connecting' | 'open' = 'new'
  #halted = false
  #socketEnded = false
  #inflight = 0
  #tokens: number
  #tokensAtMs: number
  #heardAtMs: number
  #silenceMaxMs = 0
  #limit: TimerHandle | undefined
  #rateTimer: TimerHandle | undefined

  constructor(socket: Socket, host: LinkHost) {
    super({ allowHalfOpen: true })
    this.#host = host
    this.#socket = socket
    this.#cutter = new PacketCutter(host)
    const nowMs = host.clock.monotonicMs()
    this.#tokens = host.settings.maxRatePerS
    this.#tokensAtMs = nowMs
    this.#heardAtMs = nowMs
    this.#limit = host.clock.setTimeout(() => this.refuse('connect-timeout'), host.settings.connectTimeoutS * 1000)
    socket.setNoDelay(true)
    socket.on(
      'data',
      host.guard((chunk: Buffer) => {
        this.#heardAtMs = host.clock.monotonicMs()
        this.#cutter.add(chunk)
        this.#pump()
      })
    )
    socket.on('error', () => this.destroy())
    socket.on('end', () => {
      this.#socketEnded = true
      this.#pump()
    })
    socket.on('close', () => {
      if (!this.#socketEnded) this.destroy()
    })
  }

  /** The broker has let the client in. */
  opened(): void {
    this.#phase = 'open'
    this.#limit?.cancel()
    this.#limit = undefined
    if (this.#silenceMaxMs > 0) this.#watchSilence(this.#silenceMaxMs)
    this.#pump()
  }

  /** Seconds as in CONNECT; 0: no limit. */
  setKeepalive(seconds: number): void {
    this.#silenceMaxMs = seconds * KEEPALIVE_MS_PER_S
  }

  /** A message that was passed on has been taken care of. */
  released(): void {
    this.#inflight -= 1
    this.#pump()
  }

  /** As `ClientCommands.send`, to a client that was let in, may hear of the topic, and reads what it is sent. */
  sendCommand(topic: string, payload: Uint8Array): Promise<boolean> | undefined {
    if (this.#phase !== 'open' || this.destroyed || this.#halted || this.rights?.mayHear(topic) !== true) return undefined
    if (this.#socket.writableLength > UNREAD_BYTES_MAX) return undefined
    return this.commands.send(topic, payload, (packet) => this.write(packet))
  }

  /** Nothing more is read; what waits may still be acknowledged. */
  halt(): void {
    this.#halted = true
    this.#socket.pause()
  }

  /** The broker says so and ends the connection by itself. */
  loginRefused(): void {
    this.#host.refused('login')
  }

  refuse(reason: Refusal): void {
    if (this.destroyed) return
    this.#host.refused(reason)
    this.destroy()
  }

  override _read(): void {
    this.#pump()
  }

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error | null) => void): void {
    this.#socket.write(chunk, callback)
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback)
  }

  override _final(callback: () => void): void {
    this.#socket.end()
    callback()
  }

  override _destroy(_error: Error | null, callback: (error?: Error | null) => void): void {
    this.#limit?.cancel()
    this.#rateTimer?.cancel()
    this.order.drop()
    this.commands.end()
    this.#cutter.close()
    // What was written leaves first: a refusal is worth nothing unread.
    this.#socket.destroySoon()
    this.#host.left(this)
    callback()
  }

  #pump(): void {
    try {
      if (this.#phase === 'new' && (this.#cutter.nextByte ?? CONNECT_BYTE) !== CONNECT_BYTE) this.refuse('not-mqtt')
      while (this.#mayPass()) {
        const packet = this.#cutter.next(this.#phase === 'new' ? Math.min(CONNECT_BYTES_MAX, this.#maxPacketBytes) : this.#maxPacketBytes)
        if (packet === undefined) {
          if (this.#socketEnded) this.#passEnd()
          else this.#socket.resume()
          return
        }
        this.#pass(packet)
      }
      this.#socket.pause()
    } catch (error) {
      if (error instanceof MalformedPacketError) this.refuse('not-mqtt')
      else if (error instanceof PacketRefusedError) this.refuse(error.reason)
      else throw error
    }
  }

  get #maxPacketBytes(): number {
    return this.#host.settings.maxPacketBytes
  }

  #passEnd(): void {
    this.#halted = true
    this.push(null)
  }

  #mayPass(): boolean {
    if (this.destroyed || this.#halted || this.#phase === 'connecting') return false
    if (this.#inflight >= this.#host.settings.maxInflight || this.readableLength >= PASSED_BYTES_MAX) return false
    return this.#hasToken()
  }

  /** A bucket that holds the messages of one second. */
  #hasToken(): boolean {
    const { clock, settings } = this.#host
    const nowMs = clock.monotonicMs()
    this.#tokens = Math.min(settings.maxRatePerS, this.#tokens + ((nowMs - this.#tokensAtMs) * settings.maxRatePerS) / 1000)
    this.#tokensAtMs = nowMs
    if (this.#tokens >= 1) return true
    this.#rateTimer ??= clock.setTimeout(
      () => {
        this.#rateTimer = undefined
        this.#pump()
      },
      Math.ceil((1000 * (1 - this.#tokens)) / settings.maxRatePerS)
    )
    return false
  }

  #pass(packet: Buffer): void {
    const type = packetType(packet)
    if (this.#phase === 'new') {
      if (!this.#mayConnect(type, packet)) return
      this.#phase = 'connecting'
    } else if (type === PINGREQ) {
      this.#tokens -= 1
      this.#socket.write(PINGRESP)
      return
    }
    this.#tokens -= 1
    if (type === PUBACK) {
      // Of a command: the engine has sent nothing that could be acknowledged.
      if (packet.length >= 4) this.commands.confirmed(packet.readUInt16BE(2))
      return
    }
    if (type === PUBLISH) this.#inflight += 1
    else if (type === PUBREL && packet.length === 4) this.exactlyOnce?.completed(packet.readUInt16BE(2))
    this.push(packet)
  }

  #mayConnect(type: number, packet: Buffer): boolean {
    if (type !== CONNECT) this.refuse('not-mqtt')
    else if (protocolLevel(packet) === VERSION_5) {
      this.#socket.write(VERSION_5_REFUSED)
      this.refuse('version-5')
    }
    return !this.destroyed
  }

  #watchSilence(waitMs: number): void {
    const { clock } = this.#host
    this.#limit = clock.setTimeout(() => {
      // Whom we make wait cannot be heard.
      if (this.#socket.isPaused()) this.#heardAtMs = clock.monotonicMs()
      const leftMs = this.#heardAtMs + this.#silenceMaxMs - clock.monotonicMs()
      if (leftMs <= 0) this.refuse('keepalive')
      else this.#watchSilence(leftMs)
    }, waitMs)
  }
}
