import type { Codec } from '../../firmware-protocols/codec.ts'
import type { Clock } from '../driver.ts'
import { pause } from '../run-end.ts'
import type { HeardAtSpeed, LineSettings, SniffProgress } from './detection.ts'
import { isClear, isPromising, type Judged, rank } from './rank-streams.ts'
import { sevenBitLine } from './seven-bits.ts'
import { StreamPanel } from './stream-panel.ts'

/** How often it is looked whether enough was heard. */
const LOOK_EVERY_MS = 100
/** Even a clear case is listened to for so long, to meet more than one tag; not longer than others, though. */
const LEAST_MS = 2_000
/** Where something fits that is not proved yet, the time is stretched up to so many times. */
const MOST_STRETCH = 3
/** So much without one frame of anything is not worth waiting on. */
const HOPELESS_BYTES = 4_096
/** Kept for a second look at a line of seven bits. */
const KEPT_BYTES = 32 * 1024

export interface RoundOptions {
  readonly codecs: readonly Codec[]
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly listenMs: number
  readonly baudRate: number | undefined
  readonly onProgress: (progress: SniffProgress) => void
}

/** What came of listening at one speed. */
export interface RoundResult {
  readonly line: LineSettings
  readonly ranked: readonly Judged[]
  readonly heard: HeardAtSpeed
  /** So sure that no other speed need be tried. */
  readonly settled: boolean
}

/** Listens to what comes in at one speed. */
export class PortRound {
  readonly #options: RoundOptions
  readonly #panel: StreamPanel
  readonly #kept = new Uint8Array(KEPT_BYTES)
  #keptLength = 0
  #firstHeardMs: number | undefined

  constructor(options: RoundOptions) {
    this.#options = options
    this.#panel = new StreamPanel(options.codecs, { receivedAt: options.clock.wallMs() })
  }

  get bytes(): number {
    return this.#panel.portrait.bytes
  }

  /** Frames of a codec that told something. */
  answers(codec: Codec): number {
    const tally = this.#panel.evidence().find((evidence) => evidence.codec === codec)?.tally
    return tally === undefined ? 0 : tally.solidFrames + tally.slightFrames
  }

  take(chunk: Uint8Array): void {
    this.#firstHeardMs ??= this.#options.clock.monotonicMs()
    this.#panel.push(chunk)
    const part = chunk.subarray(0, KEPT_BYTES - this.#keptLength)
    this.#kept.set(part, this.#keptLength)
    this.#keptLength += part.length
  }

  /** Resolves when it is clear what is heard, or clear that nothing will be, or the time is over. */
  async listen(): Promise<void> {
    const { baudRate, clock, listenMs, onProgress, signal } = this.#options
    const startedMs = clock.monotonicMs()
    while (!signal.aborted) {
      await pause(clock, LOOK_EVERY_MS, signal)
      const ranked = rank(this.#panel.evidence())
      onProgress(progressOf(baudRate, this.bytes, ranked))
      const nowMs = clock.monotonicMs()
      if (isClear(ranked) && nowMs - (this.#firstHeardMs ?? nowMs) >= Math.min(LEAST_MS, listenMs)) return
      if (!isPromising(ranked) && this.bytes >= HOPELESS_BYTES) return
      const isWorthWaiting = isPromising(ranked) && ranked[0]?.detected !== true
      if (nowMs - startedMs >= listenMs * (isWorthWaiting ? MOST_STRETCH : 1)) return
    }
  }

  result(): RoundResult {
    const { baudRate, codecs } = this.#options
    this.#panel.end()
    const ranked = rank(this.#panel.evidence())
    const speed = baudRate === undefined ? {} : { baudRate }
    const heard: HeardAtSpeed = { ...speed, look: this.#panel.portrait.look() }
    const seven = ranked[0]?.detected === true ? undefined : sevenBitLine(this.#kept.subarray(0, this.#keptLength), codecs)
    if (seven !== undefined) return { line: { ...speed, ...seven.line }, ranked: seven.ranked, heard, settled: true }
    const [top] = ranked
    const settled = top?.detected === true && (isClear(ranked) || top.share >= 0.5)
    return { line: { ...speed, dataBits: 8, parity: 'none' }, ranked, heard, settled }
  }
}

function progressOf(baudRate: number | undefined, bytes: number, [top]: readonly Judged[]): SniffProgress {
  const best = top === undefined ? {} : { best: { protocol: top.evidence.codec.protocol, frames: top.evidence.tally.frames } }
  return { ...(baudRate === undefined ? {} : { baudRate }), bytes, ...best }
}
