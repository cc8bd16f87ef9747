import { type AddressInfo, createServer, type Socket } from 'node:net'
import { connackPacket, createPacketCutter, type MqttVersion, packet, subackPacket } from './mqtt-bytes.ts'

export interface BrokerPacket {
  /** Packet type, 1 (CONNECT) to 15. */
  readonly type: number
  readonly body: Buffer
}

export interface BrokerConnection {
  send(bytes: Uint8Array): void
  /** Sends, and ends the connection. */
  end(bytes: Uint8Array): void
  /** Breaks the connection. */
  cut(): void
  /** What the client has sent on it. */
  readonly packets: readonly BrokerPacket[]
}

export interface ScriptedMqttBroker {
  readonly url: string
  readonly port: number
  readonly connections: readonly BrokerConnection[]
  /** Packet ids of all packets of a type that any client has sent. */
  idsOf(type: number): number[]
  stop(): Promise<void>
}

export interface BrokerScript {
  readonly version: MqttVersion
  /** Called before the ordinary answer; `true`: that is all, no ordinary answer. */
  readonly on?: (packet: BrokerPacket, connection: BrokerConnection) => boolean
  readonly sessionPresent?: boolean
}

export const CONNECT = 1
export const PUBACK = 4
export const PUBREC = 5
export const PUBCOMP = 7
export const SUBSCRIBE = 8
export const PINGREQ = 12

/** QoS asked for in each subscription of a SUBSCRIBE packet. */
function askedQos(version: MqttVersion, body: Buffer): number[] {
  const codes: number[] = []
  for (let at = version === '5' ? 3 : 2; at < body.length; ) {
    at += 2 + body.readUInt16BE(at)
    codes.push((body[at] ?? 0) & 3)
    at += 1
  }
  return codes
}

/**
 * A broker that does what a test says, byte by byte; by itself it accepts connections and subscriptions and answers pings.
 * For what a real broker cannot be made to do at will: refusals, silence, repeats, nonsense.
 */
export async function startScriptedMqttBroker(script: BrokerScript): Promise<ScriptedMqttBroker> {
  const connections: (BrokerConnection & { readonly packets: BrokerPacket[] })[] = []
  const sockets = new Set<Socket>()
  const answer = ({ type, body }: BrokerPacket, connection: BrokerConnection): void => {
    if (type === CONNECT) connection.send(connackPacket(script.version, script.sessionPresent ?? false))
    if (type === SUBSCRIBE) connection.send(subackPacket(script.version, body.readUInt16BE(0), askedQos(script.version, body)))
    if (type === PINGREQ) connection.send(packet(0xd0))
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    const packets: BrokerPacket[] = []
    const connection = {
      packets,
      send: (bytes: Uint8Array) => void socket.write(bytes),
      end: (bytes: Uint8Array) => void socket.end(bytes),
      cut: () => void socket.destroy()
    }
    connections.push(connection)
    const cut = createPacketCutter()
    socket.on('data', (chunk) => {
      for (const { first, body } of cut(chunk)) {
        const received = { type: first >> 4, body }
        packets.push(received)
        if (!script.on?.(received, connection)) answer(received, connection)
      }
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    connections,
    idsOf: (wanted) =>
      connections.flatMap(({ packets }) => packets.flatMap(({ type, body }) => (type === wanted ? [body.readUInt16BE(0)] : []))),
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
