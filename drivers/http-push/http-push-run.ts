import { createServer as createPlainServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { type DriverContext, DriverError, type DriverRun, type SendOutcome, type TimerHandle } from '../driver.ts'
import { guarded } from '../driver-errors.ts'
import { createMessageFeed } from '../message-feed.ts'
import { listenFailure } from '../net/listen-failure.ts'
import { withTlsServer } from '../net/tls-server.ts'
import { createRunEnd, pause, type RunEnd } from '../run-end.ts'
import { PushEndpoint } from './push-endpoint.ts'
import type { HttpPushSettings } from './settings.ts'

const LOOK_EVERY_MS = 10_000
/** How long a stop waits for commits under way, so that what is durable is answered so and does not come twice. */
const DRAIN_LIMIT_MS = 1_000
const HEADERS_TIMEOUT_MS = 10_000
/** Longer than the pause between two pushes of most gateways, so that they need no new connection for each. */
const KEEP_ALIVE_MS = 65_000
const CHECK_EVERY_MS = 2_000

/** One listener, from opening to its end. */
export class HttpPushRun implements DriverRun {
  readonly #settings: HttpPushSettings
  readonly #context: DriverContext
  readonly #endpoint: PushEndpoint
  readonly #end: RunEnd
  #server: Server | undefined
  #opening: Promise<void> | undefined
  #nextLook: TimerHandle | undefined
  #stopped: Promise<void> | undefined

  constructor(settings: HttpPushSettings, codec: Codec, context: DriverContext) {
    this.#settings = settings
    this.#context = context
    this.#endpoint = new PushEndpoint(settings, createMessageFeed(codec, context), context)
    this.#end = createRunEnd(context)
  }

  async start(): Promise<void> {
    this.#end.check()
    const server = this.#create()
    this.#server = server
    this.#opening = this.#listen(server)
    await this.#opening
    this.#end.check()
    server.on('error', (error) => this.#fail(`port ${this.#settings.port} failed: ${error.message}`))
    const { log, sourceId } = this.#context
    const { address, path, port, tls, token } = this.#settings
    log.info({ sourceId, address, port, path, encrypted: tls !== undefined, asksForToken: token !== undefined }, 'HTTP endpoint is open')
    this.#lookLater()
  }

  stop(): Promise<void> {
    this.#end.end()
    this.#nextLook?.cancel()
    this.#stopped ??= this.#close()
    return this.#stopped
  }

  send(): Promise<SendOutcome> {
    return Promise.resolve({ stage: 'unsupported' })
  }

  #create(): Server {
    const { maxConnections, tls } = this.#settings
    const options = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      // Bodies have a limit of their own, which answers.
      requestTimeout: 0
    }
    const server = tls === undefined ? createPlainServer(options) : withTlsServer(tls, (proof) => createTlsServer({ ...options, ...proof }))
    server.maxConnections = maxConnections
    const { counters } = this.#context
    server.on(
      'request',
      guarded(this.#context, (request, response) => this.#endpoint.handle(request, response, false))
    )
    server.on(
      'checkContinue',
      guarded(this.#context, (request, response) => this.#endpoint.handle(request, response, true))
    )
    server.on('drop', () => counters.dropped++)
    const failedHandshakes = new WeakSet<Error>()
    // Before the server's own listener, which makes an error of a client of it.
    server.prependListener('tlsClientError', (error: Error) => {
      failedHandshakes.add(error)
      this.#endpoint.handshakeFailed()
    })
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      if (failedHandshakes.has(error)) {
        socket.destroy()
        return
      }
      // Who goes away in the middle of a body is counted with the request.
      if (error.code === 'ECONNRESET' || !socket.writable) {
        socket.destroy()
        return
      }
      counters.errors++
      const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`)
    })
    return server
  }

  #listen(server: Server): Promise<void> {
    const { address, port } = this.#settings
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => reject(listenFailure(error, address, port))
      server.once('error', onError)
      server.listen({ port, host: address, exclusive: true }, () => {
        server.off('error', onError)
        resolve()
      })
    })
  }

  #lookLater(): void {
    this.#nextLook = this.#context.clock.setTimeout(() => {
      this.#context.degraded(this.#endpoint.takeFindings())
      this.#lookLater()
    }, LOOK_EVERY_MS)
  }

  #fail(message: string): void {
    if (!this.#end.signal.aborted) this.#context.failed(new DriverError('LINK_LOST', message, { retriable: true }))
  }

  async #close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    await this.#opening?.catch(() => undefined)
    if (!server.listening) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    const enough = new AbortController()
    await Promise.race([this.#endpoint.drain(), pause(this.#context.clock, DRAIN_LIMIT_MS, enough.signal)])
    enough.abort()
    this.#endpoint.giveUp()
    // The answers leave at the end of this turn; closing waits for nobody.
    await new Promise((resolve) => setImmediate(resolve))
    server.closeAllConnections()
    await closed
  }
}
