import type { IPublishPacket, MqttClient, Packet } from 'mqtt'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { createFrameFeed, type FrameFeed } from '../codec-feed.ts'
import { type DriverContext, DriverError, type DriverRun, type SendOutcome, type TimerHandle } from '../driver.ts'
import { asDriverError } from '../driver-errors.ts'
import type { Unacknowledged } from './ack-gate.ts'
import { watchCommits } from './commit-watch.ts'
import { createClient } from './create-client.ts'
import type { ExactlyOnce } from './exactly-once.ts'
import { HeldAckStream } from './held-ack-stream.ts'
import { classifyLinkError, closedWithoutReason, type LinkNames, refusedByBroker } from './link-errors.ts'
import { linkTarget, openLink } from './open-link.ts'
import type { MqttSettings } from './settings.ts'
import { subscribeAll } from './subscribe.ts'

/** DISCONNECT without a reason, the same in 3.1.1 and 5 (3.14). */
const DISCONNECT = Buffer.from([0xe0, 0x00])
const WATCH_INTERVAL_MS = 1_000
/** How long a stop waits for commits under way, so that what is durable is acknowledged and does not come twice. */
const DRAIN_LIMIT_MS = 1_000
const OVERSIZE_LOG_INTERVAL_MS = 60_000

/** What is known of the session at the broker; it outlives the run, as the session does. */
export interface MqttSession {
  readonly exactlyOnce: ExactlyOnce
  /** Topic filters that this program has subscribed to in it. */
  readonly subscribed: Set<string>
}

export interface MqttRunParts {
  readonly settings: MqttSettings
  readonly codec: Codec
  readonly context: DriverContext
  readonly clientId: string
  readonly session: MqttSession
}

/** One connection to a broker: from CONNECT to its end. MQTT.js never reconnects by itself; the supervisor starts anew. */
export class MqttRun implements DriverRun {
  readonly #parts: MqttRunParts
  readonly #feed: FrameFeed
  #client: MqttClient | undefined
  #stream: HeldAckStream | undefined
  #phase: 'new' | 'starting' | 'up' | 'stopping' | 'over' = 'new'
  #connected = false
  #settleStart: ((error?: DriverError) => void) | undefined
  readonly #timers: { watch?: TimerHandle; limit?: TimerHandle } = {}
  #stopped: Promise<void> | undefined
  #drained: (() => void) | undefined
  #publishes = 0
  #refusedTopics = ''
  #saidDegraded = ''
  #pausedSinceMs: number | undefined
  #lastPingMs = 0
  #oversizeQuietUntilMs = Number.NEGATIVE_INFINITY

