import type { Codec } from '../../../firmware-protocols/codec.ts'
import { type Clock, type Delivery, type Driver, DriverError, type DriverRun, type FrameCounters, type TimerHandle } from '../../driver.ts'
import { waitUntil } from './wait-until.ts'

/** One side of the world that a driver talks to, made anew for every check. */
export interface DriverWorld {
  readonly codec?: Codec
  /** Settings, as a configuration gives them, of a link that works. */
  readonly settings: unknown
  /** Settings of a link that cannot be opened, and the failure that must be declared for it; absent: it always can. */
  readonly unopenable?: { readonly settings: unknown; readonly code: string; readonly retriable: boolean }
  /** Settings of a link whose opening does not come to an end by itself; absent: there is none. */
  readonly hanging?: { readonly settings: unknown }
  /** Makes the other side send something that gives at least one delivery. Called while the run is up, any number of times. */
  produce(): void | Promise<void>
  /** Breaks the open link from outside, and the failure that must be declared for it; absent: it cannot break. */
  readonly breakable?: { breakLink(): void | Promise<void>; readonly code: string; readonly retriable: boolean }
  /** Default: real time. With a virtual clock `passTime` moves it on. */
  readonly clock?: Clock
  passTime?(): void | Promise<void>
  tearDown(): Promise<void>
}

/** How long a real link may take in these checks; a limit, never a criterion of speed. */
const LIMIT_MS = 10_000

const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(timer) }
  }
}

/** One run of a driver, and all that it says. */
export interface Trial {
  readonly run: DriverRun
  readonly deliveries: Delivery[]
  readonly failures: DriverError[]
  readonly counters: FrameCounters
  readonly ending: AbortController
  /** Bytes and messages that a recording would have got. */
  readonly recorded: Uint8Array[]
  pendingTimers(): number
}

/** Tries runs out in one world. */
export class TrialRoom {
  readonly #driver: Driver<unknown>
  readonly world: DriverWorld
  readonly #trials: Trial[] = []

  constructor(driver: Driver<unknown>, world: DriverWorld) {
    this.#driver = driver
    this.world = world
  }

  get clock(): Clock {
    return this.world.clock ?? systemClock
  }

  begin(settings: unknown = this.world.settings): Trial {
    const deliveries: Delivery[] = []
    const failures: DriverError[] = []
    const ending = new AbortController()
    const clock = countingClock(this.clock)
    const counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
    const recorded: Uint8Array[] = []
    const keep = (bytes: Uint8Array): void => void recorded.push(bytes.slice())
    const silent = () => undefined
    const run = this.#driver.createRun(this.#driver.settings.parse(settings), this.world.codec, {
      sourceId: 'contract',
      clock,
      log: { debug: silent, info: silent, warn: silent, error: silent },
      counters,
      tap: { bytes: keep, message: keep },
      signal: ending.signal,
      sink: {
        deliver(delivery) {
          deliveries.push(delivery)
          delivery.onDurable?.()
        }
      },
      degraded: silent,
      failed: (error) => failures.push(error)
    })
    const trial: Trial = { run, deliveries, failures, counters, ending, recorded, pendingTimers: () => clock.pending() }
    this.#trials.push(trial)
    return trial
  }

  async passTime(): Promise<void> {
    await this.world.passTime?.()
  }

  /** Has the other side send something, and waits until it is delivered. */
  async receive(trial: Trial): Promise<void> {
    const before = trial.deliveries.length
    await this.world.produce()
    await waitUntil(
      'a delivery',
      async () => {
        await this.passTime()
        return trial.deliveries.length > before
      },
      LIMIT_MS
    )
  }

  async leave(): Promise<void> {
    await Promise.all(this.#trials.map(({ run }) => run.stop()))
    await this.world.tearDown()
  }
}

function countingClock(clock: Clock): Clock & { pending(): number } {
  const pending = new Set<TimerHandle>()
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    setTimeout(callback, delayMs) {
      const timer = clock.setTimeout(() => {
        pending.delete(timer)
        callback()
      }, delayMs)
      pending.add(timer)
      return {
        cancel: () => {
          pending.delete(timer)
          timer.cancel()
        }
      }
    },
    pending: () => pending.size
  }
}

/** How a promise settled; fails when it does not. */
export function settled<T>(what: string, promise: Promise<T>): Promise<{ readonly value?: T; readonly error?: unknown }> {
  let outcome: { readonly value?: T; readonly error?: unknown } | undefined
  promise.then(
    (value) => {
      outcome = { value }
    },
    (error: unknown) => {
      outcome = { error }
    }
  )
  return waitUntil(`${what} settles`, () => outcome, LIMIT_MS)
}

/** Of another copy of the class too: an extension may have brought its own. */
export function isDriverError(error: unknown): error is DriverError {
  return error instanceof DriverError || (error instanceof Error && 'code' in error && 'retriable' in error)
}
