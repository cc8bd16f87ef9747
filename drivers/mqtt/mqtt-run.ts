import type { IPublishPacket, MqttClient, Packet } from 'mqtt'
import { CommandDesk } from '../command-desk.ts'
import { type Command, DriverError, type DriverRun, type SendOptions, type SendOutcome, type TimerHandle } from '../driver.ts'
import { asDriverError } from '../driver-errors.ts'
import { createClient } from './create-client.ts'
import { HeldAckStream } from './held-ack-stream.ts'
import { classifyLinkError, closedWithoutReason, type LinkNames, refusedByBroker } from './link-errors.ts'
import { MessageIntake } from './message-intake.ts'
import type { MqttRunParts } from './mqtt-run-parts.ts'
import { linkTarget, openLink } from './open-link.ts'
import { RunWatch } from './run-watch.ts'
import { subscribeAll } from './subscribe.ts'

/** DISCONNECT without a reason, the same in 3.1.1 and 5 (3.14). */
const DISCONNECT = Buffer.from([0xe0, 0x00])
/** How long a stop waits for commits under way, so that what is durable is acknowledged and does not come twice. */
const DRAIN_LIMIT_MS = 1_000

/** One connection to a broker: from CONNECT to its end. MQTT.js never reconnects by itself; the supervisor starts anew. */
export class MqttRun implements DriverRun {
  readonly #parts: MqttRunParts
  readonly #intake: MessageIntake
  readonly #watch: RunWatch
  readonly #desk: CommandDesk
  /** Aborted when the connection is over. */
  readonly #over = new AbortController()
  #client: MqttClient | undefined
  #stream: HeldAckStream | undefined
  #phase: 'new' | 'starting' | 'up' | 'stopping' | 'over' = 'new'
  #connected = false
  #settleStart: ((error?: DriverError) => void) | undefined
  #startLimit: TimerHandle | undefined
  #stopped: Promise<void> | undefined
  #drained: (() => void) | undefined

  constructor(parts: MqttRunParts) {
    this.#parts = parts
    this.#desk = new CommandDesk(parts.codec, parts.context)
    this.#intake = new MessageIntake(parts, this.#desk.sink)
    this.#watch = new RunWatch(parts, (error) => this.#fail(error))
  }

  start(): Promise<void> {
    const { context, settings } = this.#parts
    return new Promise((resolve, reject) => {
      this.#settleStart = (error) => (error === undefined ? resolve() : reject(error))
      if (this.#phase !== 'new' || context.signal.aborted) {
        reject(new DriverError('SOURCE_STOPPED', 'the source was stopped', { retriable: true }))
        return
      }
      this.#phase = 'starting'
      context.signal.addEventListener('abort', this.#onAbort)
      this.#startLimit = context.clock.setTimeout(
        () => this.#fail(new DriverError('LINK_TIMEOUT', 'the broker did not answer in time', { retriable: true })),
        settings.connectTimeoutS * 1000
      )
      try {
        this.#connect()
      } catch (error) {
        this.#fail(classifyLinkError(error, this.#names()))
      }
    })
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** `accepted` when it is handed to the connection, `delivered` at the broker's PUBACK. */
  send(target: string, command: Command, options: SendOptions): Promise<SendOutcome> {
    const client = this.#client
    if (client === undefined || this.#phase !== 'up')
      return Promise.resolve({ stage: 'failed', code: 'SOURCE_DOWN', why: 'there is no connection to the broker' })
    return this.#desk.send(target, command, options, this.#over.signal, async ({ bytes, topic }, reached) => {
      if (topic === undefined) throw new TypeError(`protocol ${this.#parts.codec.protocol} names no topic for commands`)
      const acknowledged = client.publishAsync(topic, Buffer.from(bytes), { qos: 1 })
      reached('accepted')
      await acknowledged
      reached('delivered')
    })
  }

