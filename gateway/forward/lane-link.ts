import type { Clock } from '../../drivers/driver.ts'
import { type BackoffPolicy, backoffDelays } from '../../drivers/supervisor/backoff.ts'
import type { ForwardPort, TopicDifference, TopicSettings } from './forward-port.ts'
import { LinkError, linkErrorOf } from './link-error.ts'
import { Sleeper } from './sleeper.ts'

export interface LinkFailure {
  readonly code: string
  readonly message: string
  /** Epoch milliseconds. */
  readonly at: number
}

export interface LaneLinkOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly topics: readonly TopicSettings[]
  /** Ports are used once: after a failure a new one is made. */
  readonly createPort: () => ForwardPort
  /** Before each attempt to connect: the alarm lane goes first. */
  readonly beforeConnect: () => Promise<void>
  /** Between attempts to connect. */
  readonly backoff: BackoffPolicy
  readonly onConnected?: () => void
  readonly onChange: () => void
}

/** Whatever a port promises, a call that has not settled after this is given up with its port. */
export const PORT_LIMIT_MS = 420_000
/** NTP slews by less; a larger difference between the clocks' movements is a step (or a machine that slept). */
const CLOCK_STEP_MS = 2_000

/**
 * The connection of one lane. It is made anew, for ever, with growing delays: after every failure of the link as a whole,
 * and when the wall clock was stepped, because clients mix up time limits and wall time.
 */
export class LaneLink {
  readonly #options: LaneLinkOptions
  readonly #sleeper: Sleeper
  readonly #pause: Sleeper
  /** The one in use, or being opened. */
  #port: ForwardPort | undefined
  #open = false
  #connecting: Promise<ForwardPort | undefined> | undefined
  #backoff: Iterator<number>
  #delayMs = 0
  #clockOffsetMs = 0
  #lastFailure: LinkFailure | undefined
  readonly #differences = new Map<string, readonly TopicDifference[]>()
  readonly #onceConnected = new Set<() => void>()

  constructor(options: LaneLinkOptions) {
    this.#options = options
    this.#sleeper = new Sleeper(options.clock)
    this.#pause = new Sleeper(options.clock)
    this.#backoff = backoffDelays(options.backoff, options.random)
  }

  get connected(): boolean {
    return this.#open
  }

  get lastFailure(): LinkFailure | undefined {
    return this.#lastFailure
  }

  get differences(): readonly TopicDifference[] {
    return [...this.#differences.values()].flat()
  }

  /** A port that is connected, as far as known. Undefined: the link was stopped. */
  ready(): Promise<ForwardPort | undefined> {
    if (this.#sleeper.stopped) return Promise.resolve(undefined)
    if (this.#port !== undefined && this.#open) {
      if (!this.#wallClockStepped()) return Promise.resolve(this.#port)
      this.#drop(this.#port)
    }
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  /** Resolves when the link is connected, at the latest after `limitMs` or when it is stopped. */
  whenConnected(limitMs: number): Promise<void> {
    if (this.#open || this.#sleeper.stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const go = () => {
        timer.cancel()
        this.#onceConnected.delete(go)
        resolve()
      }
      const timer = this.#options.clock.setTimeout(go, limitMs)
      this.#onceConnected.add(go)
    })
  }

  /** There is reason to think that the other side is back: the next attempt need not wait. */
  hurry(): void {
    this.#pause.wake()
  }

  /** The link as a whole failed; the next `ready` waits a while and connects anew. */
  failed(port: ForwardPort, code: string, message: string): void {
    if (this.#port !== port) return
    this.#note(code, message)
    this.#drop(port)
  }

  /** Something was acknowledged: the next failure starts with a short delay. */
  worked(port: ForwardPort): void {
    if (this.#port !== port || this.#delayMs === 0) return
    this.#delayMs = 0
    this.#backoff = backoffDelays(this.#options.backoff, this.#options.random)
  }

  /** Creates missing topics and compares the others; a failure is one of the link. */
  async ensureTopics(port: ForwardPort, topics: readonly TopicSettings[]): Promise<boolean> {
    try {
      const limit = new LinkError('KAFKA_STUCK', 'the client did not settle')
      const result = await this.#sleeper.limited<readonly TopicDifference[] | LinkError>(port.ensureTopics(topics), PORT_LIMIT_MS, limit)
      if (result instanceof LinkError) throw result
      for (const { topic } of topics) this.#differences.delete(topic)
      for (const difference of result)
        this.#differences.set(difference.topic, [...(this.#differences.get(difference.topic) ?? []), difference])
      this.#options.onChange()
      return true
    } catch (error) {
      const { code, message } = linkErrorOf(error, 'kafka')
      this.failed(port, code, message)
      return false
    }
  }

  /** Ends all waiting and frees the port. */
  stop(): void {
    this.#sleeper.stop()
    this.#pause.stop()
    this.#releaseWaiters()
    if (this.#port !== undefined) this.#drop(this.#port)
  }

  async #connect(): Promise<ForwardPort | undefined> {
    for (;;) {
      await this.#pause.sleep(this.#delayMs)
      await this.#options.beforeConnect()
      if (this.#sleeper.stopped) return undefined
      // Taken now: only something acknowledged makes the next delay short again, a connection alone does not.
      this.#delayMs = this.#backoff.next().value ?? this.#options.backoff.capMs
      const port = this.#options.createPort()
      if (await this.#opened(port)) return port
    }
  }

  async #opened(port: ForwardPort): Promise<boolean> {
    this.#port = port
    this.#clockOffsetMs = this.#offsetMs()
    try {
      const late = new LinkError('KAFKA_STUCK', 'the client did not settle')
      const failure = await this.#sleeper.limited<LinkError | undefined>(
        port.connect().then(() => undefined),
        PORT_LIMIT_MS,
        late
      )
      if (failure !== undefined) throw failure
    } catch (error) {
      const { code, message } = linkErrorOf(error, 'kafka')
      this.failed(port, code, message)
      return false
    }
    if (!(await this.ensureTopics(port, this.#options.topics))) return false
    if (this.#sleeper.stopped || this.#port !== port) return false
    this.#lastFailure = undefined
    this.#open = true
    this.#releaseWaiters()
    this.#options.onConnected?.()
    this.#options.onChange()
    return true
  }

  #drop(port: ForwardPort): void {
    this.#port = undefined
    this.#open = false
    // Nothing depends on when it is gone, and its failure is of no interest.
    port.close().catch(() => undefined)
    this.#options.onChange()
  }

  #releaseWaiters(): void {
    for (const go of [...this.#onceConnected]) go()
  }

  #note(code: string, message: string): void {
    this.#lastFailure = { code, message, at: this.#options.clock.wallMs() }
  }

  #offsetMs(): number {
    return this.#options.clock.wallMs() - this.#options.clock.monotonicMs()
  }

  #wallClockStepped(): boolean {
    const offsetMs = this.#offsetMs()
    const stepMs = Math.abs(offsetMs - this.#clockOffsetMs)
    this.#clockOffsetMs = offsetMs
    if (stepMs <= CLOCK_STEP_MS) return false
    // Not a failure: connect at once.
    this.#delayMs = 0
    return true
  }
}
