import { type Clock, DriverError, type TimerHandle } from '../driver.ts'

/** How often it is looked whether the adapter is there and heard. */
export const LOOK_EVERY_MS = 1_000
/** A radio that is silent for this long is told again to scan: it costs nothing, and revives one that was reset unnoticed. */
const NUDGE_AFTER_MS = 10_000
/** Another program that goes on switching scanning off is answered at most this often. */
const DISTURBED_PAUSE_MS = 1_000

/** So many times a minute it is no accident. */
const DISTURBED_OFTEN = 5
const JUDGE_EVERY_MS = 60_000

export interface ScanWatchParts {
  readonly clock: Clock
  readonly silenceLimitMs: number
  readonly adapter: string
  isUp(): boolean
  /** The radio is known to work, whatever is heard. */
  provesItself(): boolean
  /** Scanning is started anew. */
  restartScan(): Promise<void>
  /** The adapter is set up anew from the beginning. */
  rebuild(): Promise<void>
  /** Why it is degraded, by what it concerns; empty: it is not. */
  amiss(concern: string, why: string): void
  log(details: object, message: string): void
  failed(error: unknown): void
}

/**
 * Keeps a radio listening. The ladder when nothing is heard of anyone: after 10 s, and every 10 s from then on, scanning is started anew;
 * after the silence limit the adapter is set up anew; after twice the limit the run fails, and the supervisor opens another.
 */
export class ScanWatch {
  readonly #parts: ScanWatchParts
  #heardMs: number
  /** The last report, where `#heardMs` is the last proof of any kind that the radio works. */
  #reportMs: number
  #nudgedMs: number
  #judgedMs: number
  /** Since the last judgement. */
  #disturbances = 0
  #rebuilt = false
  #looking: TimerHandle | undefined
  #pause: TimerHandle | undefined
  #disturbed = false
  #forgotten = false
  #busy = false
  #ended = false

  constructor(parts: ScanWatchParts) {
    this.#parts = parts
    this.#heardMs = parts.clock.monotonicMs()
    this.#reportMs = this.#heardMs
    this.#nudgedMs = this.#heardMs
    this.#judgedMs = this.#heardMs
  }

  start(): void {
    this.#heardMs = this.#parts.clock.monotonicMs()
    this.#reportMs = this.#heardMs
    this.#nudgedMs = this.#heardMs
    this.#judgedMs = this.#heardMs
    this.#lookLater()
  }

  /** Hot: told of every report. */
  heard(): void {
    this.#reportMs = this.#parts.clock.monotonicMs()
    this.#alive(this.#reportMs)
  }

  #alive(nowMs: number): void {
    this.#heardMs = nowMs
    if (!this.#rebuilt) return
    this.#rebuilt = false
    this.#parts.amiss('silence', '')
  }

  /**
   * Scanning was ended by somebody else: it is started again, at once or a second after the last time. `forgotten`: the adapter knows nothing
   * of what it was told.
   */
  disturbed(why: string, forgotten: boolean): void {
    if (this.#disturbances++ === 0) this.#parts.log({ why }, 'scanning is started again')
    this.#disturbed = true
    this.#forgotten ||= forgotten
    if (this.#pause === undefined) this.#restartDisturbed()
  }

  end(): void {
    this.#ended = true
    this.#looking?.cancel()
    this.#pause?.cancel()
  }

  #restartDisturbed(): void {
    if (this.#ended) return
    if (!this.#busy) {
      const forgotten = this.#forgotten
      this.#disturbed = false
      this.#forgotten = false
      this.#do(() => (forgotten ? this.#parts.rebuild() : this.#parts.restartScan()))
    }
    this.#pause = this.#parts.clock.setTimeout(() => {
      this.#pause = undefined
      if (this.#disturbed) this.#restartDisturbed()
    }, DISTURBED_PAUSE_MS)
  }

  #lookLater(): void {
    if (!this.#ended) this.#looking = this.#parts.clock.setTimeout(() => this.#look(), LOOK_EVERY_MS)
  }

  #look(): void {
    const { adapter, clock, silenceLimitMs } = this.#parts
    if (!this.#parts.isUp()) {
      this.#fail(new DriverError('LINK_LOST', `${adapter} is down or was pulled`, { retriable: true }))
      return
    }
    const nowMs = clock.monotonicMs()
    this.#judge(nowMs)
    if (this.#parts.provesItself()) this.#alive(nowMs)
    const silentMs = nowMs - this.#heardMs
    const seconds = Math.round(silentMs / 1000)
    if (silenceLimitMs > 0 && silentMs >= 2 * silenceLimitMs) {
      this.#fail(new DriverError('LINK_SILENT', `${adapter} has heard nothing of anyone for ${seconds} s`, { retriable: true }))
      return
    }
    if (silenceLimitMs > 0 && silentMs >= silenceLimitMs && !this.#rebuilt) {
      this.#rebuilt = true
      this.#nudgedMs = nowMs
      this.#parts.amiss('silence', `nothing has been heard of anyone for ${seconds} s`)
      this.#do(() => this.#parts.rebuild())
    } else if (nowMs - this.#reportMs >= NUDGE_AFTER_MS && nowMs - this.#nudgedMs >= NUDGE_AFTER_MS) {
      this.#nudgedMs = nowMs
      this.#do(() => this.#parts.restartScan())
    }
    this.#lookLater()
  }

  #judge(nowMs: number): void {
    if (nowMs - this.#judgedMs < JUDGE_EVERY_MS) return
    this.#judgedMs = nowMs
    const often = this.#disturbances >= DISTURBED_OFTEN
    this.#parts.amiss('disturbed', often ? `another program goes on switching scanning off: stop it, often bluetooth.service` : '')
    this.#disturbances = 0
  }

  #do(work: () => Promise<void>): void {
    if (this.#busy) return
    this.#busy = true
    work().then(
      () => {
        this.#busy = false
      },
      (error: unknown) => this.#fail(error)
    )
  }

  #fail(error: unknown): void {
    if (this.#ended) return
    this.end()
    this.#parts.failed(error)
  }
}
