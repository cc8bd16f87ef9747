import type { IncomingMessage } from 'node:http'
import { type RawData, WebSocket } from 'ws'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { type DriverContext, DriverError, type DriverRun, type SendOutcome, type TimerHandle } from '../driver.ts'
import { guarded, messageOf } from '../driver-errors.ts'
import { createMessageFeed, type MessageFeed } from '../message-feed.ts'
import { linkFailure, placeOf, statusFailure } from '../net/link-failure.ts'
import { tlsClientOptions } from '../net/tls-client.ts'
import { createRunEnd, type RunEnd } from '../run-end.ts'
import { Backpressure } from './backpressure.ts'
import { LinkWatch } from './link-watch.ts'
import type { WebsocketSettings } from './settings.ts'
import { OmloxSubscriber, plainMessages } from './subscriptions.ts'

const CLOSE_NORMAL = 1000
/** Policy violation and "try again later" (RFC 6455, 7.4.1; IANA registry): the other side does not want us now. */
const REFUSING_CLOSE_CODES: readonly number[] = [1008, 1013]

/** One connection, from its handshake to its end. */
export class WebsocketRun implements DriverRun {
  readonly #settings: WebsocketSettings
  readonly #context: DriverContext
  readonly #feed: MessageFeed
  readonly #end: RunEnd
  readonly #place: string
  readonly #subscriber: OmloxSubscriber
  #socket: WebSocket | undefined
  #closed: Promise<void> | undefined
  #phase: 'new' | 'starting' | 'up' | 'over' = 'new'
  #settleStart: ((error?: DriverError) => void) | undefined
  #startLimit: TimerHandle | undefined
  #backpressure: Backpressure | undefined
  #watch: LinkWatch | undefined
  #stopped: Promise<void> | undefined

  constructor(settings: WebsocketSettings, codec: Codec, context: DriverContext) {
    this.#settings = settings
    this.#context = context
    this.#feed = createMessageFeed(codec, context)
    this.#end = createRunEnd(context)
    this.#place = placeOf(new URL(settings.url))
    this.#subscriber = new OmloxSubscriber(settings, (text) => this.#socket?.send(text))
  }

