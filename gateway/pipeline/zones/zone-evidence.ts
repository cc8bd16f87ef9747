/**
 * How sure fixes make that somebody is inside of a zone, or has left it.
 *
 * A fix that lies deeper than three times its accuracy decides alone. Nearer to the edge evidence adds up: the logarithm of the odds that the fix's error
 * leaves the person on this side. Entering is judged by the edge itself, leaving by a line further out, by the exit tolerance and the accuracy:
 * wherever somebody stands, at most one of the two can come of it.
 */

/** In two dimensions 68 % of errors lie within 1.51 standard deviations of one axis. */
const DEVIATIONS_PER_ACCURACY = 1.51
/** Times the accuracy: beyond it (4.5 deviations) a fix is on the wrong side of an edge once in 300 000. */
const SURE = 3
/** What one fix can add at most: an outlier is no proof. */
const MOST_PER_FIX = 2.5
/** Odds of 150 to 1, either way; two to four fixes that agree. */
export const DECIDED = 5
/** Errors of fixes that follow one another sooner are alike: together they count as one. */
const INDEPENDENT_AFTER_MS = 1_000

/** Undecided, decided by evidence that has added up, or beyond doubt by this fix alone. */
export type Verdict = 'open' | 'inside' | 'outside'

export interface Evidence {
  /** Logarithm of the odds for inside, within plus and minus `DECIDED`. */
  evidence: number
}

/** How much a fix counts beside the one before. */
export const shareOf = (sinceLastMs: number): number => Math.min(1, Math.max(0, sinceLastMs) / INDEPENDENT_AFTER_MS)

/**
 * Weighs a fix of somebody who is not in the zone.
 *
 * @param depthM from the edge inwards; negative: outside
 * @param canBeSure false: its height is open to doubt, however deep it lies
 */
export function weighEntry(state: Evidence, depthM: number, accuracyM: number, share: number, canBeSure: boolean): Verdict {
  if (canBeSure && depthM >= SURE * accuracyM) return decide(state, DECIDED)
  return add(state, (depthM * DEVIATIONS_PER_ACCURACY) / accuracyM, share)
}

/** Weighs a fix of somebody who is in the zone. */
export function weighExit(state: Evidence, depthM: number, accuracyM: number, toleranceM: number, share: number): Verdict {
  if (depthM >= SURE * accuracyM) return decide(state, DECIDED)
  if (depthM <= -(toleranceM + (SURE + 1) * accuracyM)) return decide(state, -DECIDED)
  return add(state, ((depthM + toleranceM + accuracyM) * DEVIATIONS_PER_ACCURACY) / accuracyM, share)
}

/** A fix that is elsewhere in a way that has no distance: on another floor, in a frame that cannot be compared. */
export function weighElsewhere(state: Evidence, share: number): Verdict {
  return step(state, -MOST_PER_FIX * share)
}

/** The logistic curve with 1.702 times the argument is the normal distribution to within 0.01 (Camilli 1994), and its odds need no table. */
const add = (state: Evidence, deviations: number, share: number): Verdict =>
  step(state, Math.max(-MOST_PER_FIX, Math.min(MOST_PER_FIX, 1.702 * deviations)) * share)

function step(state: Evidence, by: number): Verdict {
  const evidence = state.evidence + by
  if (evidence >= DECIDED) return decide(state, DECIDED)
  if (evidence <= -DECIDED) return decide(state, -DECIDED)
  state.evidence = evidence
  return 'open'
}

function decide(state: Evidence, evidence: number): Verdict {
  state.evidence = evidence
  return evidence > 0 ? 'inside' : 'outside'
}
