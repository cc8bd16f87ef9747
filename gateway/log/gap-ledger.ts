import type Database from 'better-sqlite3'
import { addCounts, type GapData } from './gap-events.ts'

/** A gap is told when nothing was added to it for this long … */
const QUIET_MS = 10_000
/** … or when it has been open for this long. */
const OPEN_MS = 20_000

interface OpenGapRow {
  readonly id: number
  readonly begun_at: number
  readonly grown_at: number
  readonly gap: string
}

/**
 * What retention has removed and not told yet. It is written in the transaction that removes, so a crash forgets nothing, and
 * neighbours grow together, so that a long eviction is told in few events.
 */
export class GapLedger {
  readonly #db: Database.Database

  constructor(db: Database.Database) {
    this.#db = db
  }

  /** Within the transaction that removes. */
  add(gap: GapData, nowMs: number): void {
    const last = this.#db.prepare<[], OpenGapRow>('SELECT * FROM open_gap ORDER BY id DESC').all()
    const row = last.find(({ gap: text }) => grows(JSON.parse(text) as GapData, gap))
    if (row === undefined) {
      this.#db.prepare('INSERT INTO open_gap (begun_at, grown_at, gap) VALUES (?, ?, ?)').run(nowMs, nowMs, JSON.stringify(gap))
    } else {
      const joined = JSON.stringify(join(JSON.parse(row.gap) as GapData, gap))
      this.#db.prepare('UPDATE open_gap SET grown_at = ?, gap = ? WHERE id = ?').run(nowMs, joined, row.id)
    }
  }

  hasDue(nowMs: number, all = false): boolean {
    return this.#due(nowMs, all).length > 0
  }

  /** Takes out the gaps that are to be told now; within the transaction that tells them. */
  take(nowMs: number, all = false): readonly GapData[] {
    const due = this.#due(nowMs, all)
    for (const { id } of due) this.#db.prepare('DELETE FROM open_gap WHERE id = ?').run(id)
    return due.map(({ gap }) => JSON.parse(gap) as GapData)
  }

  #due(nowMs: number, all: boolean): OpenGapRow[] {
    const rows = this.#db.prepare<[], OpenGapRow>('SELECT * FROM open_gap ORDER BY id').all()
    // A clock that was set back makes a gap due rather than keep it for years.
    const since = (then: number) => (then > nowMs ? Number.POSITIVE_INFINITY : nowMs - then)
    return all ? rows : rows.filter(({ begun_at, grown_at }) => since(grown_at) >= QUIET_MS || since(begun_at) >= OPEN_MS)
  }
}

/** The next gap follows this one: same lane, epoch and reason, nothing kept in between. */
function grows(open: GapData, next: GapData): boolean {
  return open.lane === next.lane && open.epoch === next.epoch && open.reason === next.reason && (open.to ?? -1) + 1 === next.from
}

function join(open: GapData, next: GapData): GapData {
  return {
    ...open,
    to: next.to,
    countByType: addCounts(open.countByType, next.countByType),
    timeFrom: least(open.timeFrom, next.timeFrom, Math.min),
    timeTo: least(open.timeTo, next.timeTo, Math.max)
  }
}

function least(a: number | null, b: number | null, choose: (a: number, b: number) => number): number | null {
  return a === null || b === null ? (a ?? b) : choose(a, b)
}
