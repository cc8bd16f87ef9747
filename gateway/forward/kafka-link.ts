/**
 * Connections to a Kafka cluster: kafkajs' sockets, authentication and wire codecs, with our own view of the cluster and
 * our own time limits above them. It retries nothing and remembers no failure: whatever goes wrong with a broker, its
 * connection is thrown away and the next request opens a new one.
 *
 * What kafkajs measures by the wall clock is switched off or kept from it: its request timeouts (ours are monotonic) and
 * its throttling (the broker's wish is taken out of the answer and obeyed by `throttledForMs`).
 */
import { connect as netConnect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import Broker from 'kafkajs/src/broker/index.js'
import { createLogger, LEVELS } from 'kafkajs/src/loggers/index.js'
import ConnectionPool from 'kafkajs/src/network/connectionPool.js'
import apiKeys from 'kafkajs/src/protocol/requests/apiKeys.js'
import { requests } from 'kafkajs/src/protocol/requests/index.js'
import type { Clock } from '../../drivers/driver.ts'
import { type ClusterView, clusterViewOf } from './cluster-view.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import { LinkError, linkErrorOf } from './link-error.ts'

export interface LinkTimes {
  /** For TCP, TLS and authentication together. */
  readonly connectTimeoutMs: number
  /** From handing a request to the socket to its answer. */
  readonly requestTimeoutMs: number
}

type ApiName = keyof typeof apiKeys

interface BrokerEntry {
  readonly address: string
  readonly broker: Broker
  readonly sockets: Set<Socket>
  /** Rejecters of what waits on this connection. kafkajs forgets some waiters when a socket dies early. */
  readonly waiting: Set<(reason: LinkError) => void>
  connecting: Promise<void> | undefined
  /** Monotonic; the broker asked for silence until then. */
  throttledUntilMs: number
}

const KEEP_ALIVE_MS = 30_000
const LONGEST_THROTTLE_MS = 300_000
const silent = createLogger({ level: LEVELS.NOTHING, logCreator: () => () => undefined })

function addressParts(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon)
  return { host: host.startsWith('[') ? host.slice(1, -1) : host, port: Number(address.slice(colon + 1)) }
}

function tlsOptions(tls: KafkaSettings['tls']): object | null {
  if (tls === undefined || tls === false) return null
  if (tls === true) return {}
  const { ca, cert, key, rejectUnauthorized } = tls
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: rejectUnauthorized ?? true
  }
}

export class KafkaLink {
  readonly #settings: KafkaSettings
  readonly #clientId: string
  readonly #clock: Clock
  readonly #times: LinkTimes
  readonly #brokers = new Map<string, BrokerEntry>()
  /** Rotates, so that a dead first seed is not asked first for ever. */
  #nextSeed = 0
  #view: ClusterView = { nodes: new Map(), controller: undefined, topics: new Map() }
  #closed = false

  constructor(settings: KafkaSettings, clientId: string, clock: Clock, times: LinkTimes) {
    this.#settings = settings
    this.#clientId = clientId
    this.#clock = clock
    this.#times = times
  }

  get view(): ClusterView {
    return this.#view
  }

  /** Opens a connection to any of the configured brokers. Rejects with a LinkError. */
  async connect(): Promise<void> {
    await this.#anyBroker()
  }

  /** Asks for the state of these topics and forgets all others. */
  async refreshView(topics: readonly string[]): Promise<ClusterView> {
    const entry = await this.#anyBroker()
    this.#view = clusterViewOf(await this.#request(entry, 'Metadata', { topics, allowAutoTopicCreation: false }))
    return this.#view
  }

  /** `undefined`: any broker will do. Rejects with a LinkError when no answer came. */
  async request(node: number | undefined, api: ApiName, args: object): Promise<object> {
    return await this.#request(await this.#brokerOf(node), api, args)
  }

  /** Sends a Produce request with a body that is encoded already. */
  async produce(node: number, body: Buffer): Promise<object> {
    return await this.#request(await this.#brokerOf(node), 'Produce', { topicData: [] }, body)
  }

