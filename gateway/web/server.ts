import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import type { Clock, Logger, TimerHandle } from '../../drivers/driver.ts'
import { isLoopback } from '../config/field-kinds.ts'
import { GatewayError } from '../errors.ts'
import type { GatewayView } from '../state/gateway-view.ts'
import type { Metrics } from '../state/metrics.ts'
import { isHostAllowed, SECURITY_HEADERS } from './guard.ts'
import { LiveStream } from './live-stream.ts'
import { LogHealth } from './log-health.ts'
import { refuseAddress, refuseExpectation, refuseUnreadable, WRONG_HOST } from './refusals.ts'
import { addRoutes, failure } from './routes.ts'

export interface WebOptions {
  readonly view: GatewayView
  readonly metrics: Metrics
  readonly clock: Clock
  readonly log: Logger
  /** A loopback name or address: until there are users, nobody else may look. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Where the built page lies; absent: beside this file. */
  readonly pageFolder?: string
  /** Absent: 1 MiB. */
  readonly maxUnreadBytes?: number
}

export interface WebServer {
  readonly port: number
  readonly url: string
  /** Ends all streams and frees the port. */
  close(): Promise<void>
}

const MAX_STREAMS = 32
const STALL_LIMIT_MS = 10_000
const HEALTH_EVERY_MS = 1000

export interface WebApp {
  readonly app: FastifyInstance
  close(): Promise<void>
}

/** The server without a port, as tests inject requests into it. */
export async function buildWeb(options: WebOptions): Promise<WebApp> {
  const { view, metrics, clock, log } = options
  const app = fastify({
    bodyLimit: 16 * 1024,
    requestTimeout: 10_000,
    forceCloseConnections: true,
    return503OnClosing: false,
    frameworkErrors: refuseAddress,
    clientErrorHandler: refuseUnreadable,
    // A request without a host is refused as one with a wrong host is.
    http: { requireHostHeader: false }
  })
  app.server.on('checkExpectation', refuseExpectation)
  const stream = new LiveStream({ view, clock, maxClients: MAX_STREAMS, maxUnreadBytes: options.maxUnreadBytes ?? 1024 * 1024 })
  const health = new LogHealth(STALL_LIMIT_MS)

  // Only JSON bodies: a form on another page cannot send that without asking first.
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS)
    if (isHostAllowed(request.headers)) done()
    else reply.code(421).send(WRONG_HOST)
  })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return reply.code(status).send(failure('WEB_REQUEST', error.message))
    log.error({ err: error, url: request.url }, 'a web request failed')
    return reply.code(500).send(failure('WEB_INTERNAL', 'the gateway failed to answer; its log says why'))
  })
  app.setNotFoundHandler((request, reply) => reply.code(404).send(failure('WEB_NOT_FOUND', `nothing at ${request.method} ${request.url}`)))

  addRoutes(app, { view, clock, stream, health, metrics })
  await addPage(app, options.pageFolder ?? fileURLToPath(new URL('./page', import.meta.url)))

  // Looks that are rare would find a stalled log late; the cost of one is nothing.
  let timer: TimerHandle
  const watch = (): void => {
    timer = clock.setTimeout(() => {
      health.observe(view.logProgress(), clock.monotonicMs())
      watch()
    }, HEALTH_EVERY_MS)
  }
  watch()

  return {
    app,
    close: async () => {
      timer.cancel()
      stream.close()
      await app.close()
    }
  }
}

async function addPage(app: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(`${folder}/index.html`)) {
    app.get('/', (_request, reply) => reply.code(503).send(failure('WEB_PAGE_MISSING', 'the page is not built: run npm run build')))
    return
  }
  await app.register(fastifyStatic, {
    root: folder,
    index: ['index.html'],
    cacheControl: false,
    // File names below assets/ carry a hash of their content.
    setHeaders: (reply, path) => {
      reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    }
  })
}

/** Starts page, API, `/metrics` and `/healthz`. Rejects with a GatewayError whose message tells the operator what to do. */
export async function startWeb(options: WebOptions): Promise<WebServer> {
  const { host, port } = options
  if (!isLoopback(host))
    throw new GatewayError('WEB_HOST_NOT_LOOPBACK', `web.host is ${host}; page and API are for this machine only: set 127.0.0.1`, {
      details: { host }
    })
  const web = await buildWeb(options)
  try {
    await web.app.listen({ host, port })
  } catch (error) {
    await web.close()
    throw listenError(error, host, port)
  }
  const address = web.app.server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return { port: actualPort, url: `http://localhost:${actualPort}`, close: web.close }
}

/** Rejects as `startWeb` would for a port that cannot be had, and takes nothing. */
export async function checkPortFree({ host, port }: Pick<WebOptions, 'host' | 'port'>): Promise<void> {
  const probe = createServer()
  try {
    const listening = once(probe, 'listening')
    probe.listen(port, host)
    await listening
  } catch (error) {
    throw listenError(error, host, port)
  } finally {
    probe.close()
  }
}

function listenError(error: unknown, host: string, port: number): GatewayError {
  const options = { cause: error, details: { host, port } }
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE')
    return new GatewayError('WEB_PORT_TAKEN', `port ${port} is taken; set web.port or stop the other program`, options)
  const why = error instanceof Error ? error.message : String(error)
  return new GatewayError('WEB_LISTEN_FAILED', `cannot listen on ${host}:${port}: ${why}; set web.host or web.port`, options)
}
