import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { type DriverContext, DriverError, type DriverRun, type SendOutcome } from '../driver.ts'
import { asDriverError } from '../driver-errors.ts'
import { createMessageFeed, type MessageFeed } from '../message-feed.ts'
import { linkFailure, placeOf, statusFailure } from '../net/link-failure.ts'
import { tlsClientOptions } from '../net/tls-client.ts'
import { createRunEnd, pause, type RunEnd } from '../run-end.ts'
import { type GetAnswer, httpGet } from './http-get.ts'
import { type PollSchedule, retryAfterMs } from './poll-schedule.ts'
import type { HttpPollSettings } from './settings.ts'

/** A start waits so long at most for its turn; the supervisor gives it 30 s, and an answer takes its time too. */
const START_WAIT_MAX_MS = 3_000
/** After a slow answer the other side gets a moment all the same. */
const REST_MS = 100
/** The next request waits for the log, but not for ever: what it let go it has said itself. */
const STORE_WAIT_MAX_MS = 30_000
const TOO_MANY = 429
const UNAVAILABLE = 503
const NOT_MODIFIED = 304

/** Asks again and again, from the first request to the end of the run. */
export class HttpPollRun implements DriverRun {
  readonly #settings: HttpPollSettings
  readonly #context: DriverContext
  readonly #schedule: PollSchedule
  readonly #feed: MessageFeed
  readonly #end: RunEnd
  readonly #url: URL
  readonly #place: string
  #agent: HttpAgent | undefined
  #validators: Readonly<Record<string, string>> = {}
  #stored: AbortSignal | undefined
  #isUp = false
  #saidAmiss = ''
  #polling: Promise<void> = Promise.resolve()

  constructor(settings: HttpPollSettings, codec: Codec, context: DriverContext, schedule: PollSchedule) {
    this.#settings = settings
    this.#context = context
    this.#schedule = schedule
    this.#feed = createMessageFeed(codec, context)
    this.#end = createRunEnd(context)
    this.#url = new URL(settings.url)
    this.#place = placeOf(this.#url)
  }