  async start(): Promise<void> {
    this.#end.check()
    this.#phase = 'starting'
    const { clock } = this.#context
    this.#end.signal.addEventListener('abort', () => {
      void this.stop()
    })
    await new Promise<void>((resolve, reject) => {
      this.#settleStart = (error) => (error === undefined ? resolve() : reject(error))
      this.#startLimit = clock.setTimeout(() => this.#fail(this.#startTimeout()), this.#settings.connectTimeoutS * 1_000)
      try {
        this.#connect()
      } catch (error) {
        const why = `the connection cannot be prepared (certificate, key or header): ${messageOf(error)}`
        this.#fail(new DriverError('LINK_TLS_FAILED', why, { retriable: false, cause: error }))
      }
    })
  }

  stop(): Promise<void> {
    this.#end.end()
    this.#stopped ??= this.#close()
    return this.#stopped
  }

  send(): Promise<SendOutcome> {
    return Promise.resolve({ stage: 'unsupported' })
  }

  #connect(): void {
    const { headers, maxMessageBytes, maxWaiting, secretHeaders, subprotocol, tls, url } = this.#settings
    const socket = new WebSocket(url, subprotocol === undefined ? [] : [subprotocol], {
      ...tlsClientOptions(tls, new URL(url).hostname.replace(/^\[|\]$/g, '')),
      headers: { ...headers, ...secretHeaders },
      maxPayload: maxMessageBytes,
      perMessageDeflate: false
    })
    this.#socket = socket
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()))
    const backpressure = new Backpressure(socket, maxWaiting)
    this.#backpressure = backpressure
    const watch = new LinkWatch(this.#settings, this.#context, { socket, backpressure, place: this.#place }, (error) => this.#fail(error))
    this.#watch = watch
    const on = <Args extends unknown[]>(callback: (...args: Args) => void) => guarded(this.#context, callback)
    socket.on(
      'open',
      on(() => this.#subscribe(socket))
    )
    socket.on(
      'message',
      on((data: RawData, isBinary: boolean) => this.#take(data, isBinary))
    )
    socket.on(
      'ping',
      on(() => watch.alive())
    )
    socket.on(
      'pong',
      on(() => watch.alive())
    )
    socket.on(
      'unexpected-response',
      on((_, response: IncomingMessage) => this.#refused(response))
    )
    socket.on(
      'error',
      on((error) => this.#fail(this.#failureOf(error)))
    )
    socket.on(
      'close',
      on((code, reason) => this.#fail(this.#closedBy(code, reason.toString('utf8'))))
    )
  }

  #subscribe(socket: WebSocket): void {
    if (this.#phase !== 'starting') return
    for (const text of plainMessages(this.#settings)) socket.send(text)
    this.#subscriber.begin()
    this.#upWhenSubscribed()
  }

  #take(data: RawData, isBinary: boolean): void {
    if (this.#phase !== 'starting' && this.#phase !== 'up') return
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data as ArrayBuffer)
    this.#watch?.heard()
    const pressing = this.#backpressure?.isHalfFull === true && this.#context.storageFails?.() === true
    const settled = this.#backpressure?.received(this.#context.clock)
    this.#feed.message(bytes, undefined, { onDurable: settled, onGivenUp: settled, pressing })
    if (this.#subscriber.isDone || isBinary) return
    this.#subscriber.see(bytes.toString('utf8'))
    this.#upWhenSubscribed()
  }

  #upWhenSubscribed(): void {
    if (this.#phase !== 'starting' || !this.#subscriber.isDone) return
    const refused = this.#subscriber.refused.length === 0 ? '' : `subscriptions were refused: ${this.#subscriber.refused.join(', ')}`
    if (this.#subscriber.isRefused) {
      this.#fail(new DriverError('SUBSCRIPTION_REFUSED', `${this.#place}: ${refused}`, { retriable: true }))
      return
    }
    this.#phase = 'up'
    this.#startLimit?.cancel()
    this.#watch?.start(refused)
    this.#settleStart?.()
  }

  #refused(response: IncomingMessage): void {
    response.resume()
    this.#fail(statusFailure(response.statusCode ?? 0, this.#place, response.headers.location))
  }

  #startTimeout(): DriverError {
    const isOpen = this.#socket?.readyState === WebSocket.OPEN
    const why = isOpen ? 'it does not answer the subscription' : 'nothing answers as a WebSocket'
    return new DriverError('LINK_TIMEOUT', `${this.#place}: ${why}`, { retriable: true })
  }

  #failureOf(error: Error): DriverError {
    const code = 'code' in error ? String(error.code) : ''
    if (code.startsWith('WS_ERR_')) {
      this.#context.counters.errors++
      const why =
        code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
          ? `a message is longer than maxMessageBytes (${this.#settings.maxMessageBytes})`
          : error.message
      return new DriverError('LINK_PROTOCOL', `${this.#place}: ${why}`, { retriable: true, cause: error })
    }
    return linkFailure(error, { place: this.#place, wasOpen: this.#phase === 'up' })
  }

  #closedBy(code: number, reason: string): DriverError {
    const why = `the other side closed the connection (${code}${reason === '' ? '' : `: ${reason}`})`
    const isRefusal = REFUSING_CLOSE_CODES.includes(code)
    const name = isRefusal ? 'LINK_REFUSED' : this.#phase === 'up' ? 'LINK_LOST' : 'LINK_OPEN_FAILED'
    return new DriverError(name, `${this.#place}: ${why}`, { retriable: true })
  }

  #fail(error: DriverError): void {
    if (this.#phase !== 'starting' && this.#phase !== 'up') return
    const wasUp = this.#phase === 'up'
    this.#phase = 'over'
    this.#startLimit?.cancel()
    this.#watch?.stop()
    if (!wasUp) this.#settleStart?.(error)
    else if (!this.#end.signal.aborted) this.#context.failed(error)
    this.#socket?.terminate()
  }

  async #close(): Promise<void> {
    const socket = this.#socket
    if (this.#phase === 'starting')
      this.#settleStart?.(new DriverError('RUN_ENDED', 'the run was stopped before it was up', { retriable: true }))
    this.#phase = 'over'
    this.#startLimit?.cancel()
    this.#watch?.stop()
    if (socket === undefined) return
    if (socket.readyState === WebSocket.OPEN) {
      socket.close(CLOSE_NORMAL)
      // The frame leaves at the end of this turn; closing waits for nobody, least of all for one that hangs.
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.terminate()
    await this.#closed
  }
}
