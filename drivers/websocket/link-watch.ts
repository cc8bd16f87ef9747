import type { WebSocket } from 'ws'
import { type DriverContext, DriverError, type FrameCounters, type TimerHandle } from '../driver.ts'
import { judgeStream } from '../stream-judge.ts'
import type { Backpressure } from './backpressure.ts'
import type { WebsocketSettings } from './settings.ts'

const LOOK_EVERY_MS = 1_000
/** Looks between two judgements of what comes in. */
const LOOKS_PER_JUDGEMENT = 10

export interface WatchedLink {
  readonly socket: Pick<WebSocket, 'ping'>
  readonly backpressure: Backpressure
  readonly place: string
}

/** Looks after a connection that is up: whether the other side still lives, speaks, and says what makes sense. */
export class LinkWatch {
  readonly #settings: WebsocketSettings
  readonly #context: DriverContext
  readonly #link: WatchedLink
  readonly #fail: (error: DriverError) => void
  #timer: TimerHandle | undefined
  #over = false
  #refused = ''
  #stalled = false
  #aliveMs = 0
  #heardMs = 0
  #pingedMs = 0
  #looks = 0
  #before: FrameCounters

  constructor(settings: WebsocketSettings, context: DriverContext, link: WatchedLink, fail: (error: DriverError) => void) {
    this.#settings = settings
    this.#context = context
    this.#link = link
    this.#fail = fail
    this.#before = { ...context.counters }
  }

  /** `refused`: in words what was not granted; empty: all was. */
  start(refused: string): void {
    const nowMs = this.#context.clock.monotonicMs()
    this.#refused = refused
    this.#aliveMs = nowMs
    this.#heardMs = nowMs
    this.#pingedMs = nowMs
    if (refused !== '') this.#context.degraded(refused)
    this.#lookLater()
  }

  stop(): void {
    this.#over = true
    this.#timer?.cancel()
  }

  /** A ping or pong came. */
  alive(): void {
    this.#aliveMs = this.#context.clock.monotonicMs()
  }

  /** A message came. */
  heard(): void {
    this.#aliveMs = this.#context.clock.monotonicMs()
    this.#heardMs = this.#aliveMs
  }

  #lookLater(): void {
    if (this.#over) return
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#look(this.#context.clock.monotonicMs())
      this.#lookLater()
    }, LOOK_EVERY_MS)
  }

  #look(nowMs: number): void {
    const { backpressure } = this.#link
    if (backpressure.check(nowMs)) this.#stalled = true
    // While nothing is read, no sign of life is seen either.
    if (backpressure.isPaused) this.heard()
    this.#checkSilence(nowMs)
    if (!this.#over) this.#ping(nowMs)
    this.#looks++
    if (!this.#over && this.#looks % LOOKS_PER_JUDGEMENT === 0) this.#judge()
  }

  #checkSilence(nowMs: number): void {
    const { silenceLimitS } = this.#settings
    const silentMs = nowMs - this.#heardMs
    if (silenceLimitS === 0 || silentMs < silenceLimitS * 1_000) return
    const why = `${this.#link.place}: no message has come in for ${Math.round(silentMs / 1_000)} s`
    this.#fail(new DriverError('LINK_SILENT', why, { retriable: true }))
  }

  #ping(nowMs: number): void {
    const { pingIntervalS } = this.#settings
    if (pingIntervalS === 0 || nowMs - this.#pingedMs < pingIntervalS * 1_000) return
    // Nothing since before the last ping: two intervals at most after the other side went away.
    if (this.#aliveMs < this.#pingedMs) {
      const why = `${this.#link.place}: it has stopped answering (no sign of life since a ping ${Math.round((nowMs - this.#pingedMs) / 1_000)} s ago)`
      this.#fail(new DriverError('LINK_TIMEOUT', why, { retriable: true }))
      return
    }
    this.#pingedMs = nowMs
    this.#link.socket.ping()
  }

  #judge(): void {
    const { counters } = this.#context
    const amiss = [this.#refused, judgeStream(this.#before, counters, 'protocol, URL and what is subscribed to')]
    if (this.#stalled) amiss.push('the log confirmed nothing for 30 s while reading was held back; it says itself what it let go')
    this.#stalled = false
    this.#before = { ...counters }
    this.#context.degraded(amiss.filter((why) => why !== '').join('; '))
  }
}
