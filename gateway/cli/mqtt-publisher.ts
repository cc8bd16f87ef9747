import { connectAsync, type IClientOptions } from 'mqtt'
import type { PansMessage } from '../../firmware-protocols/dwm1001-pans-mqtt/encode-pans.ts'
import { GatewayError } from '../errors.ts'

export interface PublisherOptions {
  readonly url: string
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Left at the broker for when the connection breaks. */
  readonly will?: PansMessage
}

export interface Publisher {
  /** Hands a message to the client. Messages of a broken connection are let go. */
  publish(message: PansMessage): void
  readonly published: number
  /** QoS 0: handed to the network; QoS 1: acknowledged by the broker. */
  readonly confirmed: number
  /** Resolves with the reason when the connection has broken. */
  readonly broken: Promise<string>
  /** Waits until everything is confirmed. */
  close(): Promise<void>
}

const CONNECT_LIMIT_MS = 5_000

/** @throws GatewayError LINK_OPEN_FAILED when the broker does not answer or refuses */
export async function openPublisher({ url, username, password, will }: PublisherOptions): Promise<Publisher> {
  const options: IClientOptions = {
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_LIMIT_MS,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(will === undefined ? {} : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: will.qos, retain: will.retain } })
  }
  const client = await connectAsync(url, options, false).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code || cause.name : String(cause)
    throw new GatewayError('LINK_OPEN_FAILED', `the broker at ${url} cannot be reached: ${why}`, { retriable: true, cause })
  })
  const counts = { published: 0, confirmed: 0 }
  let lastError = 'the broker closed the connection'
  client.on('error', (error) => {
    lastError = error.message
  })
  const broken = new Promise<string>((resolve) => {
    client.on('close', () => resolve(lastError))
  })
  return {
    get published() {
      return counts.published
    },
    get confirmed() {
      return counts.confirmed
    },
    broken,
    publish({ topic, payload, qos, retain }) {
      counts.published++
      client.publish(topic, payload, { qos, retain }, (error) => {
        if (error == null) counts.confirmed++
      })
    },
    async close() {
      await client.endAsync()
    }
  }
}
