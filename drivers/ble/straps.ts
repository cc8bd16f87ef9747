import type { Codec } from '../../firmware-protocols/codec.ts'
import { createFrameFeed, type FrameFeed } from '../codec-feed.ts'
import type { DriverContext, TimerHandle } from '../driver.ts'
import { answerParameterRequest, SIGNALLING_CHANNEL } from './connection-parameters.ts'
import { cancelConnection, createConnection, disconnect, type ScanKind, STATUS_DISALLOWED, updateConnection } from './hci-commands.ts'
import type { HciLink } from './hci-link.ts'
import type { NobleHci, NobleParts } from './noble-parts.ts'
import { normalAddress, type StrapSettings } from './settings.ts'
import { StrapSession } from './strap-session.ts'

/** A strap that was just heard answers within a few of its intervals, or is going away. */
export const CONNECT_LIMIT_MS = 8_000
/** What an adapter may take to say that an attempt was cancelled, or that a connection has ended. */
const FAREWELL_MS = 2_000
const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 30_000
/** Attempts in a row that fail before the source is said to be degraded. */
const FAILURES_AMISS = 3

export interface StrapParts {
  readonly noble: NobleParts
  readonly link: HciLink
  readonly codec: Codec
  readonly context: DriverContext
  /** On a channel of our own nobody else answers what straps ask of the link. */
  readonly answersSignals: boolean
  scanKind(): ScanKind
  /** For adapters that cannot scan and connect at the same time. */
  pauseScan(): Promise<void>
  resumeScan(): Promise<void>
  amiss(address: string, why: string): void
  failed(error: unknown): void
}

interface Strap {
  readonly settings: StrapSettings
  readonly address: string
  failures: number
  notBeforeMs: number
  link: { readonly handle: number; readonly session: StrapSession } | undefined
}

interface Attempt {
  readonly strap: Strap
  limit: TimerHandle | undefined
  paused: boolean
}

/**
 * Keeps straps connected: whoever advertises is connected to, one after the other, and again after every loss. An attempt is made only
 * when a strap was heard, so that no strap that is at home holds up the others.
 */
export class Straps {
  readonly #parts: StrapParts
  readonly #feed: FrameFeed
  readonly #straps = new Map<string, Strap>()
  readonly #byHandle = new Map<number, Strap>()
  #attempt: Attempt | undefined
  #ended = false
  #allGone: (() => void) | undefined

  constructor(parts: StrapParts, settings: readonly StrapSettings[]) {
    this.#parts = parts
    this.#feed = createFrameFeed(parts.codec, parts.context)
    for (const strap of settings) {
      const address = normalAddress(strap.address)
      this.#straps.set(address, { settings: strap, address, failures: 0, notBeforeMs: Number.NEGATIVE_INFINITY, link: undefined })
    }
  }

