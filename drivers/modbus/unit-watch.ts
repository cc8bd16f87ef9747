/** How it stands with one unit. */
export interface UnitState {
  /** Requests in a row that it did not answer. */
  readonly misses: number
  /** Not to be asked before, monotonic milliseconds. */
  readonly restUntilMs: number
}

export const ANSWERING: UnitState = { misses: 0, restUntilMs: Number.NEGATIVE_INFINITY }

/** A single lost answer is no silence. */
const SILENT_AFTER_MISSES = 2
/** The first rest is also long enough for a late answer on a serial line to pass by, which nothing there tells from a new one. */
const FIRST_REST_MS = 1_000
const LONGEST_REST_MS = 30_000

export function isSilent({ misses }: UnitState): boolean {
  return misses >= SILENT_AFTER_MISSES
}

/** Asked ever more rarely, so that waiting for it takes little from the others. */
export function afterMiss({ misses }: UnitState, nowMs: number): UnitState {
  return { misses: misses + 1, restUntilMs: nowMs + Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** misses) }
}
