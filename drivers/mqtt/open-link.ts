import { connect as connectTcp, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { MqttClient } from 'mqtt'
import { streamBuilder as openWebSocket } from 'mqtt/lib/connect/ws'
import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import type { MqttSettings } from './settings.ts'

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443 }

export interface LinkTarget {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** Path of the URL for WebSockets; undefined: plain TCP or TLS. */
  readonly webSocketPath: string | undefined
}

export function linkTarget(settings: Pick<MqttSettings, 'url'>): LinkTarget {
  const url = new URL(settings.url)
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 1883) : Number(url.port),
    secure: url.protocol === 'mqtts:' || url.protocol === 'wss:',
    webSocketPath: url.protocol === 'ws:' || url.protocol === 'wss:' ? `${url.pathname}${url.search}` : undefined
  }
}

function tlsOptions(settings: MqttSettings, target: LinkTarget): ConnectionOptions {
  const { tls } = settings
  const options: ConnectionOptions = { rejectUnauthorized: tls?.rejectUnauthorized ?? true }
  if (tls?.ca !== undefined) options.ca = tls.ca
  if (tls?.cert !== undefined) options.cert = tls.cert
  if (tls?.key !== undefined) options.key = tls.key
  // An IP address is not allowed as the name that a TLS client asks for (RFC 6066, section 3).
  const servername = tls?.servername ?? (isIP(target.host) === 0 ? target.host : undefined)
  if (servername !== undefined) options.servername = servername
  return options
}

/** Begins to connect; failures come as `error` events of the stream, except unusable certificates and keys, which throw. */
export function openLink(settings: MqttSettings, client: MqttClient): Duplex {
  const target = linkTarget(settings)
  const { host, port } = target
  const tls = target.secure ? tlsOptions(settings, target) : undefined
  try {
    if (target.webSocketPath !== undefined) {
      const stream = openWebSocket(client, {
        protocol: target.secure ? 'wss' : 'ws',
        protocolId: 'MQTT',
        hostname: isIP(host) === 6 ? `[${host}]` : host,
        port,
        path: target.webSocketPath,
        wsOptions: { ...tls }
      })
      return stream as Duplex
    }
    if (tls !== undefined) return connectTls({ ...tls, host, port }).setNoDelay(true)
    return connectTcp({ host, port }).setNoDelay(true)
  } catch (error) {
    const why = `the certificate or key in tls cannot be used: ${messageOf(error)}`
    throw new DriverError('LINK_TLS_FAILED', why, { retriable: false, cause: error })
  }
}
