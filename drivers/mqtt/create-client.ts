import { type IPublishPacket, MqttClient, Store } from 'mqtt'
import type { HeldAckStream } from './held-ack-stream.ts'
import type { MqttSettings } from './settings.ts'

/** Keeps nothing: a QoS 2 message goes to the log at its PUBLISH, and at its PUBREL there is nothing left to do but PUBCOMP. */
class NoStore extends Store {
  override put(...[, done]: Parameters<Store['put']>): this {
    done()
    return this
  }

  override get(...[, done]: Parameters<Store['get']>): this {
    done(NOTHING_STORED)
    return this
  }
}

/** One for all: making an error with its stack for every message costs more than the rest of handling it. */
const NOTHING_STORED = new Error('nothing is stored')

/**
 * Gets every PUBLISH with QoS 1 or 2 before it is acknowledged. Answers whether the client may go on to do so.
 */
export type PublishHandler = (topic: string, payload: Uint8Array, packet: IPublishPacket) => boolean

/**
 * An MQTT.js client that does not connect yet, reconnects never, and keeps its session at the broker. Two things in MQTT.js
 * 5.16 are set right here; `mqtt-commit.int.test.ts` fails when a later version behaves otherwise.
 */
export function createClient(
  settings: MqttSettings,
  clientId: string,
  openStream: (client: MqttClient) => HeldAckStream,
  onPublish: PublishHandler
): MqttClient {
  const client = new MqttClient(openStream, {
    manualConnect: true,
    clientId,
    clean: false,
    reconnectPeriod: 0,
    resubscribe: false,
    incomingStore: new NoStore(),
    keepalive: settings.keepaliveS,
    connectTimeout: settings.connectTimeoutS * 1000,
    timerVariant: 'native',
    // Otherwise it prepares a debug text for every packet.
    log: ignore,
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.password === undefined ? {} : { password: settings.password }),
    ...versionOptions(settings)
  })
  // The constructor takes `customHandleAcks` for version 5 only and puts its own in the place for 3.1.1, but both versions
  // call what stands in the options. It is called for QoS 1 and 2 before PUBACK and PUBREC; reason codes exist in 5 only.
  client.options.customHandleAcks = (topic, payload, packet: IPublishPacket, acknowledge) => {
    if (onPublish(topic, payload, packet)) acknowledge(0)
  }
  // The client breaks the connection when more QoS 2 messages than the receive maximum have no PUBREL yet. Mosquitto 2.0 takes a
  // message for done at its PUBREC and sends the next, so that this would happen whenever the window is full. How much is in flight is
  // limited by HeldAckStream, for every version and QoS.
  Reflect.set(client, '_trackIncomingQoS2Publish', () => true)
  return client
}

function versionOptions({ protocolVersion, sessionExpiryS, receiveMaximum, maxPacketBytes }: MqttSettings) {
  if (protocolVersion === '3.1.1') return { protocolVersion: 4 as const }
  return {
    protocolVersion: 5 as const,
    properties: { sessionExpiryInterval: sessionExpiryS, receiveMaximum, maximumPacketSize: maxPacketBytes }
  }
}

function ignore(): void {
  // Nothing to say.
}
