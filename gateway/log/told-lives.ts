import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Lane } from '../events/define-event.ts'
import type { GapReason } from '../events/gateway-events.ts'
import { type GapData, gap } from './gap-events.ts'
import type { Mark } from './log-mark.ts'
import { syncDirectory } from './sync-directory.ts'

/** More lives or gaps than this in a row: the oldest are forgotten. */
const MAX_REMEMBERED = 500

/** Whose events they are: every record in Kafka names both, so they stay with the epoch in which an event was recorded. */
export interface Origin {
  readonly gatewayId: string
  readonly site: string
}

/** Where an epoch begins in the sequences of its database. */
export interface LifeStart {
  readonly epoch: number
  readonly first: Readonly<Record<Lane, number>>
  /** Absent in logs that did not keep it. */
  readonly origin?: Origin
}

/** What is remembered of the present life outside the database, in case that is lost. */
export interface Lives {
  readonly epoch: number
  /** Epochs whose events the database may hold, in order. */
  readonly starts: readonly LifeStart[]
  /** Gaps with which the epoch began, and the sequence of the last of them in the alarm lane. */
  readonly gaps: readonly GapData[]
  readonly gapSequence: number
}

export function readLives(path: string): Lives | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Lives
  } catch {
    return undefined
  }
}

/** Where the epochs up to this one begin, as far as that is remembered. */
export function startsUpTo(epoch: number | undefined, lives: Lives | undefined): readonly LifeStart[] {
  const starts = lives?.starts ?? []
  return starts.slice(0, starts.findIndex((start) => start.epoch === epoch) + 1)
}

/** Gaps of an earlier life that may have been lost with its database before they were forwarded: the next one tells them again. */
export function untoldGaps(lives: Lives | undefined, mark: Mark | undefined): readonly GapData[] {
  if (lives === undefined) return []
  const forwarded = mark?.epoch === lives.epoch && mark.alarm.safe >= lives.gapSequence
  return forwarded ? [] : lives.gaps.filter(({ epoch }) => epoch !== null)
}

export function rememberLives(path: string, lives: Lives): void {
  const kept: Lives = { ...lives, starts: lives.starts.slice(-MAX_REMEMBERED), gaps: lives.gaps.slice(0, MAX_REMEMBERED) }
  const descriptor = openSync(`${path}.new`, 'w', 0o640)
  try {
    writeSync(descriptor, JSON.stringify(kept))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(`${path}.new`, path)
  syncDirectory(dirname(path))
}

/** What the log's `meta` says under `lives`. */
export function startsOf(meta: unknown): readonly LifeStart[] {
  return typeof meta === 'string' ? (JSON.parse(meta) as LifeStart[]) : []
}

/** By epoch, as far as the log knows. */
export function originsOf(starts: readonly LifeStart[]): ReadonlyMap<string, Origin> {
  return new Map(starts.flatMap(({ epoch, origin }) => (origin === undefined ? [] : [[String(epoch), origin] as const])))
}

/** Events are named by gateway, epoch and number, so a gap in what another gateway id has recorded says which. */
export function withGateway(each: GapData, origins: ReadonlyMap<string, Origin>, teller: string): GapData {
  const gateway = each.epoch === null ? undefined : origins.get(each.epoch)?.gatewayId
  return gateway === undefined || gateway === teller ? each : { ...each, gateway }
}

/** The gaps of a new life, and after them those of earlier lives that it does not say already. */
export function withUntold(gaps: readonly GapData[], untold: readonly GapData[]): readonly GapData[] {
  const placeOf = ({ lane, epoch, from, to }: GapData) => `${lane} ${epoch} ${from} ${to}`
  const said = new Set(gaps.map(placeOf))
  return [...gaps, ...untold.filter((each) => !said.has(placeOf(each)))]
}

/**
 * Sequences go on over the epochs of a database: a range of them is told epoch by epoch, and never as numbers that an epoch did not
 * have: they may be those of another, and their loss would look explained. `to` null: open.
 */
export function gapsByEpoch(
  lane: Lane,
  reason: GapReason,
  from: number,
  to: number | null,
  starts: readonly LifeStart[],
  epoch: number
): GapData[] {
  const end = to ?? Number.POSITIVE_INFINITY
  const known = starts.length > 0 ? starts : [{ epoch, first: { alarm: 1, telemetry: 1 } }]
  return known.flatMap((start, i) => {
    const next = known[i + 1]
    const first = Math.max(from, start.first[lane])
    const last = Math.min(end, next === undefined ? Number.POSITIVE_INFINITY : next.first[lane] - 1)
    return first > last ? [] : [gap(lane, reason, String(start.epoch), first, last === Number.POSITIVE_INFINITY ? null : last)]
  })
}