  async #brokerOf(node: number | undefined): Promise<BrokerEntry> {
    if (node === undefined) return await this.#anyBroker()
    const address = this.#view.nodes.get(node)
    if (address === undefined) throw new LinkError('KAFKA_BROKER_UNKNOWN', `broker ${node} is not in the cluster`)
    return await this.#connected(address)
  }

  /** How long the leader wants to be left alone. */
  throttledForMs(node: number): number {
    const entry = this.#brokers.get(this.#view.nodes.get(node) ?? '')
    return entry === undefined ? 0 : Math.max(0, entry.throttledUntilMs - this.#clock.monotonicMs())
  }

  /** True when some broker other than `node` is connected. */
  hasOtherThan(node: number): boolean {
    const address = this.#view.nodes.get(node)
    return [...this.#brokers.values()].some((entry) => entry.address !== address && entry.broker.isConnected())
  }

  close(): void {
    this.#closed = true
    for (const entry of [...this.#brokers.values()]) this.#drop(entry, new LinkError('KAFKA_CLOSED', 'closed'))
  }

  async #anyBroker(): Promise<BrokerEntry> {
    for (const entry of this.#brokers.values()) if (entry.broker.isConnected()) return entry
    const seeds = this.#settings.brokers
    const known = [...this.#view.nodes.values()].filter((address) => !seeds.includes(address))
    let failure = new LinkError('KAFKA_UNREACHABLE', 'no broker is configured')
    for (let tried = 0; tried < seeds.length; tried++) {
      const seed = seeds[this.#nextSeed % seeds.length] ?? ''
      try {
        return await this.#connected(seed)
      } catch (error) {
        failure = linkErrorOf(error, seed)
        this.#nextSeed++
      }
    }
    for (const address of known) {
      try {
        return await this.#connected(address)
      } catch (error) {
        failure = linkErrorOf(error, address)
      }
    }
    throw failure
  }

  async #connected(address: string): Promise<BrokerEntry> {
    if (this.#closed) throw new LinkError('KAFKA_CLOSED', 'closed')
    const entry = this.#brokers.get(address) ?? this.#open(address)
    if (entry.broker.isConnected() && entry.connecting === undefined) return entry
    entry.connecting ??= this.#limited(entry, this.#times.connectTimeoutMs, 'KAFKA_CONNECT_TIMEOUT', () => entry.broker.connect()).finally(
      () => {
        entry.connecting = undefined
      }
    )
    await entry.connecting
    return entry
  }

  #open(address: string): BrokerEntry {
    const sockets = new Set<Socket>()
    const { host, port } = addressParts(address)
    const { sasl, tls } = this.#settings
    const pool = new ConnectionPool({
      host,
      port,
      rack: null,
      logger: silent,
      clientId: this.#clientId,
      socketFactory: ({ host, port, ssl, onConnect }) => trackedSocket(sockets, host, port, ssl, onConnect),
      connectionTimeout: this.#times.connectTimeoutMs,
      requestTimeout: this.#times.requestTimeoutMs,
      enforceRequestTimeout: false,
      maxInFlightRequests: null,
      ssl: tlsOptions(tls),
      // A copy: kafkajs keeps its authenticator in it.
      sasl: sasl === undefined ? null : { ...sasl }
    })
    keepQuiet(pool)
    const broker = new Broker({
      connectionPool: pool,
      logger: silent,
      authenticationTimeout: this.#times.connectTimeoutMs,
      allowAutoTopicCreation: false
    })
    const entry: BrokerEntry = { address, broker, sockets, waiting: new Set(), connecting: undefined, throttledUntilMs: 0 }
    this.#brokers.set(address, entry)
    return entry
  }

  async #request(entry: BrokerEntry, api: ApiName, args: object, body?: Buffer): Promise<object> {
    return await this.#limited(entry, this.#times.requestTimeoutMs, 'KAFKA_NO_ANSWER', async () => {
      const { request, response } = entry.broker.lookupRequest(apiKeys[api], requests[api])(args)
      return await entry.broker.connectionPool.send({
        // kafkajs takes anything with these two fields for one of its encoders.
        request: body === undefined ? request : { ...request, encode: () => Promise.resolve({ buf: body, buffer: body }) },
        response: {
          decode: async (raw) => this.#withoutThrottle(entry, await response.decode(raw)),
          // kafkajs would throw for the first error code of an answer; each code belongs to one topic or partition.
          parse: (decoded) => Promise.resolve(decoded)
        }
      })
    })
  }

  #withoutThrottle(entry: BrokerEntry, decoded: { clientSideThrottleTime?: number }): object {
    const throttleMs = Math.min(decoded.clientSideThrottleTime ?? 0, LONGEST_THROTTLE_MS)
    if (throttleMs <= 0) return decoded
    entry.throttledUntilMs = this.#clock.monotonicMs() + throttleMs
    return { ...decoded, clientSideThrottleTime: 0 }
  }

  /** Runs something on a connection; on failure or after `limitMs` the connection is thrown away with all that waits on it. */
  #limited<T>(entry: BrokerEntry, limitMs: number, code: string, run: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settled = () => {
        timer.cancel()
        entry.waiting.delete(fail)
      }
      const fail = (reason: LinkError) => {
        settled()
        reject(reason)
      }
      const timer = this.#clock.setTimeout(
        () => this.#drop(entry, new LinkError(code, `${entry.address}: nothing within ${limitMs} ms`)),
        limitMs
      )
      entry.waiting.add(fail)
      run().then(
        (result) => {
          settled()
          resolve(result)
        },
        (error) => this.#drop(entry, linkErrorOf(error, entry.address))
      )
    })
  }

  #drop(entry: BrokerEntry, reason: LinkError): void {
    if (this.#brokers.get(entry.address) === entry) this.#brokers.delete(entry.address)
    for (const fail of [...entry.waiting]) fail(reason)
    for (const socket of entry.sockets) socket.destroy(reason)
  }
}

/**
 * After every answer a queue sets a timer to look at what waits. When nothing waits its delay is negative, so it fires at once and
 * sets the next, without end. Our queues set it only when something waits; whoever puts something into a queue asks again.
 */
function keepQuiet({ pool }: ConnectionPool): void {
  for (const { requestQueue: queue } of pool) {
    const schedule = queue.scheduleCheckPendingRequests.bind(queue)
    Reflect.set(queue, 'scheduleCheckPendingRequests', () => {
      if (queue.pending.length > 0) schedule()
    })
  }
}

function trackedSocket(sockets: Set<Socket>, host: string, port: number, ssl: object | null, onConnect: () => void): Socket {
  const socket =
    ssl === null
      ? netConnect({ host, port }, onConnect)
      : // Names are checked against the certificate; an address has no server name to send (RFC 6066, section 3).
        tlsConnect({ host, port, ...(/[^\d.:]/.test(host) ? { servername: host } : {}), ...ssl }, onConnect)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  return socket
}
