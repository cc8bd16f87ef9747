import { randomBytes } from 'node:crypto'
import { MqttClient } from 'mqtt'
import { type Clock, DriverError } from '../driver.ts'
import { classifyLinkError, closedWithoutReason, type LinkNames, refusedByBroker } from '../mqtt/link-errors.ts'
import { linkTarget, openLink } from '../mqtt/open-link.ts'
import { type MqttSettings, mqttSettingsSchema } from '../mqtt/settings.ts'
import { judgeGranted } from '../mqtt/subscribe.ts'
import { pause } from '../run-end.ts'

const CONNECT_LIMIT_MS = 10_000
const MAX_PACKET_BYTES = 1_048_576
const KEEPALIVE_S = 30

export interface BrokerLogin {
  /** mqtt://, mqtts://, ws:// or wss://. */
  readonly url: string
  readonly topics: readonly string[]
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** PEM of the authority that the broker's certificate is from. */
  readonly ca?: string | undefined
}

export type MessageListener = (topic: string, payload: Uint8Array, retained: boolean) => void

export interface ListenOptions extends BrokerLogin {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly listenMs: number
  readonly onMessage: MessageListener
}

export interface ListenResult {
  readonly version: MqttSettings['protocolVersion']
  /** In words what was not granted; empty: all was. */
  readonly amiss: string
  /** Why it ended before its time. */
  readonly lost?: DriverError
}

/**
 * Subscribes with QoS 0 in a session that the broker forgets, and listens. Tries version 5, and 3.1.1 where the broker does not take that.
 * Rejects with a DriverError when there is no connection, or the broker refuses all subscriptions.
 */
export async function listenToBroker(options: ListenOptions): Promise<ListenResult> {
  const link = new BrokerLink(options, '5')
  try {
    return await link.run()
  } catch (error) {
    if (!link.mayNotSpeakVersion || options.signal.aborted) throw error
    return await new BrokerLink(options, '3.1.1').run()
  }
}

class BrokerLink {
  readonly #options: ListenOptions
  readonly #client: MqttClient
  readonly #over = new AbortController()
  readonly #names: { -readonly [K in keyof LinkNames]: LinkNames[K] }
  readonly #onAbort = (): void => this.#over.abort()
  readonly #version: MqttSettings['protocolVersion']
  #failed: (error: DriverError) => void = () => undefined
  #lost: DriverError | undefined
  /** Old brokers answer a version that they do not know with a refusal that says so, or hang up without a word. */
  mayNotSpeakVersion = false

  constructor(options: ListenOptions, version: MqttSettings['protocolVersion']) {
    const { url, topics, username, password, ca, onMessage } = options
    this.#options = options
    this.#version = version
    const settings = mqttSettingsSchema.parse({
      url,
      topics: topics.map((topic) => ({ topic, qos: 0 })),
      protocolVersion: version,
      ...(username === undefined ? {} : { username }),
      ...(username === undefined || password === undefined ? {} : { password }),
      ...(ca === undefined ? {} : { tls: { ca } })
    })
    const { host, port } = linkTarget(settings)
    const clientId = `tagward-sniff-${randomBytes(4).toString('hex')}`
    this.#names = { host, port, clientId, connected: false }
    this.#client = new MqttClient((client) => openLink(settings, client), {
      manualConnect: true,
      clientId,
      clean: true,
      reconnectPeriod: 0,
      resubscribe: false,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_LIMIT_MS,
      ...(settings.username === undefined ? {} : { username: settings.username }),
      ...(settings.password === undefined ? {} : { password: settings.password }),
      ...(version === '5' ? { protocolVersion: 5, properties: { maximumPacketSize: MAX_PACKET_BYTES } } : { protocolVersion: 4 })
    })
    this.#client.on('message', (topic, payload, packet) => onMessage(topic, payload, packet.retain))
    this.#client.on('error', (error) => this.#fail(classifyLinkError(error, this.#names)))
    this.#client.on('disconnect', (packet) =>
      this.#fail(refusedByBroker(packet.reasonCode ?? 0, packet.properties?.reasonString ?? 'no text given', this.#names))
    )
    this.#client.on('close', () => {
      if (this.#lost === undefined && !this.#names.connected) this.mayNotSpeakVersion = true
      this.#fail(closedWithoutReason(this.#names))
    })
  }

  async run(): Promise<ListenResult> {
    try {
      const amiss = await this.#open()
      await pause(this.#options.clock, this.#options.listenMs, this.#over.signal)
      return { version: this.#version, amiss, ...(this.#lost === undefined ? {} : { lost: this.#lost }) }
    } finally {
      this.#close()
    }
  }

  /** Resolves with what was not granted. */
  #open(): Promise<string> {
    const { signal, topics } = this.#options
    const asked = topics.map((topic) => ({ topic, qos: 0 as const }))
    if (signal.aborted) this.#over.abort()
    signal.addEventListener('abort', this.#onAbort)
    return new Promise((resolve, reject) => {
      this.#failed = reject
      this.#over.signal.addEventListener('abort', () => reject(this.#lost ?? STOPPED))
      this.#client.on('connect', () => {
        this.#names.connected = true
        this.#client.subscribe([...topics], { qos: 0 }, (error, _sent, answer) => {
          if (answer === undefined) return reject(classifyLinkError(error, this.#names))
          const outcome = judgeGranted(asked, answer.granted.map(Number))
          if (outcome.kind === 'refused') reject(outcome.error)
          else resolve(outcome.amiss)
        })
      })
      if (this.#over.signal.aborted) return reject(STOPPED)
      try {
        this.#client.connect()
      } catch (error) {
        reject(classifyLinkError(error, this.#names))
      }
    })
  }

  #close(): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    this.#failed = () => undefined
    this.#client.removeAllListeners('message')
    if (this.#client.stream !== undefined) this.#client.end(true)
  }

  #fail(error: DriverError): void {
    this.#lost ??= error
    if (error.code === 'LINK_PROTOCOL' && !this.#names.connected) this.mayNotSpeakVersion = true
    this.#failed(error)
    this.#over.abort()
  }
}

const STOPPED = new DriverError('RUN_ENDED', 'it was stopped before the broker had answered', { retriable: true })
