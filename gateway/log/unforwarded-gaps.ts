import type Database from 'better-sqlite3'
import type { Lane } from '../events/define-event.ts'
import type { GapData } from './gap-events.ts'

/** A gap in the alarm lane: where what it names begins, and its own sequence. */
export interface UnforwardedGap {
  readonly lane: Lane
  readonly from: number
  readonly sequence: number
}

/** Name in the table of single facts. */
export const UNFORWARDED_GAPS = 'unforwarded-gaps'
/** More of a lane are remembered as one. */
const MAX_PER_LANE = 32

/**
 * Gaps that stand in the alarm lane and are not forwarded yet, or are not even told. If the database were lost now they would be lost
 * with it, and what they name would be missing untold: nothing of it counts as safe before. Kept in the database, not in memory, so
 * that a transaction that fails leaves nothing behind.
 */
export class UnforwardedGaps {
  readonly #read: Database.Statement<[string], string>
  readonly #write: Database.Statement<[string, string]>
  readonly #untold: Database.Statement<[Lane], number | null>

  constructor(db: Database.Database) {
    this.#read = db.prepare<[string], string>('SELECT value FROM meta WHERE name = ?').pluck()
    this.#write = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
    this.#untold = db.prepare<[Lane], number | null>("SELECT min(gap ->> '$.from') FROM open_gap WHERE gap ->> '$.lane' = ?").pluck()
  }

  /** Within the transaction that tells these gaps at `sequence`. What is safe already stays so. */
  add(gaps: readonly GapData[], sequence: number, forwardedTo: number, safe: Readonly<Record<Lane, number>>): void {
    let list = this.list(forwardedTo)
    for (const { lane, from, to } of gaps) {
      if (from === null || (to !== null && to <= safe[lane])) continue
      list = joined(list, { lane, from: Math.max(from, safe[lane] + 1), sequence })
    }
    this.#write.run(UNFORWARDED_GAPS, JSON.stringify(list))
  }

  list(forwardedTo: number): readonly UnforwardedGap[] {
    const gaps = JSON.parse(this.#read.get(UNFORWARDED_GAPS) ?? '[]') as readonly UnforwardedGap[]
    return gaps.filter(({ sequence }) => sequence > forwardedTo)
  }

  /** The first number of a lane that is missing and told by none that is forwarded; infinite: there is none. */
  lowest(lane: Lane, forwardedTo: number): number {
    const told = this.list(forwardedTo).flatMap((gap) => (gap.lane === lane ? [gap.from] : []))
    return Math.min(this.#untold.get(lane) ?? Number.POSITIVE_INFINITY, ...told)
  }
}

function joined(list: readonly UnforwardedGap[], gap: UnforwardedGap): readonly UnforwardedGap[] {
  const same = list.filter(({ lane }) => lane === gap.lane)
  const newest = same.at(-1)
  if (newest === undefined || same.length < MAX_PER_LANE) return [...list, gap]
  return [...list.filter((each) => each !== newest), { ...gap, from: Math.min(gap.from, newest.from) }]
}
