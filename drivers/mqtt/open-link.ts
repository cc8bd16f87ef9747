import { connect as connectTcp, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { MqttClient } from 'mqtt'
import { streamBuilder as openWebSocket } from 'mqtt/lib/connect/ws'
import { tlsClientOptions } from '../net/tls-client.ts'
import { tlsUnusable } from '../net/tls-server.ts'
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

/** Begins to connect; failures come as `error` events of the stream, except unusable certificates and keys, which throw. */
export function openLink(settings: MqttSettings, client: MqttClient): Duplex {
  const target = linkTarget(settings)
  const { host, port } = target
  const tls = target.secure ? tlsClientOptions(settings.tls, host) : undefined
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
    throw tlsUnusable(error)
  }
}