  readonly #onAbort = (): void => {
    void this.stop()
  }

  #connect(): void {
    const { clientId, settings } = this.#parts
    const client = createClient(
      settings,
      clientId,
      (self) => this.#openStream(self),
      (topic, payload, packet) => this.#receive(topic, payload, packet)
    )
    this.#client = client
    client.on('packetreceive', (packet) => this.#observe(packet))
    client.on('message', (topic, payload, packet) => {
      if (packet.qos === 0) this.#receive(topic, payload, packet)
    })
    client.on('connect', () => this.#subscribe(client))
    client.on('error', (error) => this.#fail(classifyLinkError(error, this.#names())))
    client.on('close', () => {
      this.#fail(closedWithoutReason(this.#names()))
      this.#checkDrained()
    })
    client.connect()
  }

  #openStream(client: MqttClient): HeldAckStream {
    const { settings } = this.#parts
    const stream = new HeldAckStream(openLink(settings, client), {
      protocolVersion: settings.protocolVersion,
      maxPacketBytes: settings.maxPacketBytes,
      // A broker of version 5 stops by itself at the receive maximum; beyond it something is wrong, and reading stops as well.
      readWhileUnacknowledged: settings.receiveMaximum,
      onPaused: (paused) => this.#watch.paused(paused),
      onReleased: () => this.#checkDrained()
    })
    stream.on('error', (error) => this.#fail(classifyLinkError(error, this.#names())))
    this.#stream = stream
    return stream
  }

  /** Sees every packet before the client acts on it. */
  #observe(packet: Packet): void {
    if (this.#phase !== 'starting' && this.#phase !== 'up') return
    const { context, session } = this.#parts
    switch (packet.cmd) {
      case 'publish':
        this.#intake.sawPublish()
        break
      case 'pubrel':
        if (packet.messageId !== undefined) session.exactlyOnce.completed(packet.messageId)
        break
      case 'connack':
        this.#connected = (packet.reasonCode ?? packet.returnCode ?? 0) === 0
        if (!this.#connected) break
        if (!packet.sessionPresent) session.subscribed.clear()
        if (session.exactlyOnce.connected(packet.sessionPresent))
          context.log.warn({ sourceId: context.sourceId }, 'the broker no longer knows the session; what it held for this source is lost')
        break
      case 'disconnect':
        this.#fail(refusedByBroker(packet.reasonCode ?? 0, packet.properties?.reasonString ?? 'no text given', this.#names()))
        break
      default:
    }
  }

  /**
   * Hands one PUBLISH on. Answers whether the client may go on to acknowledge it (the stream holds that back). A defect
   * further on ends this run, and nothing else; the message is not acknowledged.
   */
  #receive(topic: string, payload: Uint8Array, packet: IPublishPacket): boolean {
    const stream = this.#stream
    if (stream === undefined || (this.#phase !== 'starting' && this.#phase !== 'up')) return false
    try {
      this.#intake.receive(stream, topic, payload, packet)
      return true
    } catch (error) {
      this.#fail(asDriverError(error))
      return false
    }
  }

  #subscribe(client: MqttClient): void {
    const { session, settings } = this.#parts
    subscribeAll(client, settings, session.subscribed, (outcome) => {
      if (this.#phase !== 'starting') return
      if (outcome.kind === 'refused') {
        this.#fail(outcome.error)
        return
      }
      this.#phase = 'up'
      this.#startLimit?.cancel()
      if (this.#stream !== undefined) this.#watch.start(client, this.#stream, outcome.amiss)
      this.#settleStart?.()
    })
  }

  #fail(error: DriverError): void {
    if (this.#phase !== 'starting' && this.#phase !== 'up') return
    const wasUp = this.#phase === 'up'
    this.#close()
    if (wasUp) this.#parts.context.failed(error)
    else this.#settleStart?.(error)
  }

  async #stop(): Promise<void> {
    if (this.#phase === 'up') {
      this.#phase = 'stopping'
      this.#watch.stop()
      this.#stream?.stopReading()
      await this.#drain()
    }
    const wasStarting = this.#phase === 'starting'
    if (this.#phase !== 'over') {
      if (this.#connected) this.#stream?.write(DISCONNECT)
      // The stream writes at the end of this turn; closing waits for nobody, least of all for a broker that hangs.
      await new Promise((resolve) => setImmediate(resolve))
      this.#close()
    }
    if (wasStarting) this.#settleStart?.(new DriverError('SOURCE_STOPPED', 'the source was stopped', { retriable: true }))
  }

  /** Waits until what is being committed is acknowledged. */
  #drain(): Promise<void> {
    const { clock } = this.#parts.context
    return new Promise((resolve) => {
      if (this.#stream === undefined || this.#stream.gate.size === 0) {
        resolve()
        return
      }
      const limit = clock.setTimeout(resolve, DRAIN_LIMIT_MS)
      this.#drained = () => {
        limit.cancel()
        resolve()
      }
    })
  }

  #checkDrained(): void {
    const gone = this.#stream === undefined || this.#stream.destroyed || this.#stream.gate.size === 0
    if (gone) this.#drained?.()
  }

  #close(): void {
    this.#phase = 'over'
    this.#over.abort()
    this.#parts.context.signal.removeEventListener('abort', this.#onAbort)
    this.#watch.stop()
    this.#startLimit?.cancel()
    const client = this.#client
    this.#stream?.destroy()
    if (client?.stream !== undefined) client.end(true)
  }

  #names(): LinkNames {
    const { host, port } = linkTarget(this.#parts.settings)
    return { host, port, clientId: this.#parts.clientId, connected: this.#connected }
  }
}
