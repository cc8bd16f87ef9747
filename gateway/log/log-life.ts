import type { Lane } from '../events/define-event.ts'
import { LANES } from '../events/define-event.ts'
import type { GapReason } from '../events/gateway-events.ts'
import { type GapData, gap } from './gap-events.ts'
import type { Whereabouts } from './log-identity.ts'
import type { Mark } from './log-mark.ts'
import { gapsByEpoch, type Lives, type Origin, startsUpTo } from './told-lives.ts'

/** What the database itself says of its end. */
export interface DatabaseEnd {
  readonly epoch: number
  readonly last: Readonly<Record<Lane, number>>
}

/** What is remembered outside the database. */
export interface Memory {
  readonly mark: Mark | undefined
  readonly lives: Lives | undefined
}

/** Beginning of another life: why, and what has to be told of the end of the old one. */
export interface NewLife {
  readonly reason: GapReason
  readonly epoch: number
  readonly gaps: readonly GapData[]
}

/** Whose log it was and whose it is now, where that is not the same. */
export interface ChangedOrigin {
  readonly from: Origin
  readonly to: Origin
}

/**
 * Decides at opening whether the log goes on (`undefined`) or begins another life. The rules, in order: other hardware; files put
 * back or missing beside the database; a database that is behind its mark; another gateway id or site.
 */
export function lifeOfOpened(
  end: DatabaseEnd,
  memory: Memory,
  whereabouts: Whereabouts,
  wallMs: number,
  changed?: ChangedOrigin
): NewLife | undefined {
  const { mark } = memory
  const behind = mark !== undefined && isBehind(end, mark)
  if (whereabouts === 'same' && mark !== undefined && !behind) {
    return changed === undefined ? undefined : lifeOfOther(end, changed, nextEpoch(wallMs, end.epoch, mark.epoch))
  }
  const reason = whereabouts === 'moved' ? 'log-moved' : 'log-restored'
  const gaps: GapData[] = []
  // Everything in this database will still be forwarded; after its end nothing is known of its epoch, nor of later ones …
  if (mark === undefined || !behind || mark.epoch > end.epoch) {
    for (const lane of LANES) gaps.push(gap(lane, reason, String(end.epoch), end.last[lane] + 1, null))
  }
  // … except what the mark remembers.
  if (mark !== undefined && behind) gaps.push(...gapsOfMark(mark, memory.lives, reason, end))
  return { reason, epoch: nextEpoch(wallMs, end.epoch, mark?.epoch), gaps: orBare(gaps, reason) }
}

/** Nothing is missing: the old epoch ends with what the database holds, and whatever follows belongs to the new one. */
function lifeOfOther(end: DatabaseEnd, { from, to }: ChangedOrigin, epoch: number): NewLife {
  const reason = 'gateway-changed'
  const detail = `gateway ${from.gatewayId} of site ${from.site} is now gateway ${to.gatewayId} of site ${to.site}; nothing is missing`
  return { reason, epoch, gaps: LANES.map((lane) => gap(lane, reason, String(end.epoch), end.last[lane] + 1, null, { detail })) }
}

/** Life of a log whose database is gone (`log-created`) or cannot be used (`log-damaged`). `missing`: what a rescue could not save. */
export function lifeOfNew(
  reason: 'log-created' | 'log-damaged',
  memory: Memory,
  oldEpoch: number | undefined,
  missing: readonly GapData[] | undefined,
  wallMs: number
): NewLife {
  const { mark, lives } = memory
  const gaps = missing ?? (mark === undefined ? [] : gapsOfMark(mark, lives, reason, undefined))
  return { reason, epoch: nextEpoch(wallMs, mark?.epoch, oldEpoch), gaps: orBare(gaps, reason) }
}

export function isBehind(end: DatabaseEnd, mark: Mark): boolean {
  if (mark.epoch !== end.epoch) return mark.epoch > end.epoch
  return LANES.some((lane) => mark[lane].high > end.last[lane])
}

/** What the lost database held beyond what is safe, less what this one still holds of the same epoch. */
function gapsOfMark(mark: Mark, lives: Lives | undefined, reason: GapReason, held: DatabaseEnd | undefined): GapData[] {
  const starts = startsUpTo(mark.epoch, lives)
  return LANES.flatMap((lane) =>
    gapsByEpoch(lane, reason, mark[lane].safe + 1, mark[lane].high, starts, mark.epoch).flatMap((each) => {
      if (held === undefined || each.epoch !== String(held.epoch)) return [each]
      const from = Math.max(each.from ?? 1, held.last[lane] + 1)
      return from > (each.to ?? from) ? [] : [{ ...each, from }]
    })
  )
}

/** The first record of an epoch is a DataGap even when nothing is known to be missing. */
function orBare(gaps: readonly GapData[], reason: GapReason): readonly GapData[] {
  return gaps.length > 0 ? gaps : [gap('alarm', reason, null, null, null)]
}

/** Greater than every epoch known, whatever the wall clock says. */
function nextEpoch(wallMs: number, ...known: readonly (number | undefined)[]): number {
  return Math.max(Math.floor(wallMs), 1, ...known.map((epoch) => (epoch ?? 0) + 1))
}
