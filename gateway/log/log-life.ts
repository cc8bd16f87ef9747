import type { Lane } from '../events/define-event.ts'
import { LANES } from '../events/define-event.ts'
import type { GapReason } from '../events/gateway-events.ts'
import type { GapData } from './gap-events.ts'
import type { Whereabouts } from './log-identity.ts'
import type { Mark } from './log-mark.ts'

/** What the database itself says of its end. */
export interface DatabaseEnd {
  readonly epoch: number
  readonly last: Readonly<Record<Lane, number>>
}

/** Beginning of another life: why, and what has to be told of the end of the old one. */
export interface NewLife {
  readonly reason: GapReason
  readonly epoch: number
  readonly gaps: readonly GapData[]
}

/**
 * Decides at opening whether the log goes on (`undefined`) or begins another life. The rules, in order: other hardware; files put
 * back or missing beside the database; a database that is behind its mark.
 */
export function lifeOfOpened(end: DatabaseEnd, mark: Mark | undefined, whereabouts: Whereabouts, wallMs: number): NewLife | undefined {
  const behind = mark !== undefined && isBehind(end, mark)
  if (whereabouts === 'same' && mark !== undefined && !behind) return undefined
  const reason = whereabouts === 'moved' ? 'log-moved' : 'log-restored'
  const gaps: GapData[] = []
  // Everything in this database will still be forwarded; after its end nothing is known of its epoch …
  if (mark === undefined || !behind || mark.epoch > end.epoch) {
    for (const lane of LANES) gaps.push(gap(lane, reason, String(end.epoch), end.last[lane] + 1, null))
  }
  // … except what the mark remembers.
  if (mark !== undefined && behind) {
    const inherited = mark.epoch === end.epoch ? end.last : { alarm: 0, telemetry: 0 }
    gaps.push(...gapsOfMark(mark, reason, inherited))
  }
  return { reason, epoch: nextEpoch(wallMs, end.epoch, mark?.epoch), gaps: orBare(gaps, reason) }
}

/** Life of a log whose database is gone (`log-created`) or cannot be used (`log-damaged`). `rescued`: held by the new database. */
export function lifeOfNew(
  reason: 'log-created' | 'log-damaged',
  mark: Mark | undefined,
  oldEpoch: number | undefined,
  rescued: readonly GapData[] | undefined,
  wallMs: number
): NewLife {
  const gaps = rescued ?? (mark === undefined ? [] : gapsOfMark(mark, reason, { alarm: 0, telemetry: 0 }))
  return { reason, epoch: nextEpoch(wallMs, mark?.epoch, oldEpoch), gaps: orBare(gaps, reason) }
}

export function isBehind(end: DatabaseEnd, mark: Mark): boolean {
  if (mark.epoch !== end.epoch) return mark.epoch > end.epoch
  return LANES.some((lane) => mark[lane].high > end.last[lane])
}

function gapsOfMark(mark: Mark, reason: GapReason, held: Readonly<Record<Lane, number>>): GapData[] {
  return LANES.flatMap((lane) => {
    const from = Math.max(mark[lane].safe, held[lane]) + 1
    return from > mark[lane].high ? [] : [gap(lane, reason, String(mark.epoch), from, mark[lane].high)]
  })
}

/** The first record of an epoch is a DataGap even when nothing is known to be missing. */
function orBare(gaps: readonly GapData[], reason: GapReason): readonly GapData[] {
  return gaps.length > 0 ? gaps : [gap('alarm', reason, null, null, null)]
}

/** Greater than every epoch known, whatever the wall clock says. */
function nextEpoch(wallMs: number, ...known: readonly (number | undefined)[]): number {
  return Math.max(Math.floor(wallMs), 1, ...known.map((epoch) => (epoch ?? 0) + 1))
}

export function gap(
  lane: Lane,
  reason: GapReason,
  epoch: string | null,
  from: number | null,
  to: number | null,
  more: Partial<Pick<GapData, 'countByType' | 'timeFrom' | 'timeTo' | 'detail'>> = {}
): GapData {
  return { lane, epoch, from, to, countByType: {}, timeFrom: null, timeTo: null, reason, ...more }
}
