/** What the thread of an isolated run and the main thread tell one another. Plain data: it is cloned on its way. */
import type { FrameContext } from '../../firmware-protocols/codec.ts'
import type { Command, Delivery, FrameCounters, SendOutcome } from '../driver.ts'
import type { ExtensionComplaint } from './extension-error.ts'

/** Given to the thread at its start. */
export interface RunOrder {
  readonly driver: ExtensionPlace & { readonly kind: string }
  /** Without a place: one of this program. */
  readonly codec?: {
    readonly protocol: string
    readonly place?: ExtensionPlace
    readonly configured?: unknown
    readonly memory?: Remembered
  }
  readonly settings: unknown
  readonly sourceId: string
  readonly gatewayId?: string
  readonly recorded: boolean
  readonly knowsStorage: boolean
  readonly shared: SharedArrayBuffer
}

/** Names and texts of a `DecoderMemory`. */
export type Remembered = readonly (readonly [name: string, text: string])[]

/** Where an extension is; `version` tells a changed file from the one that was loaded before. */
export interface ExtensionPlace {
  readonly file: string
  readonly version?: string
}

export type ToRun =
  | { readonly kind: 'stop' }
  | { readonly kind: 'send'; readonly id: number; readonly target: string; readonly command: Command; readonly timeoutMs: number }
  | { readonly kind: 'withdraw'; readonly id: number }
  | { readonly kind: 'durable' | 'given-up'; readonly id: number }

export type FromRun =
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly failure: RunFailure }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'degraded'; readonly why: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly details: object; readonly message: string }
  | { readonly kind: 'delivery'; readonly delivery: PlainDelivery }
  | { readonly kind: 'remembered'; readonly remembered: Remembered }
  | { readonly kind: 'tapped-bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'tapped-message'; readonly bytes: Uint8Array; readonly context: FrameContext }
  | { readonly kind: 'stage'; readonly id: number; readonly stage: 'accepted' | 'delivered' | 'acknowledged' }
  | { readonly kind: 'outcome'; readonly id: number; readonly outcome: SendOutcome }

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface RunFailure {
  readonly code: string
  readonly message: string
  readonly retriable: boolean
  readonly remedy?: ExtensionComplaint['remedy']
}

/** A delivery without its functions. */
export interface PlainDelivery extends Omit<Delivery, 'receivedAt' | 'monotonicMs' | 'onDurable' | 'onGivenUp'> {
  /** The processor's monotonic clock at its arrival, which is the same in all threads: `threadMonotonicMs`. */
  readonly arrivedMs: number
  /** Someone waits to hear that it is durable, by this id; and that it was given up. */
  readonly waiting?: number
  readonly toldOfGivingUp?: boolean
  /** What decoders have to remember since the last delivery: becomes durable with this one. */
  readonly remembered?: Remembered
}

/** CLOCK_MONOTONIC, alike in every thread of the process. */
export function threadMonotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}

const COUNTERS: readonly (keyof FrameCounters)[] = [
  'bytesIn',
  'frames',
  'readings',
  'ignored',
  'incomplete',
  'errors',
  'discardedBytes',
  'dropped'
]
const COUNTER_BYTES = 8 * COUNTERS.length
const BEATS = 0
const SENT = 1
const TAKEN = 2
const STORAGE_FAILS = 3

/** Numbers that both threads see at once, so that nothing need be sent for them. */
export class SharedRunState {
  readonly buffer: SharedArrayBuffer
  readonly #counters: Float64Array
  readonly #flags: Int32Array

  constructor(buffer = new SharedArrayBuffer(COUNTER_BYTES + 4 * 4)) {
    this.buffer = buffer
    this.#counters = new Float64Array(buffer, 0, COUNTERS.length)
    this.#flags = new Int32Array(buffer, COUNTER_BYTES, 4)
  }

  /** Counters that a driver adds to in its thread. */
  countersOfThread(): FrameCounters {
    const counters = {}
    for (const [index, name] of COUNTERS.entries())
      Object.defineProperty(counters, name, {
        enumerable: true,
        get: () => this.#counters[index],
        set: (count: number) => {
          this.#counters[index] = count
        }
      })
    return counters as FrameCounters
  }

  /** Adds to `counters` by how much those of the thread have grown since `seen`, which is brought up to date. */
  takeCounters(counters: FrameCounters, seen: number[]): void {
    for (const [index, name] of COUNTERS.entries()) {
      const now = this.#counters[index] ?? 0
      const grown = now - (seen[index] ?? 0)
      if (!(Number.isSafeInteger(grown) && grown > 0)) continue
      counters[name] += grown
      seen[index] = now
    }
  }

  beat(): void {
    Atomics.add(this.#flags, BEATS, 1)
  }

  get beats(): number {
    return Atomics.load(this.#flags, BEATS)
  }

  /** Messages that are under way to the main thread. */
  get underWay(): number {
    return (Atomics.load(this.#flags, SENT) - Atomics.load(this.#flags, TAKEN)) | 0
  }

  sent(): void {
    Atomics.add(this.#flags, SENT, 1)
  }

  taken(): void {
    Atomics.add(this.#flags, TAKEN, 1)
  }

  get storageFails(): boolean {
    return Atomics.load(this.#flags, STORAGE_FAILS) === 1
  }

  set storageFails(fails: boolean) {
    Atomics.store(this.#flags, STORAGE_FAILS, fails ? 1 : 0)
  }
}
