import type { Fix } from '../../events/business-events.ts'
import type { Place, ZoneShape } from '../../site/zones/zone-shape.ts'
import { edgeDistanceM, isAtHeight, isOver } from '../../site/zones/zone-shape.ts'
import { DECIDED, type Evidence, weighElsewhere, weighEntry, weighExit } from './zone-evidence.ts'
import type { ZoneCrossingSettings } from './zone-settings.ts'

/** What is known of one person and one zone that they are in, or may be in. */
export interface Tracked extends Evidence {
  readonly zone: string
  /** Time of the fix that decided, epoch milliseconds; null: not decided yet. */
  enteredAt: number | null
  /** Since when the zone counts as left, and since when fixes lie outside of its edge: pipeline time. */
  outMs: number | null
  overEdgeMs: number | null
}

export interface PresenceState {
  zones: Tracked[]
  /** The latest fix, and its pipeline time. */
  fix: Fix | null
  nowMs: number
  /** Floor that the latest fix with a floor named, and since when all have named it, epoch milliseconds; 0: always. */
  floor: string | null
  floorSince: number
  /** From when on silence counts, pipeline time; null: not while the person is unobserved. */
  silentFromMs: number | null
  /** When the timer is set for. */
  dueMs: number | null
}

export const newTracked = (zone: string, enteredAt: number | null): Tracked => ({
  zone,
  evidence: enteredAt === null ? 0 : DECIDED,
  enteredAt,
  outMs: null,
  overEdgeMs: null
})

/** A fix that is being weighed. `place`: undefined where it cannot be expressed in the zone's frame. */
export interface Weighed {
  accuracyM: number
  share: number
  nowMs: number
  /** The floor that it names is not new. */
  isFloorSteady: boolean
}

/** Whether the person has come in by now. */
export function weighCandidate(tracked: Tracked, shape: ZoneShape, place: Place | undefined, weighed: Weighed): boolean {
  const { accuracyM, share } = weighed
  if (place === undefined || !isAtHeight(shape, place)) return weighElsewhere(tracked, share) === 'inside'
  return weighEntry(tracked, depthM(shape, place), accuracyM, share, isHeightSure(shape, place, weighed)) === 'inside'
}

/** Notes what a fix says of somebody who is inside; whether and when they leave by it follows from `outMs` and `overEdgeMs`. */
export function weighInside(
  tracked: Tracked,
  shape: ZoneShape,
  place: Place | undefined,
  weighed: Weighed,
  settings: ZoneCrossingSettings
): void {
  const { accuracyM, share, nowMs } = weighed
  if (place === undefined || !isAtHeight(shape, place)) {
    if (weighElsewhere(tracked, share) === 'outside') tracked.outMs ??= nowMs
    return
  }
  // Most fixes lie well inside of a zone: then it does not matter how far from the edge.
  const isInside = isOver(shape, place.x, place.y)
  if (isInside) tracked.overEdgeMs = null
  else tracked.overEdgeMs ??= nowMs
  if (isInside && tracked.evidence === DECIDED) return
  const edgeM = edgeDistanceM(shape, place.x, place.y)
  const toleranceM = shape.zone.exitToleranceM ?? settings.exitToleranceM
  const verdict = weighExit(tracked, isInside ? edgeM : -edgeM, accuracyM, toleranceM, share)
  if (verdict === 'outside') tracked.outMs ??= nowMs
  else if (tracked.evidence > 0) tracked.outMs = null
}

/** Systems err about floors now and then, and about heights more than about places: one such fix lets nobody in. */
function isHeightSure({ zone }: ZoneShape, { z, floor }: Place, { isFloorSteady }: Weighed): boolean {
  if (zone.floors !== undefined && floor !== undefined) return isFloorSteady
  return Number.isNaN(z) || (zone.floors === undefined && zone.fromZ === undefined && zone.toZ === undefined)
}

function depthM(shape: ZoneShape, { x, y }: Place): number {
  const edgeM = edgeDistanceM(shape, x, y)
  return isOver(shape, x, y) ? edgeM : -edgeM
}

/** When somebody leaves by what is known now, pipeline time, and why. Infinity: not by time alone. */
export function leavesAt(tracked: Tracked, shape: ZoneShape, settings: ZoneCrossingSettings, silentFromMs: number | null): Leaving {
  const { zone } = shape
  leaving.reason = 'outside'
  leaving.atMs = tracked.outMs === null ? Number.POSITIVE_INFINITY : tracked.outMs + (zone.exitDelayMs ?? settings.exitDelayMs)
  const toleranceMs = zone.toleranceTimeoutMs ?? settings.toleranceTimeoutMs
  if (tracked.overEdgeMs !== null && toleranceMs !== undefined) leaving.atMs = Math.min(leaving.atMs, tracked.overEdgeMs + toleranceMs)
  const fenceMs = zone.fenceTimeoutMs ?? settings.fenceTimeoutMs
  if (silentFromMs !== null && fenceMs !== undefined && silentFromMs + fenceMs < leaving.atMs) {
    leaving.atMs = silentFromMs + fenceMs
    leaving.reason = 'fence-timeout'
  }
  return leaving
}

export interface Leaving {
  atMs: number
  reason: 'outside' | 'fence-timeout'
}
/** One object for all calls: valid until the next one. */
const leaving: Leaving = { atMs: 0, reason: 'outside' }
