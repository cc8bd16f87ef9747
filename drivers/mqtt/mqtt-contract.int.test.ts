import { createServer, type Socket } from 'node:net'
import { connectAsync } from 'mqtt'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { startMosquitto } from '../../test-support/mosquitto.ts'
import { numbered } from '../../test-support/mqtt-source.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { createMqttDriver } from './driver.ts'

/** Takes connections and says nothing. */
async function startSilentServer(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const [port = 0] = await freePorts(1)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen({ port, host: '127.0.0.1' }, resolve))
  return {
    port,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

for (const protocolVersion of ['3.1.1', '5'] as const) {
  const createWorld = async (): Promise<DriverWorld> => {
    const broker = await startMosquitto()
    const publisher = await connectAsync(broker.url, { reconnectPeriod: 0 })
    const silent = await startSilentServer()
    const [closedPort] = await freePorts(1)
    const topics = ['site/#']
    return {
      codec: createToyCodec({ transport: 'mqtt' }),
      settings: { url: broker.url, protocolVersion, topics },
      unopenable: {
        settings: { url: `mqtt://127.0.0.1:${closedPort}`, protocolVersion, topics },
        code: 'LINK_OPEN_FAILED',
        retriable: true
      },
      hanging: { settings: { url: `mqtt://127.0.0.1:${silent.port}`, protocolVersion, topics } },
      produce: async () => {
        await publisher.publishAsync('site/hall', numbered(1), { qos: 1 })
      },
      breakable: { breakLink: () => broker.kill(), code: 'LINK_LOST', retriable: true },
      async tearDown() {
        await publisher.endAsync(true)
        await silent.stop()
        await broker.stop()
      }
    }
  }
  describeDriverContract(`mqtt ${protocolVersion}`, createMqttDriver(), createWorld)
}
