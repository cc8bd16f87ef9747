import type { EventEmitter } from 'node:events'
import type { Aedes, AuthenticateError, Client, ConnectPacket } from 'aedes'
import { DriverError } from '../driver.ts'
import { createLogin } from './access.ts'
import type { BrokerParts } from './broker-parts.ts'
import { ClientLink } from './client-link.ts'
import type { PublishIntake } from './publish-intake.ts'

/** Return codes of CONNACK (MQTT 3.1.1, 3.2.2.3). */
const IDENTIFIER_REJECTED = 2
const BAD_LOGIN = 4
const CONNACK_IDENTIFIER_REJECTED = Buffer.from([0x20, 0x02, 0x00, IDENTIFIER_REJECTED])
/** MQTT 3.1 lets a broker take longer client ids than 23 characters; ours have the user's name in front. */
const CLIENT_ID_MAX = 200_000
/** The link has this limit itself; that of aedes must not come first. */
const NEVER_FIRST_MS = 3_600_000

/** The protocol engine: aedes, told to ask us whatever matters, and to keep no sessions, subscriptions or messages. */
export async function createBroker(parts: BrokerParts, intake: PublishIntake, guard: Guard): Promise<Aedes> {
  const { context, sessions, settings } = parts
  const { Aedes: Engine } = await import('aedes')
  const login = createLogin(settings.users)
  const cleanOf = new WeakMap<Client, { readonly id: string; readonly clean: boolean }>()
  const broker = await Engine.createBroker({
    connectTimeout: NEVER_FIRST_MS,
    maxClientsIdLength: CLIENT_ID_MAX,
    // Counted by the intake; the packets that are kept are empty.
    maxInflightInbound: 0,
    preConnect: guard((client: Client, packet: ConnectPacket, done: (error: Error | null, success: boolean) => void) => {
      const link = client.conn
      if (!(link instanceof ClientLink)) return done(new Error('no link'), false)
      const clean = packet.clean ?? true
      if (packet.clientId === '' && !clean) {
        // MQTT-3.1.3-8.
        link.write(CONNACK_IDENTIFIER_REJECTED)
        return done(new Error('no client id'), false)
      }
      link.readOn = readerOf(client)
      link.setKeepalive(packet.keepalive ?? 0)
      packet.keepalive = 0
      packet.clean = true
      // Nobody throws out a client of another user by taking its id (MQTT-3.1.4-2).
      if (packet.clientId !== '') packet.clientId = `${packet.username ?? ''}\n${packet.clientId}`
      cleanOf.set(client, { id: packet.clientId, clean: clean || packet.clientId === '' })
      done(null, true)
    }),
    authenticate: guard((client, username, password, done) => {
      const link = client.conn
      const rights = login(username, password)
      if (!(link instanceof ClientLink) || rights === undefined) {
        if (link instanceof ClientLink) link.loginRefused()
        return done(badLogin(), false)
      }
      const { id = '', clean = true } = cleanOf.get(client) ?? {}
      link.rights = rights
      link.exactlyOnce = sessions.connected(id, clean)
      done(null, true)
    }),
    authorizePublish: guard((client, packet, done) => intake.publish(client, packet, done)),
    authorizeSubscribe: guard((client, subscription, done) => {
      // What one client publishes no other hears, but commands go to who is subscribed, and firmware wants its SUBACK.
      const link = client?.conn
      const mayListen = link instanceof ClientLink && !subscription.topic.startsWith('$')
      done(null, mayListen && link.commands.subscribe(subscription.topic, subscription.qos) ? subscription : null)
    }),
    authorizeForward: () => null
  })
  broker.on('clientReady', (client) => {
    if (client.conn instanceof ClientLink) client.conn.opened()
  })
  broker.on('unsubscribe', (filters, { conn }) => {
    if (conn instanceof ClientLink) for (const filter of filters) conn.commands.unsubscribe(filter)
  })
  const debug = (_client: Client, error: Error): void =>
    context.log.debug({ sourceId: context.sourceId, why: error.message }, 'a connection ended')
  broker.on('clientError', debug)
  broker.on('connectionError', debug)
  const emitter: EventEmitter = broker
  emitter.on('error', (error: Error) =>
    context.failed(new DriverError('LINK_LOST', `the broker failed: ${error.message}`, { retriable: true, cause: error }))
  )
  return broker
}

export type Guard = <Args extends unknown[]>(callback: (...args: Args) => void) => (...args: Args) => void

/**
 * aedes reads the next packets of a client when it is done with those before. What waits for a storage that fails must not hold up what
 * comes behind it, and how much may wait the link says itself: so aedes is told that it is done.
 */
function readerOf(client: Client): () => void {
  return () => {
    Reflect.set(client, '_parsingBatch', 0)
    const next: unknown = Reflect.get(client, '_nextBatch')
    if (typeof next === 'function') next.call(client)
  }
}

function badLogin(): AuthenticateError {
  return Object.assign(new Error('bad user name or password'), { returnCode: BAD_LOGIN })
}