  constructor(parts: MqttRunParts) {
    this.#parts = parts
    this.#feed = createFrameFeed(parts.codec, parts.context)
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
      this.#timers.limit = context.clock.setTimeout(
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

  send(): Promise<SendOutcome> {
    return Promise.resolve({ stage: 'unsupported' })
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
      (topic, payload, packet) => this.#receiveSafely(topic, payload, packet)
    )
    this.#client = client
    client.on('packetreceive', (packet) => this.#observe(packet))
    client.on('message', (topic, payload, packet) => {
      if (packet.qos === 0) this.#receiveSafely(topic, payload, packet)
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
      onPaused: (paused) => {
        this.#pausedSinceMs = paused ? this.#parts.context.clock.monotonicMs() : undefined
      },
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
        this.#publishes += 1
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

  /** A defect further on ends this run, and nothing else; the message is not acknowledged. */
  #receiveSafely(topic: string, payload: Uint8Array, packet: IPublishPacket): boolean {
    try {
      return this.#receive(topic, payload, packet)
    } catch (error) {
      this.#fail(asDriverError(error))
      return false
    }
  }

  /** Hands one PUBLISH on. Answers whether the client may go on to acknowledge it (the stream holds that back). */
  #receive(topic: string, payload: Uint8Array, packet: IPublishPacket): boolean {
    const stream = this.#stream
    if (stream === undefined || (this.#phase !== 'starting' && this.#phase !== 'up')) return false
    const { context } = this.#parts
    context.counters.bytesIn += payload.length
    const cut = stream.wasCut(this.#publishes)
    const confirm = packet.qos === 0 ? undefined : this.#expect(stream, topic, payload, packet)
    if (confirm === 'repeat') return true
    if (cut) {
      this.#countOversize(topic)
      confirm?.()
      return true
    }
    this.#feed.frame(
      payload,
      packet.retain ? { topic, retained: true } : { topic },
      confirm === undefined ? {} : packet.dup ? { onDurable: confirm, redelivered: true } : { onDurable: confirm }
    )
    stream.checkBackpressure()
    return true
  }

  #expect(stream: HeldAckStream, topic: string, payload: Uint8Array, packet: IPublishPacket): (() => void) | 'repeat' {
    const { clock } = this.#parts.context
    const { exactlyOnce } = this.#parts.session
    const packetId = packet.messageId ?? 0
    const { gate } = stream
    const entry: Unacknowledged = gate.expect(packetId, clock.monotonicMs())
    if (packet.qos !== 2) return () => gate.confirm(entry, clock.monotonicMs())
    const stored = exactlyOnce.receive(packetId, packet.dup, topic, payload)
    if (stored === undefined) {
      gate.confirm(entry, clock.monotonicMs())
      return 'repeat'
    }
    return () => {
      stored()
      gate.confirm(entry, clock.monotonicMs())
    }
  }

  #countOversize(topic: string): void {
    const { context, settings } = this.#parts
    context.counters.frames += 1
    context.counters.errors += 1
    const nowMs = context.clock.monotonicMs()
    if (nowMs < this.#oversizeQuietUntilMs) return
    this.#oversizeQuietUntilMs = nowMs + OVERSIZE_LOG_INTERVAL_MS
    context.log.warn({ sourceId: context.sourceId, topic, maxPacketBytes: settings.maxPacketBytes }, 'a message is too long and is let go')
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
      this.#timers.limit?.cancel()
      this.#refusedTopics = outcome.amiss
      this.#tick()
      this.#settleStart?.()
    })
  }

  /** Once a second while the source is up. */
  #tick(): void {
    if (this.#phase !== 'up') return
    const { clock } = this.#parts.context
    const gate = this.#stream?.gate
    if (gate !== undefined) {
      const finding = watchCommits(gate, clock.monotonicMs())
      if (finding.kind === 'lost') {
        this.#fail(new DriverError('LOG_NOT_CONFIRMING', finding.why, { retriable: true }))
        return
      }
      this.#sayDegraded([this.#refusedTopics, finding.why].filter((why) => why !== '').join('; '))
    }
    this.#keepAliveWhilePaused()
    this.#timers.watch = clock.setTimeout(() => this.#tick(), WATCH_INTERVAL_MS)
  }

  #sayDegraded(why: string): void {
    if (why === this.#saidDegraded) return
    this.#saidDegraded = why
    this.#parts.context.degraded(why)
  }

  /** While nothing is read, PINGRESP is not seen either: the client must not take that for a dead link. */
  #keepAliveWhilePaused(): void {
    if (this.#pausedSinceMs === undefined) return
    const { context, settings } = this.#parts
    const nowMs = context.clock.monotonicMs()
    this.#client?.reschedulePing(true)
    if (nowMs - Math.max(this.#lastPingMs, this.#pausedSinceMs) < (settings.keepaliveS * 1000) / 2) return
    this.#lastPingMs = nowMs
    this.#client?.sendPing()
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
      this.#stream?.stopReading()
      await this.#drain()
    }
    const wasStarting = this.#phase === 'starting'
    if (this.#phase !== 'over') {
      if (this.#connected) this.#stream?.write(DISCONNECT)
      // The write reaches the socket within this turn; closing waits for nobody, least of all for a broker that hangs.
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
    this.#parts.context.signal.removeEventListener('abort', this.#onAbort)
    this.#timers.watch?.cancel()
    this.#timers.limit?.cancel()
    const client = this.#client
    this.#stream?.destroy()
    if (client?.stream !== undefined) client.end(true)
  }

  #names(): LinkNames {
    const { host, port } = linkTarget(this.#parts.settings)
    return { host, port, clientId: this.#parts.clientId, connected: this.#connected }
  }
}