  async start(): Promise<void> {
    this.#end.check()
    const waitMs = this.#schedule.earliestMs - this.#context.clock.monotonicMs()
    const { failure } = this.#schedule
    if (failure !== undefined && waitMs > START_WAIT_MAX_MS) throw notYet(failure, waitMs)
    this.#agent = this.#createAgent()
    // After a run that was well, this one only waits for its turn.
    if (failure !== undefined || waitMs <= 0) {
      if (waitMs > 0) await pause(this.#context.clock, waitMs, this.#end.signal)
      this.#end.check()
      const amiss = await this.#poll()
      this.#end.check()
      this.#say(amiss)
    }
    this.#isUp = true
    this.#polling = this.#pollOn()
  }

  async stop(): Promise<void> {
    this.#end.end()
    this.#agent?.destroy()
    await this.#polling
  }

  send(): Promise<SendOutcome> {
    return Promise.resolve({ stage: 'unsupported' })
  }

  #createAgent(): HttpAgent {
    const options = { keepAlive: true, maxSockets: 1 }
    if (this.#url.protocol !== 'https:') return new HttpAgent(options)
    return new HttpsAgent({ ...options, ...tlsClientOptions(this.#settings.tls, this.#url.hostname.replace(/^\[|\]$/g, '')) })
  }

  async #pollOn(): Promise<void> {
    const { clock } = this.#context
    const { signal } = this.#end
    try {
      while (!signal.aborted) {
        await this.#untilStored()
        await pause(clock, Math.max(0, this.#schedule.earliestMs - clock.monotonicMs()), signal)
        if (signal.aborted) return
        this.#say(await this.#poll())
      }
    } catch (error) {
      if (!signal.aborted) this.#context.failed(asDriverError(error))
    }
  }

  async #untilStored(): Promise<void> {
    if (this.#stored === undefined || this.#stored.aborted) return
    await pause(this.#context.clock, STORE_WAIT_MAX_MS, AbortSignal.any([this.#stored, this.#end.signal]))
  }

  /** One request. Answers what is amiss though the link works; empty: nothing. Rejects with a DriverError. */
  async #poll(): Promise<string> {
    const { clock } = this.#context
    const intervalMs = this.#settings.intervalS * 1_000
    this.#schedule.asked(clock.monotonicMs(), intervalMs)
    try {
      const amiss = this.#take(await this.#get())
      this.#schedule.asked(clock.monotonicMs(), Math.min(REST_MS, intervalMs))
      return amiss
    } catch (error) {
      const failure = linkFailure(error, { place: this.#place, wasOpen: this.#isUp })
      if (!this.#end.signal.aborted) this.#schedule.failed(failure)
      throw failure
    }
  }

  #get(): Promise<GetAnswer> {
    const { maxBodyBytes, timeoutS } = this.#settings
    const { clock } = this.#context
    const agent = this.#agent ?? new HttpAgent()
    const get = {
      url: this.#url,
      agent,
      headers: this.#headers(),
      timeoutMs: timeoutS * 1_000,
      maxBodyBytes,
      clock,
      signal: this.#end.signal
    }
    return httpGet(get)
  }

  #headers(): Record<string, string> {
    const { headers, password = '', secretHeaders, token, username } = this.#settings
    const authorization =
      token === undefined ? username && `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}` : `Bearer ${token}`
    return {
      'user-agent': 'tagward',
      'accept-encoding': 'identity',
      ...(authorization === undefined ? {} : { authorization }),
      ...headers,
      ...secretHeaders,
      ...this.#validators
    }
  }

  #take({ body, headers, status }: GetAnswer): string {
    if (this.#end.signal.aborted) return ''
    const asksForPause = headers['retry-after']
    if (status === TOO_MANY || (status === UNAVAILABLE && asksForPause !== undefined)) return this.#throttled(status, asksForPause)
    if (status === NOT_MODIFIED) {
      this.#schedule.answered()
      return ''
    }
    if (status < 200 || status > 299) throw statusFailure(status, this.#place, headers.location)
    const encoding = headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity')
      throw new DriverError('LINK_PROTOCOL', `${this.#place}: it compresses (${encoding}) though it was asked not to`, { retriable: true })
    this.#schedule.answered()
    if (this.#settings.conditional)
      this.#validators = {
        ...(headers.etag === undefined ? {} : { 'if-none-match': headers.etag }),
        ...(headers['last-modified'] === undefined ? {} : { 'if-modified-since': headers['last-modified'] })
      }
    return body.length === 0 ? '' : this.#deliver(body)
  }

  #deliver(body: Uint8Array): string {
    const stored = new AbortController()
    this.#stored = stored.signal
    const refusal = this.#feed.message(body, { topic: this.#url.pathname }, { onDurable: () => stored.abort() })
    return refusal === undefined ? '' : `${this.#place}: its answer is not of the protocol (${refusal.why}): check protocol and URL`
  }

  #throttled(status: number, retryAfter: string | undefined): string {
    const { clock } = this.#context
    const askedForMs = retryAfterMs(retryAfter, clock.wallMs())
    const waitMs = this.#schedule.throttled(clock.monotonicMs(), this.#settings.intervalS * 1_000, askedForMs)
    const why = `${this.#place}: it wants fewer requests (${status}) and is left alone for ${Math.ceil(waitMs / 1_000)} s`
    if (this.#isUp) return why
    throw new DriverError('LINK_RATE_LIMITED', why, { retriable: true })
  }

  #say(amiss: string): void {
    if (amiss === this.#saidAmiss || this.#end.signal.aborted) return
    this.#saidAmiss = amiss
    this.#context.degraded(amiss)
  }
}

/** The other side is not asked before its time, and the source goes on saying why it is down. */
function notYet(failure: DriverError, waitMs: number): DriverError {
  const inS = Math.ceil(waitMs / 1_000)
  return new DriverError(failure.code, `${failure.message}; next request in ${inS} s`, { retriable: true, cause: failure })
}
