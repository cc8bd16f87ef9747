import type { DecoderMemory } from '../../firmware-protocols/codec.ts'
import type { Clock, Delivery, DriverContext, DriverRun, FrameCounters, Logger, SendOutcome } from '../driver.ts'
import type { LinkTap } from '../link-tap.ts'
import { RateGate } from '../rate-gate.ts'
import { createRunClock } from '../supervisor/run-clock.ts'
import { textOfThrown } from './extension-error.ts'
import {
  type FromRun,
  type LogLevel,
  type PlainDelivery,
  type RunOrder,
  SharedRunState,
  type ToRun,
  threadMonotonicMs
} from './run-messages.ts'

/** Messages that may be under way: what a driver says beyond that is dropped, so that a flood fills no memory. */
const MAX_UNDER_WAY = 1_000
/** Room that only what may be an alarm can use. */
const KEPT_FOR_ALARMS = 1_000
/** Every delivery is looked at in the main thread; this many take it about a tenth of its time. */
const MAX_DELIVERIES_PER_S = 5_000
const MAX_LINES_PER_S = 50
const LONGEST_LINE = 4_096
const MAX_WAITING = 10_000
const BEAT_EVERY_MS = 500
const MAX_REMEMBERED = 1_000

type Sent = Extract<ToRun, { kind: 'send' }>

const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: threadMonotonicMs,
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(timer) }
  }
}

/** What a driver is given in its thread, in place of the supervisor's own context. */
export class ThreadContext {
  readonly log: Logger
  readonly #order: RunOrder
  readonly #post: (message: FromRun) => void
  readonly #fail: (thrown: unknown) => void
  readonly #state: SharedRunState
  readonly #counters: FrameCounters
  readonly #ending = new AbortController()
  readonly #clock: ReturnType<typeof createRunClock>
  readonly #deliveries = new RateGate(MAX_DELIVERIES_PER_S)
  readonly #lines = new RateGate(MAX_LINES_PER_S)
  readonly #waiting = new Map<number, Pick<Delivery, 'onDurable' | 'onGivenUp'>>()
  readonly #sending = new Map<number, AbortController>()
  readonly #remembered: (readonly [name: string, text: string])[] = []
  #nextId = 0

