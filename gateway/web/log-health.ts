import type { LogProgress } from '../state/gateway-view.ts'

export interface HealthReport {
  readonly healthy: boolean
  readonly reasons: readonly string[]
}

/**
 * Judges the log by proved progress. Events that wait while no commit happens between two looks have waited at least that
 * long, so rare looks can find a stall late but never invent one.
 */
export class LogHealth {
  readonly #stallLimitMs: number
  #commits = -1
  /** Monotonic time since which events wait without any commit; undefined: not so. */
  #waitingSince: number | undefined

  constructor(stallLimitMs: number) {
    this.#stallLimitMs = stallLimitMs
  }

  observe(progress: LogProgress, nowMono: number): HealthReport {
    if (progress.waiting === 0) this.#waitingSince = undefined
    else if (progress.commits !== this.#commits || this.#waitingSince === undefined) this.#waitingSince = nowMono
    this.#commits = progress.commits

    const reasons: string[] = []
    if (progress.storage !== 'ok')
      reasons.push(`storage is ${progress.storage}${progress.storageError === null ? '' : `: ${progress.storageError}`}`)
    const stalledMs = this.#waitingSince === undefined ? 0 : nowMono - this.#waitingSince
    if (stalledMs >= this.#stallLimitMs)
      reasons.push(`the log has committed nothing for ${Math.floor(stalledMs / 1000)} s while ${progress.waiting} events wait`)
    return { healthy: reasons.length === 0, reasons }
  }
}
