import { LANES, type Lane } from '../events/define-event.ts'
import type { GapReason } from '../events/gateway-events.ts'
import { decodeBatch } from './batch-codec.ts'
import { factsOf } from './event-columns.ts'
import { gap } from './gap-events.ts'
import type { GapLedger } from './gap-ledger.ts'
import type { LogLimits } from './log-messages.ts'
import type { LogStore } from './log-store.ts'

/** What forces events out before their age does. */
export type Pressure = 'size' | 'full-disk'

/** The oldest run of a lane. */
interface OldestRun {
  readonly kind: 'block' | 'tail'
  readonly lastSequence: number
  readonly count: number
  readonly epoch: string
  readonly storedAt: number
}

/** A wall clock that jumps further than this between two looks says nothing about age for a while. */
const CLOCK_JUMP_MS = 60 * 60_000
const CLOCK_DISTRUST_MS = 24 * 60 * 60_000

/**
 * Decides what goes and removes it, always the oldest run of a lane, a few at a time.
 *
 * By age: telemetry beyond its age, forwarded or not; forwarded telemetry beyond its own, shorter one; alarms beyond theirs, when they
 * are forwarded or no uplink is configured. By size and on a full disk: telemetry, then alarms that are forwarded or that nobody waits
 * for. An alarm that is not forwarded never goes while an uplink is configured. What goes without having been forwarded is told.
 */
export class Retention {
  readonly #store: LogStore
  readonly #ledger: GapLedger
  readonly #limits: LogLimits
  #clockOffsetMs: number | undefined
  #distrustUntilMs = Number.NEGATIVE_INFINITY

  constructor(store: LogStore, ledger: GapLedger, limits: LogLimits) {
    this.#store = store
    this.#ledger = ledger
    this.#limits = limits
  }

  /** Removes up to `maxRuns` runs for their age; says how many. */
  byAge(wallMs: number, monotonicMs: number, maxRuns: number): number {
    if (!this.#ageIsKnown(wallMs, monotonicMs)) return 0
    let removed = 0
    for (const lane of LANES) {
      for (; removed < maxRuns; removed++) {
        const run = this.#oldest(lane)
        if (run === undefined || !this.#tooOld(lane, run, wallMs - run.storedAt)) break
        this.#remove(lane, run, 'evicted-by-age', wallMs)
      }
    }
    return removed
  }

  /** Removes one run to make room; false: nothing may go. */
  byPressure(pressure: Pressure, wallMs: number): boolean {
    const reason: GapReason = pressure === 'size' ? 'evicted-by-size' : 'evicted-by-full-disk'
    for (const lane of ['telemetry', 'alarm'] as const) {
      const run = this.#oldest(lane)
      if (run === undefined || (lane === 'alarm' && this.#isAwaited(lane, run))) continue
      this.#remove(lane, run, reason, wallMs)
      return true
    }
    return false
  }

  #ageIsKnown(wallMs: number, monotonicMs: number): boolean {
    const offset = wallMs - monotonicMs
    if (this.#clockOffsetMs !== undefined && Math.abs(offset - this.#clockOffsetMs) > CLOCK_JUMP_MS) {
      this.#distrustUntilMs = monotonicMs + CLOCK_DISTRUST_MS
    }
    this.#clockOffsetMs = offset
    return monotonicMs >= this.#distrustUntilMs
  }

  #tooOld(lane: Lane, run: OldestRun, ageMs: number): boolean {
    const { alarmMaxAgeMs, telemetryMaxAgeMs } = this.#limits
    if (lane === 'alarm') return ageMs > alarmMaxAgeMs && !this.#isAwaited(lane, run)
    return ageMs > telemetryMaxAgeMs
  }

  /** An uplink is configured and has not taken all of it. */
  #isAwaited(lane: Lane, run: OldestRun): boolean {
    if (this.#store.topics.length === 0) return false
    return Object.keys(this.#facts(lane, run).countByType).some((type) => this.#store.forwardedTo(lane, type) < run.lastSequence)
  }

  #oldest(lane: Lane): OldestRun | undefined {
    const block = this.#store.statements[lane].blockAfter.get(0)
    const tail = this.#store.statements[lane].tailKeyAfter.get(0)
    const row = block !== undefined && (tail === undefined || block.last_seq < tail.last_seq) ? block : tail
    if (row === undefined) return undefined
    const kind = row === block ? 'block' : 'tail'
    return { kind, lastSequence: row.last_seq, count: row.count, epoch: row.epoch, storedAt: row.stored_at }
  }

  #facts(lane: Lane, run: OldestRun): { countByType: Readonly<Record<string, number>>; minTime: number; maxTime: number } {
    const statements = this.#store.statements[lane]
    if (run.kind === 'block') {
      const block = statements.blockAfter.get(run.lastSequence - 1)
      if (block !== undefined) {
        return { countByType: JSON.parse(block.types) as Record<string, number>, minTime: block.min_time, maxTime: block.max_time }
      }
    }
    const row = statements.tailAfter.get(run.lastSequence - 1)
    try {
      if (row !== undefined) return factsOf(decodeBatch(row.payload))
    } catch {
      // Damaged: what was in it is not known, and so it is told of.
    }
    return { countByType: { unknown: run.count }, minTime: run.storedAt, maxTime: run.storedAt }
  }

  #remove(lane: Lane, run: OldestRun, reason: GapReason, wallMs: number): void {
    const { countByType, minTime, maxTime } = this.#facts(lane, run)
    const lost: Record<string, number> = {}
    let from = run.lastSequence + 1
    for (const [type, count] of Object.entries(countByType)) {
      const forwardedTo = this.#store.forwardedTo(lane, type)
      if (forwardedTo >= run.lastSequence) continue
      lost[type] = count
      from = Math.min(from, Math.max(forwardedTo + 1, run.lastSequence - run.count + 1))
    }
    this.#store.remove(lane, [run], () => {
      if (from > run.lastSequence) return
      const known = { countByType: lost, timeFrom: Math.round(minTime), timeTo: Math.round(maxTime) }
      this.#ledger.add(gap(lane, reason, run.epoch, from, run.lastSequence, known), wallMs)
    })
  }
}
