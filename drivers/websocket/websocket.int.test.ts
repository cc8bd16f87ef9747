import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { makeCertificates } from '../../test-support/kafka/certificates.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Clock, Delivery } from '../driver.ts'
import type { HealthChange } from '../supervisor/supervised-source.ts'
import { createSupervisor } from '../supervisor/supervisor.ts'
import { websocketDriver } from './driver.ts'

const LINE = '4d18 1.25 2.5\n'

interface Hub {
  readonly port: number
  /** Open connections, the newest last. */
  readonly clients: WebSocket[]
  readonly requests: IncomingMessage[]
  readonly heard: string[]
  stop(): Promise<void>
}

/** A server that keeps what clients say; `answer` gives what it says to each text. */
async function startHub(
  answer: (text: string) => readonly string[] = () => [],
  options: { port?: number; autoPong?: boolean } = {}
): Promise<Hub> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: options.port ?? 0, autoPong: options.autoPong ?? true })
  await once(server, 'listening')
  const clients: WebSocket[] = []
  const requests: IncomingMessage[] = []
  const heard: string[] = []
  server.on('connection', (client, request) => {
    clients.push(client)
    requests.push(request)
    client.on('error', () => undefined)
    client.on('close', () => clients.splice(clients.indexOf(client), 1))
    client.on('message', (data) => {
      const text = data.toString()
      heard.push(text)
      for (const line of answer(text)) client.send(line)
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    clients,
    requests,
    heard,
    async stop() {
      for (const client of clients) client.terminate()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

/** Takes connections and says nothing. */
async function startSilentServer(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    socket.on('close', () => sockets.delete(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

const urlOf = (port: number): string => `ws://127.0.0.1:${port}/v2/ws/socket`

describeDriverContract('websocket', websocketDriver, async (): Promise<DriverWorld> => {
  const hub = await startHub()
  const silent = await startSilentServer()
  const [closedPort = 0] = await freePorts(1)
  return {
    codec: createToyCodec({ transport: 'websocket' }),
    settings: { url: urlOf(hub.port) },
    unopenable: { settings: { url: urlOf(closedPort) }, code: 'LINK_OPEN_FAILED', retriable: true },
    hanging: { settings: { url: urlOf(silent.port) } },
    async produce() {
      await waitFor('the gateway is connected', () => hub.clients.length > 0)
      for (const client of hub.clients) client.send(LINE)
    },
    breakable: {
      breakLink() {
        for (const client of hub.clients) client.terminate()
      },
      code: 'LINK_LOST',
      retriable: true
    },
    async tearDown() {
      await hub.stop()
      await silent.stop()
    }
  }
})

describe('a source of WebSocket messages', () => {
  let deliveries: Delivery[]
  let changes: HealthChange[]
  let supervisor: ReturnType<typeof createSupervisor>
  let commitsAtOnce: boolean
  let storageFails = false
  const stops: (() => Promise<unknown>)[] = []

  const supervise = (clock: Clock): void => {
    supervisor = createSupervisor({
      drivers: [websocketDriver],
      findCodec: () => createToyCodec({ transport: 'websocket' }),
      clock,
      log: createMemoryLogger(),
      random: () => 0.5,
      policy: { startLimitMs: 30_000, stopLimitMs: 5_000, stableMs: 60_000, backoff: { firstMs: 20, factor: 2, capMs: 100, jitter: 0.5 } },
      onDelivery: (_sourceId, delivery) => {
        deliveries.push(delivery)
        // As the log does it: telemetry is let go when somebody is pressed.
        if (storageFails && delivery.pressing === true) delivery.onGivenUp?.()
        else if (commitsAtOnce) delivery.onDurable?.()
      },
      storageFails: () => storageFails,
      onHealth: (_sourceId, change) => changes.push(change)
    })
  }
  const apply = (settings: object): void => {
    const parsed = websocketDriver.settings.parse(settings)
    supervisor.apply([{ id: 'hub', driver: 'websocket', protocol: 'toy', enabled: true, settings: parsed }])
  }
  const status = () => supervisor.statuses()[0]
  const isUp = () => waitFor('the source is up', () => status()?.health === 'up')
  const hubWith = async (...args: Parameters<typeof startHub>): Promise<Hub> => {
    const hub = await startHub(...args)
    stops.push(() => hub.stop())
    return hub
  }

  beforeEach(() => {
    deliveries = []
    changes = []
    commitsAtOnce = true
    supervise(systemClock)
  })
  afterEach(async () => {
    await supervisor.close()
    for (const stop of stops.splice(0)) await stop()
  })

  it('subscribes each time the connection is made, with headers and key', async () => {
    const hub = await hubWith()
    apply({
      url: urlOf(hub.port),
      apiKey: 'the "key"',
      headers: { accept: 'application/json' },
      secretHeaders: { 'X-ApiKey': 'hidden' },
      subscribe: { sewio: ['/feeds/', '/zones/'], send: ['{"key":"{apiKey}"}'] }
    })
    await isUp()
    const wanted = [
      '{"headers":{"X-ApiKey":"the \\"key\\""},"method":"subscribe","resource":"/feeds/"}',
      '{"headers":{"X-ApiKey":"the \\"key\\""},"method":"subscribe","resource":"/zones/"}',
      '{"key":"the \\"key\\""}'
    ]
    await waitFor('it has subscribed', () => hub.heard.length === 3)
    expect(hub.heard).toEqual(wanted)
    expect(hub.requests[0]?.headers).toMatchObject({ accept: 'application/json', 'x-apikey': 'hidden' })
    hub.clients[0]?.send(LINE)
    await waitFor('the first message', () => deliveries.length === 1)

    // Reset: the system's socket goes without a word.
    hub.clients[0]?.terminate()
    await waitFor('it has subscribed again', () => hub.heard.length === 6)
    await isUp()
    expect(hub.heard.slice(3)).toEqual(wanted)
    hub.clients[0]?.send(Buffer.from(LINE))
    await waitFor('the second message', () => deliveries.length === 2)
    expect(changes.map(({ to }) => to)).toEqual(['starting', 'up', 'down', 'up'])
    expect(status()?.counters).toMatchObject({ frames: 2, readings: 2, bytesIn: 2 * LINE.length, dropped: 0 })
  })

  const omloxAnswer = (text: string): readonly string[] => {
    const { topic, params } = JSON.parse(text) as { topic: string; params?: { token?: string } }
    if (topic === 'fence_events') return ['{"event":"error","code":10004,"description":"not authorized"}']
    return [LINE, JSON.stringify({ event: 'subscribed', topic, subscription_id: 1, token: params?.token })]
  }

  it('subscribes to the topics of an omlox hub one after the other, and says which were refused', async () => {
    const hub = await hubWith(omloxAnswer)
    const omlox = [{ topic: 'location_updates', params: { crs: 'EPSG:4326' } }, { topic: 'fence_events' }, { topic: 'trackable_motions' }]
    apply({ url: urlOf(hub.port), apiKey: 'jwt', subscribe: { omlox } })
    await waitFor('it is said', () => status()?.health === 'degraded')
    expect(status()?.amiss).toBe('subscriptions were refused: "fence_events" (not authorized, 10004)')
    expect(hub.heard.map((text) => JSON.parse(text))).toEqual([
      { event: 'subscribe', topic: 'location_updates', params: { crs: 'EPSG:4326', token: 'jwt' } },
      { event: 'subscribe', topic: 'fence_events', params: { token: 'jwt' } },
      { event: 'subscribe', topic: 'trackable_motions', params: { token: 'jwt' } }
    ])
    // Data that came before all was subscribed is not lost.
    expect(deliveries).toHaveLength(2)
  })

  it('is down when an omlox hub refuses everything', async () => {
    const hub = await hubWith(omloxAnswer)
    apply({ url: urlOf(hub.port), subscribe: { omlox: [{ topic: 'fence_events' }] } })
    await waitFor('it is refused', () => status()?.lastError)
    expect(status()?.lastError).toMatchObject({ code: 'SUBSCRIPTION_REFUSED', retriable: true })
  })

  it('finds a server that was switched off, when it is on again', async () => {
    const [port = 0] = await freePorts(1)
    apply({ url: urlOf(port) })
    await waitFor('it is not there', () => status()?.lastError?.code === 'LINK_OPEN_FAILED')
    const hub = await hubWith(undefined, { port })
    await isUp()
    hub.clients[0]?.close(1001, 'going away')
    await waitFor('the end is noticed', () => status()?.lastError?.code === 'LINK_LOST')
    expect(status()?.lastError?.message).toContain('1001: going away')
    await isUp()
  })

  it.each([
    [401, 'LINK_AUTH_FAILED'],
    [404, 'LINK_OPEN_FAILED'],
    [301, 'LINK_PROTOCOL'],
    [500, 'LINK_REFUSED']
  ])('says what a server means that answers %i', async (code, expected) => {
    const server = createHttpServer((_, response) => response.writeHead(code, { location: 'https://elsewhere/' }).end()).listen(
      0,
      '127.0.0.1'
    )
    await once(server, 'listening')
    server.on('upgrade', (_, socket) => socket.end(`HTTP/1.1 ${code} No\r\nlocation: https://elsewhere/\r\nconnection: close\r\n\r\n`))
    stops.push(() => new Promise((resolve) => server.close(resolve)))
    apply({ url: urlOf((server.address() as AddressInfo).port) })
    await waitFor('it is refused', () => status()?.lastError)
    expect(status()?.lastError).toMatchObject({ code: expected, retriable: true })
  })

  it('makes the connection anew when a message is too long, and counts it', async () => {
    const hub = await hubWith()
    apply({ url: urlOf(hub.port), maxMessageBytes: 1_024 })
    await isUp()
    hub.clients[0]?.send('x'.repeat(2_000))
    await waitFor('it is noticed', () => status()?.lastError?.code === 'LINK_PROTOCOL')
    expect(status()?.lastError?.message).toContain('maxMessageBytes')
    expect(status()?.counters.errors).toBe(1)
    await isUp()
    await waitFor('it is connected', () => hub.clients.length === 1)
    hub.clients[0]?.send(LINE)
    await waitFor('it goes on', () => deliveries.length === 1)
  })

  it('speaks TLS, and says what is wrong with a certificate', async () => {
    const { ca, server: certificate } = makeCertificates()
    const server = createTlsServer(certificate).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const webSockets = new WebSocketServer({ server })
    webSockets.on('connection', (client) => client.send(LINE))
    stops.push(() => {
      for (const client of webSockets.clients) client.terminate()
      return new Promise((resolve) => server.close(resolve))
    })
    const url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`
    apply({ url })
    await waitFor('it is refused', () => status()?.lastError)
    expect(status()?.lastError).toMatchObject({ code: 'LINK_TLS_FAILED', retriable: true })
    apply({ url, tls: { ca } })
    await waitFor('it is heard', () => deliveries.length === 1)
  })

  it('holds a flood back while the log does not keep up, loses nothing, and goes on', async () => {
    commitsAtOnce = false
    const total = 20_000
    const hub = await hubWith()
    apply({ url: urlOf(hub.port), maxWaiting: 100 })
    await isUp()
    await waitFor('it is connected', () => hub.clients.length === 1)
    for (let number = 0; number < total; number++) hub.clients[0]?.send(`4d18 ${number} 0\n`)
    let held = 0
    await waitFor('reading stops', async () => {
      const before = deliveries.length
      await new Promise((resolve) => setImmediate(resolve))
      held = deliveries.length
      return held > 0 && held === before
    })
    // One read of the socket at most beyond the limit.
    expect(held).toBeLessThan(total / 2)
    let confirmed = 0
    await waitFor('all came', () => {
      for (; confirmed < deliveries.length; confirmed++) deliveries[confirmed]?.onDurable?.()
      return deliveries.length === total
    })
    expect(deliveries.map(({ readings }) => readings[0]?.position?.x)).toEqual(Array.from({ length: total }, (_, number) => number))
    expect(status()).toMatchObject({ health: 'up', counters: { dropped: 0, errors: 0 } })
  })

  describe('in virtual time', () => {
    let clock: ReturnType<typeof createVirtualClock>
    beforeEach(async () => {
      await supervisor.close()
      clock = createVirtualClock()
      supervise(clock)
    })
    const passUntil = (what: string, condition: () => unknown, stepMs = 1_000): Promise<unknown> =>
      waitFor(what, async () => {
        await clock.advance(stepMs)
        return condition()
      })

    it('notices a server that hangs within two pings, and leaves one alone that answers', async () => {
      const hub = await hubWith(undefined, { autoPong: false })
      let pings = 0
      let answering = true
      apply({ url: urlOf(hub.port), pingIntervalS: 10 })
      await isUp()
      await waitFor('it is connected', () => hub.clients.length === 1)
      hub.clients[0]?.on('ping', (data) => {
        pings++
        if (answering) hub.clients[0]?.pong(data)
      })
      for (let ping = 1; ping <= 3; ping++) {
        await clock.advance(10_000)
        await waitFor('the ping has come', () => pings === ping)
        // The answer of the server has been read when something that it sent after it was.
        hub.clients[0]?.send(LINE)
        await waitFor('it is heard', () => deliveries.length === ping)
      }
      expect(status()?.health).toBe('up')
      answering = false
      const hungMs = clock.monotonicMs()
      await passUntil('it is noticed', () => status()?.lastError?.code === 'LINK_TIMEOUT')
      expect(clock.monotonicMs() - hungMs).toBeGreaterThanOrEqual(10_000)
      await passUntil('it is connected anew', () => status()?.health === 'up', 100)
    })

    it('makes the connection anew when no message comes for too long', async () => {
      const hub = await hubWith()
      apply({ url: urlOf(hub.port), pingIntervalS: 0, silenceLimitS: 60 })
      await isUp()
      await clock.advance(59_000)
      expect(status()?.health).toBe('up')
      await passUntil('the silence is noticed', () => status()?.lastError?.code === 'LINK_SILENT')
      await passUntil('it is connected anew', () => status()?.health === 'up', 100)
    })

    it.each(['of the handshake', 'to the subscription'])('does not wait for ever for the answer %s', async (which) => {
      const hub = which === 'of the handshake' ? await startSilentServer() : await hubWith()
      if (which === 'of the handshake') stops.push(() => hub.stop())
      apply({ url: urlOf(hub.port), connectTimeoutS: 5, subscribe: { omlox: [{ topic: 'location_updates' }] } })
      await passUntil('it is given up', () => status()?.lastError?.code === 'LINK_TIMEOUT', 500)
      expect(clock.monotonicMs()).toBeGreaterThanOrEqual(6_000)
    })

    it('goes on reading when the log confirms nothing any more, and says so', async () => {
      commitsAtOnce = false
      const hub = await hubWith()
      apply({ url: urlOf(hub.port), maxWaiting: 2, pingIntervalS: 5 })
      await isUp()
      await waitFor('it is connected', () => hub.clients.length === 1)
      hub.clients[0]?.send(LINE)
      hub.clients[0]?.send(LINE)
      await waitFor('both are delivered', () => deliveries.length === 2)
      // Not read while two wait, and the connection is not taken for dead either.
      await clock.advance(29_000)
      expect(status()?.lastError).toBeUndefined()
      hub.clients[0]?.send(LINE)
      await passUntil('it is read', () => deliveries.length === 3)
      await passUntil('it is said', () => status()?.health === 'degraded')
      expect(status()?.amiss).toContain('the log confirmed nothing for 30 s')
      // What is confirmed after all counts for nothing now.
      for (const delivery of deliveries) delivery.onDurable?.()
    })

    it('goes on reading while the storage fails: what the log lets go is waited for no longer', async () => {
      commitsAtOnce = false
      storageFails = true
      try {
        const hub = await hubWith()
        apply({ url: urlOf(hub.port), maxWaiting: 10, pingIntervalS: 0 })
        await isUp()
        await waitFor('it is connected', () => hub.clients.length === 1)
        for (let number = 0; number < 100; number++) hub.clients[0]?.send(`4d18 ${number} 0\n`)
        await waitFor('all of it', () => deliveries.length === 100)
        expect(deliveries.filter(({ pressing }) => pressing !== true)).toHaveLength(5)
      } finally {
        storageFails = false
      }
    })

    it('is degraded while messages come of which none make sense', async () => {
      const hub = await hubWith()
      apply({ url: urlOf(hub.port) })
      await isUp()
      await waitFor('it is connected', () => hub.clients.length === 1)
      await passUntil('it is said', () => {
        hub.clients[0]?.send('garbage\n')
        return status()?.health === 'degraded'
      })
      expect(status()?.amiss).toContain('none made sense: check protocol, URL')
    })
  })
})
