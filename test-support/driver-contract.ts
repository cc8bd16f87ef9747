import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Clock,
  type Delivery,
  type Driver,
  DriverError,
  type DriverRun,
  type FrameCounters,
  type TimerHandle
} from '../drivers/driver.ts'
import type { Codec } from '../firmware-protocols/codec.ts'
import { createMemoryLogger } from './memory-logger.ts'
import { systemClock } from './system-clock.ts'
import { waitFor } from './wait-for.ts'

/** One side of the world that a driver talks to, made anew for every test. */
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

/** How long a real link may take in these tests; a limit, never a criterion of speed. */
const LIMIT_MS = 10_000
const ACCEPTABLE_CODE = /^[A-Z][A-Z0-9_]+$/

interface Trial {
  readonly run: DriverRun
  readonly deliveries: Delivery[]
  readonly failures: DriverError[]
  readonly counters: FrameCounters
  readonly ending: AbortController
  /** Bytes and messages that a recording would have got. */
  readonly recorded: Uint8Array[]
  pendingTimers(): number
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

function tryOut<Settings>(driver: Driver<Settings>, world: DriverWorld, settings: unknown): Trial {
  const deliveries: Delivery[] = []
  const failures: DriverError[] = []
  const ending = new AbortController()
  const recorded: Uint8Array[] = []
  const keep = (bytes: Uint8Array): void => void recorded.push(bytes.slice())
  const clock = countingClock(world.clock ?? systemClock)
  const counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
  const run = driver.createRun(driver.settings.parse(settings), world.codec, {
    sourceId: 'contract',
    clock,
    log: createMemoryLogger(),
    counters,
    tap: { bytes: keep, message: keep },
    signal: ending.signal,
    sink: {
      deliver(delivery) {
        deliveries.push(delivery)
        delivery.onDurable?.()
      }
    },
    degraded: () => undefined,
    failed: (error) => failures.push(error)
  })
  return { run, deliveries, failures, counters, ending, recorded, pendingTimers: () => clock.pending() }
}

/** What keeps a process alive, by kind; immediates come and go with every turn. */
function handles(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) if (kind !== 'Immediate') counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

function settled<T>(what: string, promise: Promise<T>): Promise<{ readonly value?: T; readonly error?: unknown }> {
  let outcome: { readonly value?: T; readonly error?: unknown } | undefined
  promise.then(
    (value) => {
      outcome = { value }
    },
    (error: unknown) => {
      outcome = { error }
    }
  )
  return waitFor(`${what} settles`, () => outcome, LIMIT_MS)
}

function expectDeclared(error: unknown, expected: { readonly code: string; readonly retriable: boolean }): void {
  expect(error).toBeInstanceOf(DriverError)
  if (!(error instanceof DriverError)) return
  expect({ code: error.code, retriable: error.retriable }).toEqual({ code: expected.code, retriable: expected.retriable })
  expect(error.code).toMatch(ACCEPTABLE_CODE)
  expect(error.message.length).toBeGreaterThan(10)
}

export type ContractTrait = 'unopenable' | 'hanging' | 'breakable'

function offered<T>(trait: ContractTrait, value: T | undefined): T {
  if (value === undefined) throw new Error(`the world of this driver must offer "${trait}", or say that the driver is without it`)
  return value
}

/**
 * The promises of `drivers/driver.ts`, as tests that every driver calls with a world of its own. `without` names what cannot
 * happen to this driver: the tests of it are left out.
 */
export function describeDriverContract<Settings>(
  title: string,
  driver: Driver<Settings>,
  createWorld: () => Promise<DriverWorld>,
  without: readonly ContractTrait[] = []
): void {
  describe(`driver contract: ${title}`, () => {
    let world: DriverWorld
    let trials: Trial[] = []

    const begin = (settings: unknown = world.settings): Trial => {
      const trial = tryOut(driver, world, settings)
      trials.push(trial)
      return trial
    }
    const passTime = async (): Promise<void> => {
      await world.passTime?.()
    }
    const receive = async (trial: Trial): Promise<void> => {
      const before = trial.deliveries.length
      await world.produce()
      await waitFor(
        'a delivery',
        async () => {
          await passTime()
          return trial.deliveries.length > before
        },
        LIMIT_MS
      )
    }

    const itWith = (trait: ContractTrait, title: string, test: () => Promise<void>): void => {
      if (!without.includes(trait)) it(title, test)
    }

    beforeEach(async () => {
      world = await createWorld()
      trials = []
    })
    afterEach(async () => {
      await Promise.all(trials.map(({ run }) => run.stop()))
      await world.tearDown()
    })

    it('names its kind, title and what it carries, and refuses settings that make no sense', () => {
      expect(driver.kind).toMatch(/^[a-z][a-z0-9-]*$/)
      expect(driver.title.length).toBeGreaterThan(3)
      expect(() => driver.settings.parse({ noSuchSetting: 1 })).toThrow()
      expect(() => driver.settings.parse('settings')).toThrow()
    })

    it('starts, delivers stamped readings, counts them, and stops', async () => {
      const { run, deliveries, counters, failures } = begin()
      const trial = trials[0] as Trial
      await run.start()
      await receive(trial)
      const [delivery] = deliveries
      const clock = world.clock ?? systemClock
      expect(Math.abs((delivery?.receivedAt ?? 0) - clock.wallMs())).toBeLessThan(60_000)
      expect(delivery?.monotonicMs).toBeLessThanOrEqual(clock.monotonicMs())
      const readings = deliveries.reduce((sum, { readings }) => sum + readings.length, 0)
      expect(counters.readings).toBe(readings)
      expect(counters.frames).toBeGreaterThan(0)
      expect(failures).toEqual([])
      await run.stop()
    })

    // What makes readings itself has no link that could be recorded.
    it.skipIf(driver.carries.length === 0)('shows a recording what comes over the link, once', async () => {
      const trial = begin()
      await trial.run.start()
      await receive(trial)
      const bytes = trial.recorded.reduce((sum, each) => sum + each.length, 0)
      expect(bytes).toBeGreaterThan(0)
      expect(bytes).toBe(trial.counters.bytesIn)
      await trial.run.stop()
    })

    it('starts again through new runs', async () => {
      for (let round = 0; round < 3; round++) {
        const trial = begin()
        await trial.run.start()
        await receive(trial)
        await trial.run.stop()
        expect(trial.failures).toEqual([])
      }
    })

    it('stops before start, and a run that was stopped never comes up', async () => {
      const { run, deliveries } = begin()
      expect(await settled('stop before start', run.stop())).toEqual({ value: undefined })
      const { error } = await settled('start after stop', run.start())
      expect(error).toBeInstanceOf(DriverError)
      await passTime()
      expect(deliveries).toEqual([])
    })

    it('stops during start', async () => {
      const { run, failures } = begin()
      const start = settled('start', run.start())
      expect(await settled('stop during start', run.stop())).toEqual({ value: undefined })
      await start
      expect(failures).toEqual([])
    })

    it('stops any number of times, also at once', async () => {
      const { run } = begin()
      await run.start()
      const stops = await settled('all stops', Promise.all([run.stop(), run.stop(), run.stop()]))
      expect(stops).toEqual({ value: [undefined, undefined, undefined] })
      expect(await settled('one more stop', run.stop())).toEqual({ value: undefined })
    })

    it('ends the run when the signal is aborted, and refuses to start after it', async () => {
      const trial = begin()
      await trial.run.start()
      trial.ending.abort()
      expect(await settled('stop after abort', trial.run.stop())).toEqual({ value: undefined })
      expect(trial.failures).toEqual([])

      const aborted = begin()
      aborted.ending.abort()
      const { error } = await settled('start after abort', aborted.run.start())
      expect(error).toBeInstanceOf(DriverError)
    })

    it('gives up starting when the signal is aborted meanwhile', async () => {
      const { run, ending } = begin(world.hanging?.settings ?? world.settings)
      const start = settled('start', run.start())
      ending.abort()
      const { error } = await start
      if (world.hanging !== undefined) expect(error).toBeInstanceOf(DriverError)
      expect(await settled('stop', run.stop())).toEqual({ value: undefined })
    })

    itWith('hanging', 'can be stopped while the link does not open', async () => {
      const { run } = begin(offered('hanging', world.hanging).settings)
      const start = settled('start', run.start())
      expect(await settled('stop', run.stop())).toEqual({ value: undefined })
      expect((await start).error).toBeInstanceOf(DriverError)
    })

    it('delivers nothing after stop', async () => {
      const trial = begin()
      await trial.run.start()
      await receive(trial)
      await trial.run.stop()
      const delivered = trial.deliveries.length
      // The other side goes on and a new run hears it: whatever the old one would still say has had its chance by then.
      const next = begin()
      await next.run.start()
      await receive(next)
      await next.run.stop()
      await passTime()
      expect(trial.deliveries).toHaveLength(delivered)
    })

    itWith('unopenable', 'declares why it cannot start, with a code and whether trying again can help', async () => {
      const unopenable = offered('unopenable', world.unopenable)
      const { run, deliveries } = begin(unopenable.settings)
      const { error } = await settled('start', run.start())
      expectDeclared(error, unopenable)
      expect(await settled('stop', run.stop())).toEqual({ value: undefined })
      expect(deliveries).toEqual([])
    })

    itWith('breakable', 'declares that the link broke, and stops cleanly after it', async () => {
      const breakable = offered('breakable', world.breakable)
      const trial = begin()
      await trial.run.start()
      await receive(trial)
      await breakable.breakLink()
      await waitFor('the failure is declared', () => trial.failures.length > 0, LIMIT_MS)
      expectDeclared(trial.failures[0], breakable)
      expect(await settled('stop', trial.run.stop())).toEqual({ value: undefined })
    })

    it('answers what it cannot send with "unsupported", within the limit and without rejecting', async () => {
      const { run } = begin()
      await run.start()
      const raw = { kind: 'raw', payload: { noSuchCommand: true } } as const
      const { value, error } = await settled('send', run.send('ffff', raw, { timeoutMs: 1_000 }))
      expect(error).toBeUndefined()
      expect(['unsupported', 'failed']).toContain(value?.stage)
      await run.stop()
      const after = await settled('send after stop', run.send('ffff', raw, { timeoutMs: 1_000 }))
      expect(after.error).toBeUndefined()
      expect(['unsupported', 'failed']).toContain(after.value?.stage)
    })

    it('leaves nothing behind: no timer, socket or file', async () => {
      const before = handles()
      const trial = begin()
      await trial.run.start()
      await receive(trial)
      await trial.run.stop()
      expect(trial.pendingTimers()).toBe(0)
      await waitFor(
        'all handles are closed',
        () => {
          for (const [kind, count] of handles()) {
            if (kind === 'Timeout') continue
            if (count > (before.get(kind) ?? 0)) throw new Error(`${kind}: ${before.get(kind) ?? 0} before, ${count} after`)
          }
          return true
        },
        LIMIT_MS
      )
    })
  })
}
