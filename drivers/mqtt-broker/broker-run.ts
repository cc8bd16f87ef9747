import { createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Aedes } from 'aedes'
import { CommandDesk } from '../command-desk.ts'
import { type Clock, type Command, DriverError, type DriverRun, type SendOptions, type SendOutcome, type TimerHandle } from '../driver.ts'
import { guarded } from '../driver-errors.ts'
import { listenFailure } from '../net/listen-failure.ts'
import { withTlsServer } from '../net/tls-server.ts'
import { createRunEnd, pause, type RunEnd } from '../run-end.ts'
import type { BrokerParts } from './broker-parts.ts'
import { ClientLink, type LinkHost, type Refusal } from './client-link.ts'
import { createBroker, type Guard } from './create-broker.ts'
import { PublishIntake } from './publish-intake.ts'
import type { MqttBrokerSettings } from './settings.ts'

const LOOK_EVERY_MS = 1_000
const SAY_EVERY_LOOKS = 10
/** How long a stop waits for commits under way, so that what is durable is acknowledged and does not come twice. */
const DRAIN_LIMIT_MS = 1_000
const DRAIN_LOOK_MS = 20
/** While the storage fails nothing is stored in time, and nothing is gained by having it sent again; after it, what memory holds takes its time. */
const AFTER_FAILING_MS = 30_000
const ENGINE_TURNS = 5
/** Of all packets together that have arrived in part. */
const HELD_BYTES_MIN = 33_554_432

const REASONS: Readonly<Record<Refusal, string>> = {
  'connect-timeout': 'said nothing in time',
  keepalive: 'were silent for too long',
  'not-mqtt': 'do not speak MQTT',
  'version-5': 'speak MQTT 5 only (3.1.1 is spoken here)',
  'too-long': 'sent a message longer than maxPacketBytes',
  'too-much': 'sent a long message while too many were being received',
  tls: 'did not come to an end with TLS, or showed no certificate of the right authority',
  login: 'showed a wrong user name or password',
  topic: 'published to a topic that their user may not',
  'qos-2': 'left too many messages of QoS 2 open',
  log: 'were disconnected because the log did not store in time'
}
/** What went with these was turned away under load and not because it is wrong. */
const OVERLOAD: ReadonlySet<Refusal> = new Set(['too-much', 'log'])
/** A client that falls silent has done nothing wrong. */
const NO_ERROR: ReadonlySet<Refusal> = new Set(['keepalive'])

/** One listener with its broker, from opening to its end. */
export class BrokerRun implements DriverRun, LinkHost {
  readonly settings: MqttBrokerSettings
  readonly clock: Clock
  readonly #parts: BrokerParts
  readonly #end: RunEnd
  readonly #intake: PublishIntake
  readonly #desk: CommandDesk
  readonly #links = new Set<ClientLink>()
  readonly #sockets = new Set<Socket>()
  readonly #heldBytesMax: number
  #heldBytes = 0
  #broker: Aedes | undefined
  #server: Server | undefined
  #starting: Promise<void> | undefined
  #nextLook: TimerHandle | undefined
  #looks = 0
  #storageFailedMs = Number.NEGATIVE_INFINITY
  #refused = new Map<Refusal, number>()
  #ending = false
  #stopped: Promise<void> | undefined

  constructor(parts: BrokerParts) {
    this.settings = parts.settings
    this.clock = parts.context.clock
    this.#parts = parts
    this.#end = createRunEnd(parts.context)
    this.#desk = new CommandDesk(parts.codec, parts.context)
    this.#intake = new PublishIntake(parts, this.#desk.sink)
    this.#heldBytesMax = Math.max(HELD_BYTES_MIN, 2 * parts.settings.maxPacketBytes)
  }

  async start(): Promise<void> {
    this.#end.check()
    this.#starting = this.#open()
    await this.#starting
    this.#end.check()
    const { log, sourceId } = this.#parts.context
    const { address, port, tls, users } = this.settings
    log.info({ sourceId, address, port, encrypted: tls !== undefined, users: users?.length ?? 0 }, 'MQTT broker is open')
    this.#lookLater()
  }

  stop(): Promise<void> {
    this.#end.end()
    this.#nextLook?.cancel()
    this.#stopped ??= this.#close()
    return this.#stopped
  }

  /** `accepted` when it is handed to the connections of all who are subscribed to the tag's topic, `delivered` at the first PUBACK. */
  send(target: string, command: Command, options: SendOptions): Promise<SendOutcome> {
    if (this.#broker === undefined || this.#end.signal.aborted)
      return Promise.resolve({ stage: 'failed', code: 'SOURCE_DOWN', why: 'the broker is not open' })
    return this.#desk.send(target, command, options, this.#end.signal, async ({ bytes, topic }, reached) => {
      if (topic === undefined) throw new TypeError(`protocol ${this.#parts.codec.protocol} names no topic for commands`)
      const sent = [...this.#links].flatMap((link) => link.sendCommand(topic, bytes) ?? [])
      if (sent.length === 0)
        throw new DriverError('TAG_UNREACHABLE', `nobody who may hear it is connected and subscribed to ${topic}`, { retriable: true })
      reached('accepted')
      if (await isAnyTrue(sent)) reached('delivered')
    })
  }

  hold(bytes: number): boolean {
    this.#heldBytes += bytes
    return this.#heldBytes <= this.#heldBytesMax
  }

