import type { Fix } from '../../events/business-events.ts'
import type { Motion } from '../event-data.ts'

/** The last fix of one of a person's tags by one system. */
export interface Candidate {
  fix: Fix
  speedMps?: Motion['speedMps']
  courseDeg?: Motion['courseDeg']
  /** Pipeline time at which it was measured: the wall clock may step, this does not. */
  seenMs: number
}

/** How far a person gets from where a fix saw them, in a second. */
const WALKING_MPS = 1.4
/** Another fix must be so much better before the person is handed over to it: else two equal ones take turns. */
const BETTER_BY = 0.7
/** Of a system that does not say how good it is. */
const UNKNOWN_ACCURACY_M = 20

/** Radius in metres within which the person now is, in about 68 % of cases: a fix ages by walking speed. */
export function uncertaintyM({ fix, seenMs }: Candidate, nowMs: number): number {
  return (fix.accuracyM ?? UNKNOWN_ACCURACY_M) + (WALKING_MPS * Math.max(0, nowMs - seenMs)) / 1_000
}

/**
 * The rule when several tags or systems see one person: the fix with the least uncertainty now wins, and the one that had the person before keeps
 * them until another is better by 30 %. A tag that was lost leaves by growing old. Equal ones: the later, then by tag and source.
 *
 * @param present place in `candidates` of the one that has the person; -1: none
 * @returns place in `candidates`; -1 if there are none
 */
export function bestFix(candidates: readonly Candidate[], nowMs: number, present: number): number {
  let best = -1
  let leastM = Number.POSITIVE_INFINITY
  for (let place = 0; place < candidates.length; place++) {
    const candidate = candidates[place]
    if (candidate === undefined) continue
    const radiusM = uncertaintyM(candidate, nowMs)
    const rival = candidates[best]
    if (radiusM > leastM || (radiusM === leastM && rival !== undefined && !isBefore(candidate, rival))) continue
    best = place
    leastM = radiusM
  }
  const kept = candidates[present]
  return kept === undefined || leastM < BETTER_BY * uncertaintyM(kept, nowMs) ? best : present
}

function isBefore(a: Candidate, b: Candidate): boolean {
  if (a.seenMs !== b.seenMs) return a.seenMs > b.seenMs
  if (a.fix.tag !== b.fix.tag) return a.fix.tag < b.fix.tag
  return (a.fix.source ?? '') < (b.fix.source ?? '')
}
