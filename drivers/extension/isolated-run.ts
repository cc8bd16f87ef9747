import { Worker } from 'node:worker_threads'
import type { Codec } from '../../firmware-protocols/codec.ts'
import {
  type Command,
  type Delivery,
  type DriverContext,
  DriverError,
  type DriverRun,
  type SendOptions,
  type SendOutcome,
  type TimerHandle
} from '../driver.ts'
import { limitedSend } from '../limited-send.ts'
import type { RunBoundCodec } from '../run-bound-codec.ts'
import { createRunEnd, type RunEnd } from '../run-end.ts'
import { SHORT_ID } from '../short-id.ts'
import { createAmissLog } from './amiss-log.ts'
import { cleanReadings } from './clean-readings.ts'
import { ExtensionError, textOfThrown } from './extension-error.ts'
import {
  type FromRun,
  type PlainDelivery,
  type Remembered,
  type RunFailure,
  type RunOrder,
  SharedRunState,
  type ToRun,
  threadMonotonicMs
} from './run-messages.ts'

const LOOK_EVERY_MS = 1_000
/** So many looks without a sign of life: the thread loops. Looks, not seconds: a machine that slept is no defect of the driver. */
const LOOKS_UNTIL_STUCK = 10
/** Shorter than the supervisor waits, which would leave the run behind. */
const STOP_LIMIT_MS = 4_000
const MAX_HEAP_MB = 256
const OLDEST_DELIVERY_MS = 60_000
const MAX_REMEMBERED_LENGTH = 1_000
const NAMESPACE = /^[a-z0-9][a-z0-9_-]{0,62}$/

/** One run of a third-party driver, as the main thread sees it: starts its thread, takes what it says, and ends it whatever it does. */
export class IsolatedRun implements DriverRun {
  readonly #driver: RunOrder['driver']
  readonly #settings: unknown
  readonly #codec: RunBoundCodec | undefined
  readonly #context: DriverContext
  readonly #end: RunEnd
  readonly #state = new SharedRunState()
  readonly #countersSeen: number[] = []
  readonly #sayAmiss: (why: string) => void
  readonly #sending = new Map<number, { readonly settle: (outcome: SendOutcome) => void; readonly options: SendOptions }>()
  #thread: Worker | undefined
  #starting: { readonly resolve: () => void; readonly reject: (error: DriverError) => void } | undefined
  #stopped: Promise<void> | undefined
  #onStopped: (() => void) | undefined
  #gone = false
  #look: TimerHandle | undefined
  #nextSend = 0

  constructor(driver: RunOrder['driver'], settings: unknown, codec: Codec | undefined, context: DriverContext) {
    this.#driver = driver
    this.#settings = settings
    this.#codec = codec
    this.#context = context
    this.#end = createRunEnd(context)
    this.#sayAmiss = createAmissLog(context, `driver "${driver.kind}"`)
    this.#end.signal.addEventListener('abort', () => void this.stop(), { once: true })
  }

  async start(): Promise<void> {
    this.#end.check()
    const started = new Promise<void>((resolve, reject) => {
      this.#starting = { resolve, reject }
    })
    this.#thread = this.#startThread()
    this.#watch()
    await started
    this.#end.check()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#close()
    this.#end.end()
    return this.#stopped
  }

