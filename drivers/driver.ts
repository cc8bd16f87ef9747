import type { Codec, TagCommand } from '../firmware-protocols/codec.ts'
import type { Reading } from '../firmware-protocols/reading.ts'
import type { LinkTap } from './link-tap.ts'

/** Wall and monotonic time, injected. Durations are always monotonic; the wall clock only stamps. */
export interface Clock {
  /** Epoch milliseconds. */
  wallMs(): number
  /** Milliseconds since some point before the program began; never goes back. */
  monotonicMs(): number
  setTimeout(callback: () => void, delayMs: number): TimerHandle
}

export interface TimerHandle {
  cancel(): void
}

/** The part of a pino logger that drivers use. */
export interface Logger {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** What came in at once: the readings of one frame, message or advertisement. */
export interface Delivery {
  readonly readings: readonly Reading[]
  /** Nothing but a repeat of what was delivered before (no readings): `onDurable` follows when all that came before is durable. */
  readonly repeat?: true | undefined
  /** Epoch milliseconds and monotonic milliseconds of arrival. */
  readonly receivedAt: number
  readonly monotonicMs: number
  /** Namespace of short ids in these readings when it differs from the source's own. */
  readonly idNamespace?: string | undefined
  /** Receiver that heard it, where a source has several. */
  readonly receiver?: string | undefined
  readonly rssiDbm?: number | undefined
  /** The transport said that this may be a repeat (MQTT DUP). */
  readonly redelivered?: boolean | undefined
  /**
   * Called once, when everything made of this delivery is durable in the log (at once when nothing was made of it).
   * Drivers that acknowledge to a sender do so from here. Never called if the log could not take it.
   */
  readonly onDurable?: (() => void) | undefined
  /**
   * Called once in place of `onDurable`, perhaps within `deliver`, when the storage fails and part of this delivery was let go:
   * a `DataGap` will name it, and the rest is durable. So nothing more will become of it, and its sender need not keep it. Alarms
   * are not let go this way.
   */
  readonly onGivenUp?: (() => void) | undefined
  /** The sender can send little more before it is answered: while the storage fails, telemetry is better given up than held. */
  readonly pressing?: boolean | undefined
}

export interface FrameCounters {
  bytesIn: number
  frames: number
  readings: number
  ignored: number
  incomplete: number
  errors: number
  discardedBytes: number
  dropped: number
}

/** Where a driver puts what it hears. */
export interface DriverSink {
  deliver(delivery: Delivery): void
}

/** Failure that a driver declares; the supervisor alone decides what happens next. */
export class DriverError extends Error {
  /** Stable code for docs and tests, e.g. `LINK_OPEN_FAILED`. */
  readonly code: string
  /** `true`: try again later. `false`: only a change of the configuration helps. */
  readonly retriable: boolean
  readonly details: Readonly<Record<string, unknown>>
  constructor(code: string, message: string, options: { retriable: boolean; cause?: unknown; details?: Record<string, unknown> }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DriverError'
    this.code = code
    this.retriable = options.retriable
    this.details = options.details ?? {}
  }
}

/** A command for a tag or a device; drivers list what they support by answering `unsupported` to the rest. */
export type Command = TagCommand

/**
 * accepted: handed to the link; delivered: the link confirmed it; acknowledged: the device confirmed it. Each stage
 * reached is reported through `onStage`; the promise settles with the last one reached within `timeoutMs`.
 */
export type SendOutcome =
  | { readonly stage: 'accepted' | 'delivered' | 'acknowledged' }
  | { readonly stage: 'failed'; readonly code: string; readonly why: string }
  | { readonly stage: 'unsupported' }

export interface SendOptions {
  readonly timeoutMs: number
  readonly onStage?: (stage: 'accepted' | 'delivered' | 'acknowledged') => void
  readonly signal?: AbortSignal
}

export interface DriverContext {
  readonly sourceId: string
  /** For names that must differ between gateways, such as an MQTT client id. */
  readonly gatewayId?: string
  readonly clock: Clock
  readonly log: Logger
  readonly sink: DriverSink
  /** Counters of this source over all runs; the driver adds, the supervisor shows. */
  readonly counters: FrameCounters
  /** Sees what comes over the link; the feeds hand it on. */
  readonly tap?: LinkTap
  /** Aborted when the run must end; a driver may use it in place of `stop`. */
  readonly signal: AbortSignal
  /** The storage fails: nothing, or little, is confirmed, and it is no use to connect anew for that. Absent: nobody knows. */
  readonly storageFails?: () => boolean
  /** The link works but something is amiss (a receiver missing, garbage on the line); empty text: all well again. */
  degraded(why: string): void
  /** The link failed after `start` resolved. Only the first call of a run counts. */
  failed(error: DriverError): void
}

/** One run of a source: single use. After `stop` or `failed` the supervisor builds a new one. */
export interface DriverRun {
  /**
   * Opens the link. Resolves when data can flow; rejects with a DriverError when it cannot. Frames may be delivered before
   * it resolves. Honours `context.signal`.
   */
  start(): Promise<void>
  /** Frees everything. Safe before, during and after `start`, and any number of times; never rejects. */
  stop(): Promise<void>
  /** `target` is the short id of a tag or device. Never rejects. */
  send(target: string, command: Command, options: SendOptions): Promise<SendOutcome>
}

/** Something that two sources cannot have at once, such as a port: a configuration in which they would is refused. */
export interface ExclusiveClaim {
  /** The setting that names it. */
  readonly setting: string
  /**
   * The same text for every way of writing the same thing, whichever driver it is that wants it: begins with what kind of thing it is, as in
   * `tcp-port 1883`.
   */
  readonly resource: string
  /** Why there can be only one, as the beginning of a sentence. */
  readonly why: string
  readonly remedy: string
}

/** A kind of source. `Settings` is what its schema gives after validation. */
export interface Driver<Settings> {
  readonly kind: string
  readonly title: string
  /** Codec transports whose protocols this driver can carry; empty: it makes readings itself. */
  readonly carries: readonly Codec['transport'][]
  /** Zod schema of the settings: types, defaults, documentation and form come from it. */
  readonly settings: { parse(input: unknown): Settings }
  /** What it delivers was heard before and will be again: nothing of it is remembered for the protection against replay. */
  readonly playsBack?: true
  /** What a source with these settings must have for itself; absent: nothing. Looks at the settings only. */
  exclusiveClaims?(settings: Settings): readonly ExclusiveClaim[]
  createRun(settings: Settings, codec: Codec | undefined, context: DriverContext): DriverRun
}
