import type { Clock, Delivery, DriverError, DriverRun, FrameCounters } from '../drivers/driver.ts'
import { createMqttDriver } from '../drivers/mqtt/driver.ts'
import type { Codec } from '../firmware-protocols/codec.ts'
import { createMemoryLogger, type LogLine } from './memory-logger.ts'
import { systemClock } from './system-clock.ts'
import { createToyCodec } from './toy-codec.ts'

export interface MqttSourceOptions {
  readonly settings: object
  /** Keeps what is known of sessions over runs; default: one of its own, as after a restart of the program. */
  readonly driver?: ReturnType<typeof createMqttDriver>
  readonly codec?: Codec
  readonly clock?: Clock
  /** Confirm everything at once; default: only what `commit` is called for. */
  readonly commitsAtOnce?: boolean
  /** What the driver is told of the storage. */
  readonly storageFails?: () => boolean
  /** What the log lets go: it is never committed. */
  readonly givesUp?: (delivery: Delivery) => boolean
  /** The sink throws at the delivery of this number (from 1). */
  readonly failOn?: number
}

export interface MqttSource {
  readonly run: DriverRun
  readonly deliveries: readonly Delivery[]
  readonly failures: readonly DriverError[]
  readonly degraded: readonly string[]
  readonly counters: FrameCounters
  readonly logLines: readonly LogLine[]
  /** Numbers of the messages delivered, see `numbered`. */
  numbers(): number[]
  /** The log commits: the next `count` deliveries in their order, default all. */
  commit(count?: number): void
  /** The log commits one delivery out of its turn (another lane). */
  commitOnly(index: number): void
}

/** A payload that the toy codec reads as a position with `x` = number. */
export function numbered(number: number): string {
  return `0001 ${number} 0`
}

/** One run of the driver over a log whose commits the test makes. */
export function createMqttSource(options: MqttSourceOptions): MqttSource {
  const { codec = createToyCodec({ transport: 'mqtt' }), clock = systemClock, driver = createMqttDriver() } = options
  const deliveries: Delivery[] = []
  const waiting: Delivery[] = []
  const failures: DriverError[] = []
  const degraded: string[] = []
  const log = createMemoryLogger()
  const counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
  const run = driver.createRun(driver.settings.parse(options.settings), codec, {
    sourceId: 'hall',
    gatewayId: 'test',
    clock,
    log,
    counters,
    ...(options.storageFails === undefined ? {} : { storageFails: options.storageFails }),
    signal: new AbortController().signal,
    sink: {
      deliver(delivery) {
        if (deliveries.length + 1 === options.failOn) throw new TypeError('a defect further on')
        deliveries.push(delivery)
        if (options.commitsAtOnce) delivery.onDurable?.()
        else if (options.givesUp?.(delivery)) delivery.onGivenUp?.()
        else waiting.push(delivery)
      }
    },
    degraded: (why) => degraded.push(why),
    failed: (error) => failures.push(error)
  })
  return {
    run,
    deliveries,
    failures,
    degraded,
    counters,
    logLines: log.lines,
    numbers: () => deliveries.map(({ readings }) => readings[0]?.position?.x ?? Number.NaN),
    commit(count = waiting.length) {
      for (const delivery of waiting.splice(0, count)) delivery.onDurable?.()
    },
    commitOnly(index) {
      for (const delivery of waiting.splice(index, 1)) delivery.onDurable?.()
    }
  }
}