  constructor(order: RunOrder, post: (message: FromRun) => void, fail: (thrown: unknown) => void) {
    this.#order = order
    this.#post = post
    this.#fail = fail
    this.#state = new SharedRunState(order.shared)
    this.#counters = this.#state.countersOfThread()
    this.#clock = createRunClock(clock, fail)
    this.log = {
      debug: (details, message) => this.#say('debug', details, message),
      info: (details, message) => this.#say('info', details, message),
      warn: (details, message) => this.#say('warn', details, message),
      error: (details, message) => this.#say('error', details, message)
    }
    setInterval(() => this.#beat(), BEAT_EVERY_MS)
  }

  get ended(): boolean {
    return this.#ending.signal.aborted
  }

  end(): void {
    this.#ending.abort()
  }

  forDriver(): DriverContext {
    const { gatewayId, knowsStorage, recorded, sourceId } = this.#order
    return {
      sourceId,
      ...(gatewayId === undefined ? {} : { gatewayId }),
      ...(knowsStorage ? { storageFails: () => this.#state.storageFails } : {}),
      ...(recorded ? { tap: this.#tap() } : {}),
      clock: this.#clock,
      log: this.log,
      counters: this.#counters,
      sink: { deliver: (delivery) => this.#deliver(delivery) },
      signal: this.#ending.signal,
      degraded: (why) => this.#post({ kind: 'degraded', why: String(why).slice(0, 500) }),
      failed: this.#fail
    }
  }

  /** A copy of what the decoders of the source remember; what is new goes with the next delivery. Undefined: nothing is kept. */
  memory(): DecoderMemory | undefined {
    const known = this.#order.codec?.memory
    if (known === undefined) return undefined
    const texts = new Map(known)
    return {
      recall: (name) => texts.get(name),
      remember: (name, text) => {
        texts.set(name, text)
        if (this.#remembered.length >= MAX_REMEMBERED) this.#remembered.shift()
        this.#remembered.push([name, text])
      }
    }
  }

  #beat(): void {
    this.#state.beat()
    if (this.#remembered.length > 0) this.#post({ kind: 'remembered', remembered: this.#remembered.splice(0) })
  }

  /** What became of a delivery that somebody waits for. */
  settle(id: number, outcome: 'durable' | 'given-up'): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    try {
      if (outcome === 'durable') waiting?.onDurable?.()
      else waiting?.onGivenUp?.()
    } catch (error) {
      this.#fail(error)
    }
  }

  send(run: DriverRun | undefined, { command, id, target, timeoutMs }: Sent): void {
    const withdrawal = new AbortController()
    this.#sending.set(id, withdrawal)
    const attempt = async (): Promise<SendOutcome> => {
      if (run === undefined) return { stage: 'failed', code: 'SOURCE_DOWN', why: 'the source is not running' }
      return await run.send(target, command, {
        timeoutMs,
        signal: withdrawal.signal,
        onStage: (stage) => this.#post({ kind: 'stage', id, stage })
      })
    }
    const settle = (outcome: SendOutcome): void => {
      this.#sending.delete(id)
      this.#post({ kind: 'outcome', id, outcome })
    }
    attempt()
      .then(settle)
      .catch((error: unknown) => settle({ stage: 'failed', code: 'DRIVER_EXCEPTION', why: textOfThrown(error) }))
  }

  withdraw(id: number): void {
    this.#sending.get(id)?.abort()
  }

  #deliver(delivery: Delivery): void {
    if (this.ended || !this.#mayDeliver(delivery)) {
      this.#counters.dropped++
      return
    }
    const { idNamespace, monotonicMs, onDurable, onGivenUp, pressing, readings, receiver, redelivered, repeat, rssiDbm } = delivery
    const waits = onDurable !== undefined || onGivenUp !== undefined
    const plain: PlainDelivery = {
      readings,
      arrivedMs: typeof monotonicMs === 'number' && monotonicMs <= threadMonotonicMs() ? monotonicMs : threadMonotonicMs(),
      idNamespace,
      pressing,
      receiver,
      redelivered,
      rssiDbm,
      repeat,
      ...(this.#remembered.length > 0 ? { remembered: this.#remembered.splice(0) } : {}),
      ...(waits ? { waiting: this.#wait(onDurable, onGivenUp), toldOfGivingUp: onGivenUp !== undefined } : {})
    }
    try {
      // Readings that cannot be cloned (functions in them) are a defect of the driver: it is thrown at whoever delivers.
      this.#post({ kind: 'delivery', delivery: plain })
      this.#state.sent()
    } catch (error) {
      this.#counters.errors++
      if (plain.waiting !== undefined) this.#waiting.delete(plain.waiting)
      throw error
    }
  }

  /** In a flood, what may be an alarm goes first. */
  #mayDeliver({ onDurable, readings }: Delivery): boolean {
    const mayBeAlarm = Array.isArray(readings) && readings.some((reading) => reading?.signals !== undefined)
    if (this.#state.underWay >= MAX_UNDER_WAY + (mayBeAlarm ? KEPT_FOR_ALARMS : 0)) return false
    if (onDurable !== undefined && this.#waiting.size >= MAX_WAITING) return false
    return this.#deliveries.passes(threadMonotonicMs()) || mayBeAlarm
  }

  #wait(onDurable: Delivery['onDurable'], onGivenUp: Delivery['onGivenUp']): number {
    const id = ++this.#nextId
    this.#waiting.set(id, { onDurable, onGivenUp })
    return id
  }

  #tap(): LinkTap {
    const send = (message: FromRun): void => {
      if (this.#state.underWay >= MAX_UNDER_WAY) return
      this.#post(message)
      this.#state.sent()
    }
    return {
      bytes: (chunk) => send({ kind: 'tapped-bytes', bytes: Uint8Array.from(chunk) }),
      message: (bytes, context) => send({ kind: 'tapped-message', bytes: Uint8Array.from(bytes), context })
    }
  }

  #say(level: LogLevel, details: object, message: string): void {
    if (!this.#lines.passes(threadMonotonicMs())) return
    let plain: object = {}
    try {
      const text = JSON.stringify(details)
      plain = text.length > LONGEST_LINE ? { details: `${text.slice(0, LONGEST_LINE)}…` } : (JSON.parse(text) as object)
    } catch {
      plain = { details: 'cannot be shown' }
    }
    this.#post({ kind: 'log', level, details: plain, message: String(message).slice(0, 500) })
  }
}
