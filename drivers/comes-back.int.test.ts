import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { connectAsync } from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { CodecTransport } from '../firmware-protocols/codec.ts'
import { type BreakableWire, openBreakableWire } from '../test-support/breakable-wire.ts'
import { createMemoryLogger } from '../test-support/memory-logger.ts'
import { startMosquitto } from '../test-support/mosquitto.ts'
import { systemClock } from '../test-support/system-clock.ts'
import { createToyCodec } from '../test-support/toy-codec.ts'
import { waitFor } from '../test-support/wait-for.ts'
import type { Driver } from './driver.ts'
import { createHttpPollDriver } from './http-poll/driver.ts'
import { createMqttDriver } from './mqtt/driver.ts'
import { serialDriver } from './serial/serial-driver.ts'
import { createSupervisor, type Supervisor } from './supervisor/supervisor.ts'
import { websocketDriver } from './websocket/driver.ts'

const LINE = '4d18 1.25 2.5\n'

/** The real other side of a driver that makes its connections itself. */
interface OtherSide {
  readonly port: number
  /** Says something that is a reading, to whoever is connected. */
  say(): void
  stop(): Promise<unknown>
}

interface Case {
  readonly kind: string
  readonly transport: CodecTransport
  readonly driver: () => Driver<unknown>
  readonly otherSide: () => Promise<OtherSide>
  readonly settings: (port: number) => object
}

const portOf = (server: { address(): AddressInfo | string | null }): number => (server.address() as AddressInfo).port

async function deviceServer(): Promise<OtherSide> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    say() {
      for (const socket of sockets) socket.write(LINE)
    },
    stop() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    }
  }
}

async function mosquitto(): Promise<OtherSide> {
  const broker = await startMosquitto()
  const publisher = await connectAsync(broker.url)
  return {
    port: broker.port,
    say() {
      publisher.publish('site/hall', LINE.trim(), { qos: 1 })
    },
    async stop() {
      await publisher.endAsync(true)
      await broker.stop()
    }
  }
}

async function webSocketServer(): Promise<OtherSide> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  return {
    port: portOf(server),
    say() {
      for (const client of server.clients) client.send(LINE)
    },
    stop() {
      for (const client of server.clients) client.terminate()
      return new Promise((resolve) => server.close(resolve))
    }
  }
}

async function webServer(): Promise<OtherSide> {
  const server = createHttpServer((_, response) => response.end(LINE)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    say: () => undefined,
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    }
  }
}

const CASES: readonly Case[] = [
  {
    kind: 'serial',
    transport: 'serial',
    driver: () => serialDriver,
    otherSide: deviceServer,
    settings: (port) => ({ port: `tcp://127.0.0.1:${port}`, silenceLimitS: 1 })
  },
  {
    kind: 'mqtt',
    transport: 'mqtt',
    driver: createMqttDriver,
    otherSide: mosquitto,
    settings: (port) => ({ url: `mqtt://127.0.0.1:${port}`, topics: ['site/#'], keepaliveS: 5, connectTimeoutS: 1 })
  },
  {
    kind: 'websocket',
    transport: 'websocket',
    driver: () => websocketDriver,
    otherSide: webSocketServer,
    settings: (port) => ({ url: `ws://127.0.0.1:${port}`, pingIntervalS: 0.3, connectTimeoutS: 1 })
  },
  {
    kind: 'http-poll',
    transport: 'http',
    driver: createHttpPollDriver,
    otherSide: webServer,
    settings: (port) => ({ url: `http://127.0.0.1:${port}/tags`, intervalS: 0.2, timeoutS: 0.5 })
  }
]

describe.each(CASES)('$kind: the other side', ({ driver, kind, otherSide, settings, transport }) => {
  const ends: (() => Promise<unknown>)[] = []
  let supervisor: Supervisor
  let wire: BreakableWire
  let side: OtherSide
  let heard = 0
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  const status = () => supervisor.statuses()[0]
  const hears = async (): Promise<void> => {
    const before = heard
    await waitFor('a reading', () => {
      if (status()?.health === 'up') side.say()
      return heard > before
    })
  }
  const start = async (): Promise<void> => {
    heard = 0
    side = await otherSide()
    ends.push(() => side.stop())
    wire = await openBreakableWire(side.port)
    ends.push(() => wire.close())
    supervisor = createSupervisor({
      drivers: [driver()],
      findCodec: () => createToyCodec({ transport }),
      clock: systemClock,
      log: createMemoryLogger(),
      random: Math.random,
      policy: { startLimitMs: 5_000, stopLimitMs: 5_000, stableMs: 60_000, backoff: { firstMs: 20, factor: 2, capMs: 200, jitter: 0.5 } },
      onDelivery: (_sourceId, { onDurable, readings }) => {
        heard += readings.length
        onDurable?.()
      },
      onHealth: () => undefined
    })
    ends.push(() => supervisor.close())
    supervisor.apply([{ id: 'hall', driver: kind, protocol: 'toy', enabled: true, settings: settings(wire.port) }])
    await hears()
  }

  it('is unplugged, and heard again when it is plugged in', async () => {
    await start()
    await wire.unplug()
    await waitFor('the loss is noticed', () => status()?.health === 'down')
    expect(status()?.lastError?.retriable).toBe(true)
    await wire.mend()
    await hears()
  })

  it('is reset, and heard again by itself', async () => {
    await start()
    const before = wire.connections
    wire.reset()
    await waitFor('a new connection', () => wire.connections > before)
    await waitFor('the source is up', () => status()?.health === 'up')
    await hears()
  })

  it('hangs, which is noticed, and is heard again when it does not', async () => {
    await start()
    wire.hang()
    await waitFor('it is noticed', () => status()?.health === 'down', 20_000)
    expect(status()?.lastError).toMatchObject({ retriable: true })
    await wire.mend()
    await hears()
  })

  it('floods, and is heard again when it talks sense', async () => {
    await start()
    const before = heard
    const noise = await floodThrough(wire)
    ends.push(noise.stop)
    await noise.sent
    await wire.mend()
    await hears()
    expect(heard).toBeGreaterThan(before)
  })

  /** Whoever connects is sent noise, as fast as it takes it. */
  async function floodThrough({ port, unplug }: BreakableWire): Promise<{ readonly sent: Promise<void>; stop(): Promise<void> }> {
    await unplug()
    const chunk = Buffer.alloc(65_536, 0xa5)
    const sockets = new Set<Socket>()
    let bytes = 0
    let enough: () => void = () => undefined
    const sent = new Promise<void>((resolve) => {
      enough = resolve
    })
    const server = createServer((socket) => {
      sockets.add(socket)
      const more = (): void => {
        while (!socket.destroyed && bytes < 4_000_000) {
          bytes += chunk.length
          if (!socket.write(chunk)) break
        }
        if (bytes >= 4_000_000) finish()
      }
      socket.on('error', () => undefined).on('drain', more)
      socket.on('close', () => sockets.delete(socket))
      more()
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
    const finish = (): void => {
      server.close(() => enough())
      for (const socket of sockets) socket.destroy()
    }
    return {
      sent,
      async stop() {
        finish()
        await sent
      }
    }
  }
})
