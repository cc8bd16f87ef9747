/** One system's last word on where a person is. */
export interface Candidate {
  readonly source: string
  readonly accuracyM: number
  readonly timeS: number
}

/** How far a person gets from where a fix saw them, in a second. */
const WALKING_MPS = 1.4
/** Another system must be so much better before the person is handed over to it: else two equal ones take turns. */
const BETTER_BY = 0.7

/** Radius in metres within which the person now is, in about 68 % of cases: a fix ages by walking speed. */
export const uncertaintyM = ({ accuracyM, timeS }: Candidate, nowS: number): number => accuracyM + WALKING_MPS * Math.max(0, nowS - timeS)

/**
 * The rule when several systems see one person: the fix with the least uncertainty now wins, and the system that had it before keeps it
 * until another is better by 30 %. Equal ones: the later, then by name, so that the order of arrival decides nothing.
 */
export function bestFix<T extends Candidate>(candidates: readonly T[], nowS: number, present?: string): T | undefined {
  let best: T | undefined
  for (const candidate of candidates) if (best === undefined || isBetter(candidate, best, nowS)) best = candidate
  const kept = candidates.find(({ source }) => source === present)
  if (best === undefined || kept === undefined) return best
  return uncertaintyM(best, nowS) < BETTER_BY * uncertaintyM(kept, nowS) ? best : kept
}

function isBetter(a: Candidate, b: Candidate, nowS: number): boolean {
  const difference = uncertaintyM(a, nowS) - uncertaintyM(b, nowS)
  if (difference !== 0) return difference < 0
  return a.timeS !== b.timeS ? a.timeS > b.timeS : a.source < b.source
}