  attach(hci: NobleHci, guard: <Args extends unknown[]>(callback: (...args: Args) => void) => (...args: Args) => void): void {
    hci.on(
      'leConnComplete',
      guard((status: number, handle?: number, _role?: number, addressType = 'public', address = '') => {
        // noble tells a refused command in the same way; the command's answer tells it, too.
        if (handle !== undefined) this.#connectionComplete(status, handle, addressType, address)
      })
    )
    hci.on(
      'disconnComplete',
      guard((handle: number, reason: number) => this.#disconnected(handle, `the connection ended (reason 0x${reason.toString(16)})`))
    )
    hci.on(
      'aclDataPkt',
      guard((handle: number, channel: number, data: Buffer) => this.#received(handle, channel, data))
    )
    hci.on(
      'encryptChange',
      guard((handle: number, on: number) => this.#byHandle.get(handle)?.link?.session.encrypted(on))
    )
  }

  /** Hot: told of every connectable advertisement. */
  connectable(address: string, random: boolean): void {
    if (this.#attempt !== undefined || this.#ended) return
    const strap = this.#straps.get(address)
    if (strap === undefined || strap.link !== undefined || this.#parts.context.clock.monotonicMs() < strap.notBeforeMs) return
    const attempt: Attempt = { strap, limit: undefined, paused: false }
    this.#attempt = attempt
    this.#connect(attempt, random).catch((error: unknown) => this.#parts.failed(error))
  }

  /** Straps that are connected: the adapter would tell within seconds of losing one. */
  get linked(): number {
    return this.#byHandle.size
  }

  /** The adapter has forgotten all connections. */
  dropAll(): void {
    this.#finishAttempt()
    for (const handle of [...this.#byHandle.keys()]) this.#disconnected(handle, 'the adapter was reset')
  }

  /** Ends all connections, so that the straps can be found again by whoever comes next. */
  async end(): Promise<void> {
    this.#ended = true
    const { link } = this.#parts
    if (this.#attempt !== undefined) {
      this.#attempt.limit?.cancel()
      await cancelConnection(link)
      this.#attempt = undefined
    }
    const gone = new Promise<void>((resolve) => {
      this.#allGone = resolve
    })
    for (const handle of this.#byHandle.keys()) await disconnect(link, handle)
    if (this.#byHandle.size > 0) await gone
  }

  /** Frees what is left, without the adapter. */
  discard(): void {
    this.#ended = true
    this.#attempt?.limit?.cancel()
    for (const { link } of this.#straps.values()) link?.session.end()
    this.#byHandle.clear()
  }

  async #connect(attempt: Attempt, random: boolean): Promise<void> {
    const { link } = this.#parts
    const create = (): Promise<number> => createConnection(link, this.#parts.scanKind(), attempt.strap.address, random)
    let status = await create()
    if (status === STATUS_DISALLOWED) {
      attempt.paused = true
      await this.#parts.pauseScan()
      status = await create()
    }
    // It may have come to an end while it was waited for.
    if (this.#attempt !== attempt) return
    if (status !== 0) {
      this.#missed(attempt, `the adapter refused to connect (0x${status.toString(16).padStart(2, '0')})`)
      return
    }
    attempt.limit = this.#parts.context.clock.setTimeout(() => this.#giveUp(attempt), CONNECT_LIMIT_MS)
  }

  #giveUp(attempt: Attempt): void {
    cancelConnection(this.#parts.link).catch((error: unknown) => this.#parts.failed(error))
    attempt.limit = this.#parts.context.clock.setTimeout(() => this.#missed(attempt, 'it advertises and does not answer'), FAREWELL_MS)
  }

  #connectionComplete(status: number, handle: number, addressType: string, address: string): void {
    const attempt = this.#attempt
    // noble takes the number of a failed connection for that of one that stands.
    if (status !== 0 && !this.#byHandle.has(handle)) this.#parts.link.hci._aclConnections.delete(handle)
    if (attempt === undefined) return
    if (status !== 0) {
      this.#missed(attempt, `it advertises and does not answer (0x${status.toString(16).padStart(2, '0')})`)
      return
    }
    if (address.replaceAll(':', '') !== attempt.strap.address) return
    this.#finishAttempt()
    this.#open(attempt.strap, handle, addressType, address)
  }

  #open(strap: Strap, handle: number, addressType: string, address: string): void {
    const { context, link, noble } = this.#parts
    const { log, sourceId } = context
    const session = new StrapSession(noble, { hci: link.hci, handle, address, addressType }, strap.settings, context.clock, {
      value: (characteristic, value) => {
        context.counters.bytesIn += value.length
        this.#feed.frame(value, { address: strap.address, characteristic })
      },
      ready: (missing) => {
        strap.failures = 0
        this.#parts.amiss(strap.address, missing.length === 0 ? '' : `strap ${strap.address} has no ${missing.join(', ')}`)
        log.info({ sourceId, strap: strap.address, missing }, 'a strap is connected')
      },
      nonsense: () => {
        context.counters.errors++
      },
      useless: (why) => {
        log.info({ sourceId, strap: strap.address, why }, 'a strap is disconnected')
        this.#failure(strap, why)
        disconnect(link, handle).catch((error: unknown) => this.#parts.failed(error))
      }
    })
    strap.link = { handle, session }
    this.#byHandle.set(handle, strap)
    session.begin()
  }

  #disconnected(handle: number, why: string): void {
    const strap = this.#byHandle.get(handle)
    if (strap?.link === undefined) return
    this.#byHandle.delete(handle)
    strap.link.session.end()
    strap.link = undefined
    const { clock, log, sourceId } = this.#parts.context
    strap.notBeforeMs = Math.max(strap.notBeforeMs, clock.monotonicMs() + RETRY_FIRST_MS)
    log.info({ sourceId, strap: strap.address, why }, 'a strap is gone')
    if (this.#byHandle.size === 0) this.#allGone?.()
  }

  #received(handle: number, channel: number, data: Buffer): void {
    const session = this.#byHandle.get(handle)?.link?.session
    if (session === undefined) return
    if (channel === SIGNALLING_CHANNEL) this.#signal(handle, data)
    else session.received(channel, data)
  }

  #signal(handle: number, data: Buffer): void {
    const { answersSignals, failed, link } = this.#parts
    const answer = answersSignals ? answerParameterRequest(data) : undefined
    if (answer === undefined) return
    link.hci.writeAclDataPkt(handle, SIGNALLING_CHANNEL, answer.response).catch(failed)
    if (answer.parameters !== undefined) updateConnection(link, handle, answer.parameters).catch(failed)
  }

  #missed(attempt: Attempt, why: string): void {
    if (this.#attempt !== attempt) return
    this.#finishAttempt()
    this.#failure(attempt.strap, why)
  }

  #failure(strap: Strap, why: string): void {
    strap.failures++
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(strap.failures - 1, 10))
    strap.notBeforeMs = this.#parts.context.clock.monotonicMs() + delayMs
    if (strap.failures >= FAILURES_AMISS) this.#parts.amiss(strap.address, `strap ${strap.address} cannot be used: ${why}`)
  }

  #finishAttempt(): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    attempt?.limit?.cancel()
    if (attempt?.paused === true && !this.#ended) this.#parts.resumeScan().catch((error: unknown) => this.#parts.failed(error))
  }
}