  send(target: string, command: Command, options: SendOptions): Promise<SendOutcome> {
    return limitedSend(
      this.#context.clock,
      options,
      this.#end.signal,
      (limited) =>
        new Promise((resolve) => {
          const id = ++this.#nextSend
          const settle = (outcome: SendOutcome): void => {
            this.#sending.delete(id)
            resolve(outcome)
          }
          this.#sending.set(id, { settle, options: limited })
          limited.signal.addEventListener('abort', () => {
            this.#sending.delete(id)
            this.#post({ kind: 'withdraw', id })
          })
          if (!this.#post({ kind: 'send', id, target, command, timeoutMs: limited.timeoutMs }))
            settle({ stage: 'failed', code: 'SOURCE_DOWN', why: 'the source is not running' })
        })
    )
  }

  #startThread(): Worker {
    const { gatewayId, sourceId, storageFails, tap } = this.#context
    const order: RunOrder = {
      driver: this.#driver,
      ...this.#codecOrder(),
      settings: this.#settings,
      sourceId,
      ...(gatewayId === undefined ? {} : { gatewayId }),
      recorded: tap !== undefined,
      knowsStorage: storageFails !== undefined,
      shared: this.#state.buffer
    }
    const thread = new Worker(new URL(`./run-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url), {
      workerData: order,
      name: `tagward-${sourceId}`.slice(0, 15),
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB }
    })
    for (const stream of [thread.stdout, thread.stderr])
      stream
        .setEncoding('utf8')
        .on('data', (text: string) => this.#context.log.debug({ sourceId, text: text.slice(0, 500) }, 'the driver printed'))
    thread.on('message', (message: FromRun) => this.#take(message))
    thread.on('messageerror', (error) => this.#sayAmiss(textOfThrown(error)))
    thread.on('error', (error) => this.#fail(failureOfThread(error)))
    thread.on('exit', (code) => {
      this.#gone = true
      this.#onStopped?.()
      this.#fail({ code: 'DRIVER_EXCEPTION', message: `the driver ended its thread (exit code ${code})`, retriable: true })
    })
    return thread
  }

  #codecOrder(): Pick<RunOrder, 'codec'> {
    if (this.#codec === undefined) return {}
    const { configured, memory, place, protocol } = this.#codec
    return {
      codec: {
        protocol,
        ...(place === undefined ? {} : { place }),
        ...(configured === undefined ? {} : { configured }),
        ...(memory?.entries === undefined ? {} : { memory: [...memory.entries()] })
      }
    }
  }

  #take(message: FromRun): void {
    switch (message.kind) {
      case 'delivery':
        this.#state.taken()
        this.#deliver(message.delivery)
        break
      case 'remembered':
        this.#remember(message.remembered)
        break
      case 'tapped-bytes':
        this.#state.taken()
        this.#context.tap?.bytes(message.bytes)
        break
      case 'tapped-message':
        this.#state.taken()
        this.#context.tap?.message(message.bytes, message.context)
        break
      case 'started':
        this.#starting?.resolve()
        break
      case 'failed':
        this.#fail(message.failure)
        break
      case 'stopped':
        this.#onStopped?.()
        break
      case 'degraded':
        this.#context.degraded(message.why)
        break
      case 'log':
        this.#context.log[message.level]({ ...message.details, sourceId: this.#context.sourceId }, message.message)
        break
      case 'stage':
        this.#sending.get(message.id)?.options.onStage?.(message.stage)
        break
      case 'outcome':
        this.#sending.get(message.id)?.settle(checkedOutcome(message.outcome))
        break
    }
  }

  #deliver({ arrivedMs, remembered, toldOfGivingUp, waiting, ...delivery }: PlainDelivery): void {
    const { clock, counters, sink } = this.#context
    this.#takeCounters()
    if (this.#end.signal.aborted) {
      counters.dropped++
      return
    }
    const clean = cleanReadings(delivery.readings)
    if (clean.amiss.length > 0) this.#sayAmiss(clean.amiss.join('; '))
    const told = this.#toldOf(waiting, toldOfGivingUp === true)
    if (remembered !== undefined) this.#remember(remembered)
    const isRepeat = delivery.repeat === true && clean.readings.length === 0
    if (clean.readings.length === 0 && !isRepeat) {
      told.onDurable?.()
      return
    }
    const ageMs = Math.min(OLDEST_DELIVERY_MS, Math.max(0, threadMonotonicMs() - arrivedMs))
    sink.deliver({
      readings: clean.readings,
      receivedAt: Math.round(clock.wallMs() - ageMs),
      monotonicMs: clock.monotonicMs() - ageMs,
      idNamespace: matching(delivery.idNamespace, NAMESPACE),
      receiver: matching(delivery.receiver, SHORT_ID),
      rssiDbm: Number.isFinite(delivery.rssiDbm) ? delivery.rssiDbm : undefined,
      redelivered: delivery.redelivered === true,
      pressing: delivery.pressing === true,
      repeat: isRepeat ? true : undefined,
      ...told
    })
  }

  #remember(remembered: Remembered): void {
    for (const [name, text] of remembered)
      if (typeof name === 'string' && typeof text === 'string' && name.length + text.length <= MAX_REMEMBERED_LENGTH)
        this.#codec?.memory?.remember(name, text)
  }

  #toldOf(id: number | undefined, alsoOfGivingUp: boolean): Pick<Delivery, 'onDurable' | 'onGivenUp'> {
    if (id === undefined) return {}
    return {
      onDurable: () => void this.#post({ kind: 'durable', id }),
      ...(alsoOfGivingUp ? { onGivenUp: () => void this.#post({ kind: 'given-up', id }) } : {})
    }
  }

  /** Once a second: counters, the state of the storage, and whether the thread still lives. */
  #watch(): void {
    let beats = this.#state.beats
    let still = 0
    const look = (): void => {
      this.#takeCounters()
      this.#state.storageFails = this.#context.storageFails?.() === true
      const now = this.#state.beats
      still = now === beats ? still + 1 : 0
      beats = now
      if (still >= LOOKS_UNTIL_STUCK) {
        this.#fail({
          code: 'EXTENSION_HANGS',
          message: `the thread of the driver has shown no sign of life for ${(LOOKS_UNTIL_STUCK * LOOK_EVERY_MS) / 1_000} s`,
          retriable: true
        })
        return
      }
      this.#look = this.#context.clock.setTimeout(look, LOOK_EVERY_MS)
    }
    this.#look = this.#context.clock.setTimeout(look, LOOK_EVERY_MS)
  }

  #fail({ code, message, remedy, retriable }: RunFailure): void {
    const error =
      remedy === undefined
        ? new DriverError(code, message, { retriable })
        : new ExtensionError({ code, message: `${message}; ${remedy}`, remedy }, { retriable })
    const starting = this.#starting
    this.#starting = undefined
    if (starting !== undefined && !this.#end.signal.aborted) starting.reject(error)
    if (!this.#end.signal.aborted) this.#context.failed(error)
  }

  #takeCounters(): void {
    this.#state.takeCounters(this.#context.counters, this.#countersSeen)
  }

  /** False: there is no thread to hear it. */
  #post(message: ToRun): boolean {
    if (this.#thread === undefined || this.#gone) return false
    this.#thread.postMessage(message)
    return true
  }

  async #close(): Promise<void> {
    const thread = this.#thread
    this.#look?.cancel()
    this.#starting?.reject(new DriverError('RUN_ENDED', 'the run was stopped before it was up', { retriable: true }))
    if (thread === undefined) return
    await this.#askToStop()
    await thread.terminate()
    this.#takeCounters()
  }

  async #askToStop(): Promise<void> {
    if (this.#gone) return
    const { clock, log, sourceId } = this.#context
    await new Promise<void>((resolve) => {
      const limit = clock.setTimeout(() => {
        log.warn({ sourceId, limitMs: STOP_LIMIT_MS }, 'the driver did not stop in time; its thread is ended')
        resolve()
      }, STOP_LIMIT_MS)
      this.#onStopped = () => {
        limit.cancel()
        resolve()
      }
      this.#post({ kind: 'stop' })
    })
  }
}

function failureOfThread(error: unknown): RunFailure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const why =
    code === 'ERR_WORKER_OUT_OF_MEMORY'
      ? `the driver took more than ${MAX_HEAP_MB} MB of memory, and its thread was ended`
      : `the driver threw where nothing caught it: ${textOfThrown(error)}`
  return { code: 'DRIVER_EXCEPTION', message: why, retriable: true }
}

function checkedOutcome(outcome: SendOutcome): SendOutcome {
  switch (outcome?.stage) {
    case 'accepted':
    case 'delivered':
    case 'acknowledged':
    case 'unsupported':
      return { stage: outcome.stage }
    case 'failed':
      return { stage: 'failed', code: String(outcome.code).slice(0, 60), why: String(outcome.why).slice(0, 500) }
    default:
      return { stage: 'failed', code: 'DRIVER_EXCEPTION', why: 'the driver does not say what became of the command' }
  }
}

function matching(text: unknown, pattern: RegExp): string | undefined {
  return typeof text === 'string' && pattern.test(text) ? text : undefined
}
