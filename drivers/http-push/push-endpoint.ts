import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, DriverContext } from '../driver.ts'
import { guarded } from '../driver-errors.ts'
import type { MessageFeed } from '../message-feed.ts'
import { type Answer, REFUSALS } from './answers.ts'
import { type PushHost, PushRequest } from './push-request.ts'
import type { HttpPushSettings } from './settings.ts'
import { createTokenCheck } from './token-check.ts'
import { refuseUnread } from './write-answer.ts'

/** Of all bodies that are being received together; several long ones fit, and memory stays bounded whatever comes. */
const HELD_BYTES_MIN = 33_554_432
/** How long a sender may go on with a body that was refused. */
const DISCARD_LIMIT_MS = 5_000

/** Path of the request; undefined when it makes no sense. */
function pathOf(request: IncomingMessage): string | undefined {
  const text = request.url ?? ''
  return URL.canParse(text, 'http://gateway') ? new URL(text, 'http://gateway').pathname : undefined
}

function isBelow(path: string, root: string): boolean {
  return root === '/' || path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`)
}

/** Takes pushes: who may send what where, how much at a time, and what has come of it. */
export class PushEndpoint implements PushHost {
  readonly settings: HttpPushSettings
  readonly clock: Clock
  readonly feed: MessageFeed
  readonly #context: DriverContext
  readonly #hasToken: (authorization: string | undefined) => boolean
  readonly #open = new Set<PushRequest>()
  readonly #heldBytesMax: number
  readonly #whenIdle: (() => void)[] = []
  #heldBytes = 0
  #ending = false
  #stored = 0
  #refused = new Map<string, number>()

  constructor(settings: HttpPushSettings, feed: MessageFeed, context: DriverContext) {
    this.settings = settings
    this.clock = context.clock
    this.feed = feed
    this.#context = context
    this.#hasToken = createTokenCheck(settings.token)
    this.#heldBytesMax = Math.max(HELD_BYTES_MIN, 2 * settings.maxBodyBytes)
  }

  /** `asksFirst`: the sender waits for our word before it sends the body (Expect: 100-continue). */
  handle(request: IncomingMessage, response: ServerResponse, asksFirst: boolean): void {
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    const path = pathOf(request)
    const refusal = this.#judge(request, path)
    if (refusal !== undefined) {
      this.answered(refusal)
      this.refuse(request, response, refusal, !asksFirst)
      return
    }
    const push = new PushRequest(this, request, response, path ?? '/')
    this.#open.add(push)
    push.receive()
    if (asksFirst) response.writeContinue()
  }

  storageFails(): boolean {
    return this.#context.storageFails?.() === true
  }

  refuse(request: IncomingMessage, response: ServerResponse, refusal: Answer, bodyIsComing: boolean): void {
    const limit = this.clock.setTimeout(() => request.destroy(), DISCARD_LIMIT_MS)
    response.once('close', () => limit.cancel())
    refuseUnread(request, response, refusal, bodyIsComing)
  }

  guard<Args extends unknown[]>(callback: (...args: Args) => void): (...args: Args) => void {
    return guarded(this.#context, callback)
  }

  hold(bytes: number): boolean {
    this.#heldBytes += bytes
    return this.#heldBytes <= this.#heldBytesMax
  }

  letGo(bytes: number): void {
    this.#heldBytes -= bytes
  }

  cutOff(): void {
    this.#context.counters.incomplete++
  }

  left(push: PushRequest): void {
    this.#open.delete(push)
    if (this.#open.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  answered({ status, error }: Answer): void {
    const { counters } = this.#context
    if (error === undefined) {
      this.#stored++
      return
    }
    if (status === 503) counters.dropped++
    else if (status !== 400 || error === REFUSALS.empty.error) counters.errors++
    this.#countRefusal(`${status} ${error}`)
  }

  /** A connection that could not be encrypted, or whose certificate is missing or of another authority than `tls.clientCa`. */
  handshakeFailed(): void {
    this.#context.counters.errors++
    this.#countRefusal('TLS handshake failed')
  }

  /** `name`: one of the codes of codecs and our own, a handful. */
  #countRefusal(name: string): void {
    this.#refused.set(name, (this.#refused.get(name) ?? 0) + 1)
  }

  /** What is amiss since the last call; empty: nothing. Refusals beside what is stored are the senders' business. */
  takeFindings(): string {
    const names = [...this.#refused].map(([name, count]) => `${count} × ${name}`).join(', ')
    const isBusy = [...this.#refused.keys()].some((name) => name.startsWith('503'))
    const isAmiss = names !== '' && (this.#stored === 0 || isBusy)
    this.#stored = 0
    this.#refused = new Map()
    return isAmiss ? `requests were refused: ${names}` : ''
  }

  /** From now on everything new is refused. Resolves when nothing is open any more. */
  drain(): Promise<void> {
    this.#ending = true
    return new Promise((resolve) => {
      if (this.#open.size === 0) resolve()
      else this.#whenIdle.push(resolve)
    })
  }

  /** Answers what is still open, so that its sender sends it again. */
  giveUp(): void {
    for (const push of this.#open) push.answer(REFUSALS.ending)
  }

  #judge({ headers, method }: IncomingMessage, path: string | undefined): Answer | undefined {
    if (this.#ending) return REFUSALS.ending
    if (!this.#hasToken(headers.authorization)) return REFUSALS.token
    if (path === undefined || !isBelow(path, this.settings.path)) return REFUSALS.path
    if (method !== 'POST' && method !== 'PUT') return REFUSALS.method
    if (!this.#takesType(headers['content-type'])) return REFUSALS.type
    if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return REFUSALS.encoding
    if (Number(headers['content-length'] ?? 0) > this.settings.maxBodyBytes) return REFUSALS.length
    if (this.#open.size >= this.settings.maxWaiting || this.#heldBytes >= this.#heldBytesMax) return REFUSALS.backlog
    return undefined
  }

  #takesType(contentType: string | undefined): boolean {
    const { contentTypes } = this.settings
    if (contentTypes === undefined) return true
    const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
    return contentTypes.some((wanted) => {
      const name = wanted.toLowerCase()
      return name === type || (name.endsWith('/*') && type.startsWith(name.slice(0, -1)))
    })
  }
}
