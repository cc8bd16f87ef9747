import { type Clock, DriverError, type TimerHandle } from '../driver.ts'

/** How often it is looked whether the adapter is there and heard. */
export const LOOK_EVERY_MS = 1_000
/** A radio that is silent for this long is told again to scan: it costs nothing, and revives one that was reset unnoticed. */
export const NUDGE_AFTER_MS = 10_000
/** Another program that goes on switching scanning off is answered at most this often. */
export const DISTURBED_PAUSE_MS = 1_000

export interface ScanWatchParts {
  readonly clock: Clock
  readonly silenceLimitMs: number
  readonly adapter: string
  isUp(): boolean
  /** Scanning is started anew. */
  restartScan(): Promise<void>
  /** The adapter is set up anew from the beginning. */
  rebuild(): Promise<void>
  /** Why it is degraded; empty: it is not. */
  amiss(why: string): void
  failed(error: unknown): void
}

/**
 * Keeps a radio listening. The ladder when nothing is heard of anyone: after 10 s, and every 10 s from then on, scanning is started anew;
 * after the silence limit the adapter is set up anew; after twice the limit the run fails, and the supervisor opens another.
 */
export class ScanWatch {
  readonly #parts: ScanWatchParts
  #heardMs: number
  #nudgedMs: number
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
    this.#nudgedMs = this.#heardMs
  }

  start(): void {
    this.#heardMs = this.#parts.clock.monotonicMs()
    this.#nudgedMs = this.#heardMs
    this.#lookLater()
  }

  /** Hot. */
  heard(): void {
    this.#heardMs = this.#parts.clock.monotonicMs()
    if (!this.#rebuilt) return
    this.#rebuilt = false
    this.#parts.amiss('')
  }

  /**
   * Scanning was ended by somebody else: it is started again, at once or a second after the last time. `forgotten`: the adapter knows nothing
   * of what it was told.
   */
  disturbed(forgotten: boolean): void {
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
    const silentMs = nowMs - this.#heardMs
    const seconds = Math.round(silentMs / 1000)
    if (silenceLimitMs > 0 && silentMs >= 2 * silenceLimitMs) {
      this.#fail(new DriverError('LINK_SILENT', `${adapter} has heard nothing of anyone for ${seconds} s`, { retriable: true }))
      return
    }
    if (silenceLimitMs > 0 && silentMs >= silenceLimitMs && !this.#rebuilt) {
      this.#rebuilt = true
      this.#nudgedMs = nowMs
      this.#parts.amiss(`nothing has been heard of anyone for ${seconds} s`)
      this.#do(() => this.#parts.rebuild())
    } else if (silentMs >= NUDGE_AFTER_MS && nowMs - this.#nudgedMs >= NUDGE_AFTER_MS) {
      this.#nudgedMs = nowMs
      this.#do(() => this.#parts.restartScan())
    }
    this.#lookLater()
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
