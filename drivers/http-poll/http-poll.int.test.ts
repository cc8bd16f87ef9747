import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { makeCertificates } from '../../test-support/kafka/certificates.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { createVirtualClock, type VirtualClock } from '../../test-support/virtual-clock.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Delivery } from '../driver.ts'
import { createSupervisor } from '../supervisor/supervisor.ts'
import { createHttpPollDriver } from './driver.ts'

const LINE = '4d18 1.25 2.5\n'
const PATH = '/qpe/getTagData?mode=json'

interface Site {
  readonly port: number
  readonly url: string
  readonly sockets: ReadonlySet<Socket>
  /** Connections made so far. */
  connections: number
  stop(): Promise<void>
}

async function startSite(answer: RequestListener, port = 0): Promise<Site> {
  const sockets = new Set<Socket>()
  const server = createServer({ keepAliveTimeout: 60_000 }, answer)
  server.on('connection', (socket) => {
    site.connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const bound = (server.address() as AddressInfo).port
  const site: Site = {
    port: bound,
    url: `http://127.0.0.1:${bound}${PATH}`,
    sockets,
    connections: 0,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    }
  }
  return site
}

describeDriverContract('http-poll', createHttpPollDriver(), async (): Promise<DriverWorld> => {
  let wanted = 0
  const site = await startSite((_, response) => {
    if (wanted > 0) wanted--
    response.end(wanted > 0 ? LINE : '')
  })
  const silent = await startSite(() => undefined)
  const [closedPort = 0] = await freePorts(1)
  return {
    codec: createToyCodec({ transport: 'http' }),
    settings: { url: site.url, intervalS: 0.2 },
    unopenable: { settings: { url: `http://127.0.0.1:${closedPort}/` }, code: 'LINK_OPEN_FAILED', retriable: true },
    hanging: { settings: { url: silent.url } },
    produce: () => {
      wanted += 2
    },
    breakable: { breakLink: () => site.stop(), code: 'LINK_LOST', retriable: true },
    async tearDown() {
      await site.stop()
      await silent.stop()
    }
  }
})

describe('a source that polls', () => {
  let clock: VirtualClock
  let deliveries: Delivery[]
  let supervisor: ReturnType<typeof createSupervisor>
  let commitsAtOnce: boolean
  let requests: { readonly atMs: number; readonly request: IncomingMessage }[]
  const stops: (() => Promise<unknown>)[] = []

  /** Answers in turn, the last one again and again. */
  const siteWith = async (...answers: ((response: ServerResponse) => void)[]): Promise<Site> => {
    const site = await startSite((request, response) => {
      const answer = answers[Math.min(requests.length, answers.length - 1)]
      requests.push({ atMs: clock.monotonicMs(), request })
      answer?.(response)
    })
    stops.push(() => site.stop())
    return site
  }
  const line = (response: ServerResponse): void => {
    response.end(LINE)
  }
  const apply = (settings: object): void => supervisor.apply([{ id: 'qpe', driver: 'http-poll', protocol: 'toy', enabled: true, settings }])
  const status = () => supervisor.statuses()[0]
  const passUntil = (what: string, condition: () => unknown, stepMs = 100): Promise<unknown> =>
    waitFor(what, async () => {
      if (await condition()) return true
      await clock.advance(stepMs)
      return condition()
    })
  const gaps = (): number[] => requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0))

  beforeEach(() => {
    clock = createVirtualClock()
    deliveries = []
    requests = []
    commitsAtOnce = true
    supervisor = createSupervisor({
      drivers: [createHttpPollDriver()],
      findCodec: () => createToyCodec({ transport: 'http' }),
      clock,
      log: createMemoryLogger(),
      random: () => 0.5,
      onDelivery: (_sourceId, delivery) => {
        deliveries.push(delivery)
        if (commitsAtOnce) delivery.onDurable?.()
      },
      onHealth: () => undefined
    })
  })
  afterEach(async () => {
    const closed = supervisor.close()
    await clock.advance(10_000)
    await closed
    for (const stop of stops.splice(0)) await stop()
  })

  it('asks at its interval, on one connection, with what it was told to send', async () => {
    const site = await siteWith(line)
    apply({ url: site.url, intervalS: 5, token: 'secret', headers: { accept: 'text/plain' }, secretHeaders: { 'X-ApiKey': 'hidden' } })
    await passUntil('four answers', () => deliveries.length === 4)
    for (const gap of gaps()) expect(gap).toBeGreaterThanOrEqual(5_000)
    expect(site.connections).toBe(1)
    expect(requests[0]?.request).toMatchObject({
      method: 'GET',
      url: PATH,
      headers: { authorization: 'Bearer secret', accept: 'text/plain', 'x-apikey': 'hidden', 'accept-encoding': 'identity' }
    })
    expect(status()).toMatchObject({ health: 'up', counters: { frames: 4, readings: 4, bytesIn: 4 * LINE.length } })
  })

  it('gives user and password as Basic', async () => {
    const site = await siteWith(line)
    apply({ url: site.url, username: 'qpe', password: 'geheim:ß' })
    await passUntil('an answer', () => deliveries.length === 1)
    const shown = requests[0]?.request.headers.authorization ?? ''
    expect(Buffer.from(shown.replace('Basic ', ''), 'base64').toString('utf8')).toBe('qpe:geheim:ß')
  })

  it('asks for what has changed only, unless it is told not to', async () => {
    const tagged = (response: ServerResponse): void => {
      response.setHeader('etag', '"7"')
      response.setHeader('last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT')
      response.end(LINE)
    }
    const unchanged = (response: ServerResponse): void => {
      response.writeHead(304).end()
    }
    const site = await siteWith(tagged, unchanged, unchanged, line)
    apply({ url: site.url })
    await passUntil('four requests', () => requests.length === 4)
    await waitFor('two answers', () => deliveries.length === 2)
    expect(requests[0]?.request.headers['if-none-match']).toBeUndefined()
    for (const { request } of requests.slice(1))
      expect(request.headers).toMatchObject({ 'if-none-match': '"7"', 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' })
    expect(status()?.health).toBe('up')

    requests = []
    const other = await siteWith(tagged)
    apply({ url: other.url, conditional: false })
    await passUntil('two requests', () => requests.length === 2)
    expect(requests[1]?.request.headers['if-none-match']).toBeUndefined()
  })

  it.each([
    ['in seconds', 429, () => '60'],
    ['as a date', 429, () => new Date(clock.wallMs() + 60_000).toUTCString()],
    ['with 503', 503, () => '60']
  ])('leaves the other side alone when it asks for it, %s', async (_, code, retryAfter) => {
    const busy = (response: ServerResponse): void => {
      response.writeHead(code, { 'retry-after': retryAfter() }).end('busy')
    }
    const site = await siteWith(line, busy, line)
    apply({ url: site.url, intervalS: 1 })
    await passUntil('it is said', () => status()?.health === 'degraded')
    expect(status()?.amiss).toMatch(/wants fewer requests \(\d+\) and is left alone for (60|59) s/)
    await passUntil('it asks again', () => requests.length === 3, 1_000)
    expect(gaps()[1]).toBeGreaterThanOrEqual(59_000)
    await passUntil('all is well again', () => status()?.health === 'up')
    expect(deliveries).toHaveLength(2)
  })

  it('keeps to it over failures and restarts: a source that is down does not ask more often', async () => {
    const busy = (response: ServerResponse): void => {
      response.writeHead(429, { 'retry-after': '120' }).end()
    }
    const site = await siteWith(busy, line)
    apply({ url: site.url, intervalS: 1 })
    await passUntil('it is refused', () => status()?.lastError)
    expect(status()?.lastError).toMatchObject({ code: 'LINK_RATE_LIMITED', retriable: true })
    await clock.advance(60_000)
    apply({ url: site.url, intervalS: 2 })
    await clock.advance(50_000)
    expect(requests).toHaveLength(1)
    expect(status()).toMatchObject({ health: 'down', lastError: { code: 'LINK_RATE_LIMITED' } })
    expect(status()?.lastError?.message).toContain('next request in')
    await passUntil('it is heard', () => deliveries.length === 1, 1_000)
    expect(gaps()[0]).toBeGreaterThanOrEqual(120_000)
  })

  it('waits for its turn when it is configured anew', async () => {
    const site = await siteWith(line)
    apply({ url: site.url, intervalS: 300 })
    await passUntil('an answer', () => deliveries.length === 1)
    apply({ url: site.url, intervalS: 300, timeoutS: 5 })
    await passUntil('it is up', () => status()?.health === 'up')
    await passUntil('the second answer', () => deliveries.length === 2, 10_000)
    expect(gaps()[0]).toBeGreaterThanOrEqual(300_000)
  })

  it('asks no more often than its interval while the other side fails, and comes back', async () => {
    const site = await siteWith(
      line,
      (response) => response.writeHead(500).end(),
      (response) => response.destroy(),
      line
    )
    apply({ url: site.url, intervalS: 10 })
    await passUntil('the second answer', () => deliveries.length === 2, 500)
    expect(requests.length).toBeGreaterThanOrEqual(4)
    for (const gap of gaps()) expect(gap).toBeGreaterThanOrEqual(10_000)
    await waitFor('it is up', () => status()?.health === 'up')
  })

  it('comes back when the other side was unplugged', async () => {
    const site = await siteWith(line)
    apply({ url: site.url })
    await passUntil('an answer', () => deliveries.length === 1)
    await site.stop()
    await passUntil('it is noticed', () => status()?.health === 'down')
    expect(['LINK_LOST', 'LINK_OPEN_FAILED']).toContain(status()?.lastError?.code)
    const again = await startSite((_, response) => response.end(LINE), site.port)
    stops.push(() => again.stop())
    await passUntil('it is heard again', () => deliveries.length === 2)
  })

  it('makes a request once more when the connection had been closed meanwhile', async () => {
    const site = await siteWith(line)
    apply({ url: site.url, intervalS: 60 })
    await passUntil('an answer', () => deliveries.length === 1)
    // Resets what is kept alive at the moment of the next request: before its answer, after its arrival.
    let resets = 0
    for (const socket of site.sockets)
      socket.prependListener('data', () => {
        resets++
        socket.resetAndDestroy()
      })
    await passUntil('the second answer', () => deliveries.length === 2, 1_000)
    expect(resets).toBe(1)
    expect(status()).toMatchObject({ health: 'up', lastError: undefined })
  })

  it.each([
    ['401', (response: ServerResponse) => response.writeHead(401).end(), 'LINK_AUTH_FAILED'],
    ['404', (response: ServerResponse) => response.writeHead(404).end(), 'LINK_OPEN_FAILED'],
    ['302', (response: ServerResponse) => response.writeHead(302, { location: 'https://x/' }).end(), 'LINK_PROTOCOL'],
    ['503 without a time', (response: ServerResponse) => response.writeHead(503).end(), 'LINK_REFUSED'],
    ['gzip', (response: ServerResponse) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'), 'LINK_PROTOCOL'],
    ['an endless body', (response: ServerResponse) => flood(response), 'LINK_PROTOCOL'],
    ['half a body', (response: ServerResponse) => half(response), 'LINK_OPEN_FAILED']
  ])('is down, and says why, when the answer is %s', async (_, answer, code) => {
    const site = await siteWith((response) => void answer(response))
    apply({ url: site.url, maxBodyBytes: 65_536 })
    await waitFor('it is refused', () => status()?.lastError)
    expect(status()?.lastError).toMatchObject({ code, retriable: true })
    expect(deliveries).toEqual([])
  })

  function flood(response: ServerResponse): void {
    const chunk = 'x'.repeat(65_536)
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    }
    response.on('drain', more)
    more()
  }
  function half(response: ServerResponse): void {
    response.writeHead(200, { 'content-length': 1_000 })
    response.write(LINE, () => response.destroy())
  }

  it('gives up a server that hangs, before its answer and in the middle of it', async () => {
    const site = await siteWith(
      line,
      () => undefined,
      (response) => response.write('4d18'),
      line
    )
    apply({ url: site.url, intervalS: 1, timeoutS: 4 })
    await passUntil('the first is noticed', () => status()?.lastError?.code === 'LINK_TIMEOUT')
    await passUntil('the third request hangs', () => requests.length === 3)
    await passUntil('it comes back', () => deliveries.length === 2)
    expect(status()?.health).toBe('up')
  })

  it('does not ask again before the log has what it got', async () => {
    commitsAtOnce = false
    const site = await siteWith(line)
    apply({ url: site.url, intervalS: 1 })
    await passUntil('an answer', () => deliveries.length === 1)
    await clock.advance(20_000)
    expect(requests).toHaveLength(1)
    deliveries[0]?.onDurable?.()
    await passUntil('the next one', () => deliveries.length === 2)
    // A log that lets it go is not waited for without end.
    await passUntil('one more', () => deliveries.length === 3, 1_000)
    expect(gaps()[1]).toBeGreaterThanOrEqual(30_000)
  })

  it('is degraded while answers are not of the protocol', async () => {
    const site = await siteWith(
      (response) => response.end('<html>\n'),
      (response) => response.end('<html>\n'),
      line
    )
    apply({ url: site.url })
    await passUntil('it is said', () => status()?.health === 'degraded')
    expect(status()?.amiss).toContain('not of the protocol (not a toy line)')
    await passUntil('all is well', () => status()?.health === 'up')
    expect(status()?.counters).toMatchObject({ errors: 2, readings: 1 })
  })

  it('speaks TLS, and says what is wrong with a certificate', async () => {
    const { ca, server: certificate } = makeCertificates()
    const server = createTlsServer(certificate, (_, response) => response.end(LINE)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    stops.push(() => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    })
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
    apply({ url })
    await waitFor('it is refused', () => status()?.lastError)
    expect(status()?.lastError).toMatchObject({ code: 'LINK_TLS_FAILED', retriable: true })
    apply({ url, tls: { ca } })
    await passUntil('it is heard', () => deliveries.length === 1)
  })
})