  letGo(bytes: number): void {
    this.#heldBytes -= bytes
  }

  refused(reason: Refusal): void {
    const { counters } = this.#parts.context
    if (OVERLOAD.has(reason)) counters.dropped += 1
    else if (!NO_ERROR.has(reason)) counters.errors += 1
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
  }

  left(link: ClientLink): void {
    this.#links.delete(link)
  }

  guard: Guard = (callback) =>
    guarded(this.#parts.context, (...args) => {
      // An engine that is being closed publishes wills and refuses clients: nobody is to hear of it.
      if (!this.#ending) callback(...args)
    })

  async #open(): Promise<void> {
    const { address, port } = this.settings
    const server = this.#createServer()
    this.#server = server
    this.#broker = await createBroker(this.#parts, this.#intake, this.guard)
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenFailure(error, address, port)))
      server.listen({ port, host: address, exclusive: true }, resolve)
    })
    server.removeAllListeners('error')
    server.on('error', (error) => this.#fail(`port ${port} failed: ${error.message}`))
  }

  #createServer(): Server {
    const { connectTimeoutS, maxConnections, tls } = this.settings
    const { counters } = this.#parts.context
    const onClient = this.guard((socket: Socket) => this.#admit(socket))
    const handshakeTimeout = connectTimeoutS * 1000
    const server =
      tls === undefined
        ? createPlainServer(onClient)
        : withTlsServer(tls, (options) => createTlsServer({ ...options, handshakeTimeout })).on('secureConnection', onClient)
    server.maxConnections = maxConnections
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('drop', () => {
      counters.dropped += 1
    })
    server.on('tlsClientError', () => this.refused('tls'))
    return server
  }

  #admit(socket: Socket): void {
    const link = new ClientLink(socket, this)
    this.#links.add(link)
    this.#broker?.handle(link)
  }

  #lookLater(): void {
    this.#nextLook = this.clock.setTimeout(() => {
      this.#look()
      this.#lookLater()
    }, LOOK_EVERY_MS)
  }

  #look(): void {
    const nowMs = this.clock.monotonicMs()
    const storageFails = this.#parts.context.storageFails?.() === true
    if (storageFails) this.#storageFailedMs = nowMs
    const storageFailed = nowMs - this.#storageFailedMs < AFTER_FAILING_MS
    const overdueMs = nowMs - this.settings.storeTimeoutS * 1000
    for (const link of [...this.#links]) {
      const { oldest, size } = link.order
      // What waited when the storage began to fail.
      if (storageFails && size > 0) link.readOn()
      if (oldest === undefined || oldest.sinceMonotonicMs > overdueMs) continue
      // Its link works, and alarms come by it, unless it may send no more.
      if (storageFailed && size < this.settings.maxInflight) continue
      // `refuse` counts one of them.
      this.#parts.context.counters.dropped += size - 1
      link.refuse('log')
    }
    this.#looks += 1
    if (this.#looks % SAY_EVERY_LOOKS === 0) this.#parts.context.degraded(this.#takeFindings())
  }

  /** What is amiss since the last call; empty: nothing. While others are heard, refusals are the business of who is refused. */
  #takeFindings(): string {
    const stored = this.#intake.takeStored()
    const refused = [...this.#refused].filter(([reason]) => reason !== 'keepalive')
    this.#refused = new Map()
    const isAmiss = refused.length > 0 && (stored === 0 || refused.some(([reason]) => OVERLOAD.has(reason) || reason === 'topic'))
    return isAmiss ? `clients were disconnected: ${refused.map(([reason, count]) => `${count} × ${REASONS[reason]}`).join('; ')}` : ''
  }

  #fail(message: string): void {
    if (!this.#end.signal.aborted) this.#parts.context.failed(new DriverError('LINK_LOST', message, { retriable: true }))
  }

  async #close(): Promise<void> {
    await this.#starting?.catch(() => undefined)
    const server = this.#server
    const closed = new Promise<void>((resolve) => (server?.listening ? server.close(() => resolve()) : resolve()))
    await this.#drain()
    // The engine writes an acknowledgement a few turns after it may.
    for (let turn = 0; turn < ENGINE_TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    this.#ending = true
    const broker = this.#broker
    if (broker !== undefined) await new Promise<void>((resolve) => broker.close(() => resolve()))
    for (const link of [...this.#links]) link.destroy()
    // The last acknowledgements leave at the end of this turn.
    await new Promise((resolve) => setImmediate(resolve))
    for (const socket of [...this.#sockets]) socket.destroy()
    await closed
  }

  async #drain(): Promise<void> {
    for (const link of this.#links) link.halt()
    const enough = new AbortController()
    const untilMs = this.clock.monotonicMs() + DRAIN_LIMIT_MS
    while ([...this.#links].some(({ order }) => order.size > 0) && this.clock.monotonicMs() < untilMs)
      await pause(this.clock, DRAIN_LOOK_MS, enough.signal)
  }
}

/** As soon as one is true; false when all are false. */
function isAnyTrue(promises: readonly Promise<boolean>[]): Promise<boolean> {
  return new Promise((resolve) => {
    let open = promises.length
    for (const promise of promises) {
      promise.then(
        (value) => {
          open -= 1
          if (value || open === 0) resolve(value)
        },
        () => undefined
      )
    }
  })
}
