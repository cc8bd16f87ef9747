import { setMaxListeners } from 'node:events'
import type { Clock, Command, Delivery, Driver, DriverRun, FrameCounters, Logger, SendOptions, SendOutcome } from '../driver.ts'
import { DriverError } from '../driver.ts'
import { asDriverError, messageOf } from '../driver-errors.ts'
import { createAmissLog } from '../extension/amiss-log.ts'
import { limitedSend } from '../limited-send.ts'
import type { LinkTap } from '../link-tap.ts'
import type { RunBoundCodec } from '../run-bound-codec.ts'
import { createRunClock } from './run-clock.ts'

export interface RunLimits {
  readonly startLimitMs: number
  readonly stopLimitMs: number
}

export interface RunEvents {
  started(): void
  failed(error: DriverError): void
  degraded(why: string): void
  delivered(delivery: Delivery): void
  closed(): void
}

export interface SupervisedRun {
  /** Ends the run; `events.closed` follows, after the stop limit at the latest. */
  close(): void
  send(target: string, command: Command, options: SendOptions): Promise<SendOutcome>
}

export interface RunParts {
  readonly sourceId: string
  readonly driver: Driver<unknown>
  readonly settings: unknown
  readonly codec: RunBoundCodec | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly counters: FrameCounters
  readonly limits: RunLimits
  readonly gatewayId?: string | undefined
  readonly storageFails?: (() => boolean) | undefined
  readonly tap?: LinkTap | undefined
}

/**
 * Opens one run of a driver and keeps it from harming anything else: a start and a stop that hang are given up after their
 * limits, exceptions become failures of this run, and what an ended run still says is dropped.
 */
export function openRun(parts: RunParts, events: RunEvents): SupervisedRun {
  const { clock, counters, limits, log, sourceId } = parts
  const ending = new AbortController()
  // Every command that waits listens to it.
  setMaxListeners(0, ending.signal)
  let over = false
  let run: DriverRun | undefined

  const fail = (error: unknown): void => {
    startLimit.cancel()
    if (!over && !ending.signal.aborted) events.failed(asDriverError(error))
  }
  const runClock = createRunClock(clock, fail)
  const deliver = (delivery: Delivery): void => {
    if (over) {
      counters.dropped++
      return
    }
    try {
      events.delivered(delivery)
    } catch (error) {
      counters.errors++
      log.error({ sourceId, error: messageOf(error) }, 'a delivery could not be taken in')
    }
  }
  const startLimit = clock.setTimeout(
    () =>
      fail(
        new DriverError('START_TIMEOUT', `the source did not start within ${limits.startLimitMs / 1000} s`, {
          retriable: true
        })
      ),
    limits.startLimitMs
  )

  const start = async (): Promise<void> => {
    run = parts.driver.createRun(parts.settings, codecForRun(parts, fail), {
      sourceId,
      ...(parts.gatewayId === undefined ? {} : { gatewayId: parts.gatewayId }),
      ...(parts.storageFails === undefined ? {} : { storageFails: parts.storageFails }),
      ...(parts.tap === undefined ? {} : { tap: parts.tap }),
      clock: runClock,
      log,
      counters,
      sink: { deliver },
      signal: ending.signal,
      degraded: (why) => {
        if (!over) events.degraded(why)
      },
      failed: fail
    })
    await run.start()
  }
  start().then(
    () => {
      startLimit.cancel()
      if (!over && !ending.signal.aborted) events.started()
    },
    (error: unknown) => fail(error)
  )

  const finish = (): void => {
    if (over) return
    over = true
    stopLimit?.cancel()
    runClock.close()
    events.closed()
  }
  let stopLimit: { cancel(): void } | undefined

  return {
    close() {
      if (ending.signal.aborted) return
      startLimit.cancel()
      stopLimit = clock.setTimeout(() => {
        log.warn({ sourceId, limitMs: limits.stopLimitMs }, 'the source did not stop in time and is left behind')
        finish()
      }, limits.stopLimitMs)
      ending.abort()
      const stop = async (): Promise<void> => run?.stop()
      stop().then(finish, (error: unknown) => {
        log.error({ sourceId, error: messageOf(error) }, 'stopping the source failed')
        finish()
      })
    },
    send: (target, command, options) => {
      const current = run
      if (current === undefined) return Promise.resolve({ stage: 'failed', code: 'SOURCE_DOWN', why: 'the source is not running' })
      return limitedSend(clock, options, ending.signal, (limited) => current.send(target, command, limited))
    }
  }
}

/** A codec of a third party says what is wrong with itself to the run that uses it. */
function codecForRun({ clock, codec, counters, log, sourceId }: RunParts, fail: (error: DriverError) => void): RunBoundCodec | undefined {
  if (codec?.forRun === undefined) return codec
  const amiss = createAmissLog({ clock, counters, log, sourceId }, `codec "${codec.protocol}"`)
  const { configured, memory, place } = codec
  return {
    ...codec.forRun({ fail, amiss }),
    ...(configured === undefined ? {} : { configured }),
    ...(memory === undefined ? {} : { memory }),
    ...(place === undefined ? {} : { place })
  }
}
