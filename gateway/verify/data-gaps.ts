import type { z } from 'zod'
import { dataGap, type GapReason } from '../events/gateway-events.ts'
import type { Beginning } from './epoch-bounds.ts'
import type { WireEvent } from './wire-event.ts'

type DataGapData = z.infer<typeof dataGap.data>

/** Both ends included; an open end is Infinity. */
export type Interval = readonly [from: number, to: number]

/** What the gaps say of one gateway, epoch and lane. */
export interface Explanation {
  /** Sorted, without overlaps. */
  readonly intervals: readonly Interval[]
  /** The end of this epoch is unknown: whatever had not been forwarded when the log ended is told by this alone. */
  readonly unknownEnd: boolean
}

interface ToldGap {
  /** Whose events it speaks of. */
  readonly gateway: string
  readonly toldBy: string
  /** Epoch of the log in which the gap stands. */
  readonly toldIn: string
  /** Where it stands in the alarm lane of that epoch. */
  readonly sequence: number
  readonly data: DataGapData
}

/** A log that began without knowing the one before. Other gaps without numbers are of events that never had one. */
const NEW_LIFE: ReadonlySet<GapReason> = new Set(['log-created', 'log-damaged', 'log-restored', 'log-moved', 'gateway-changed'])

/** Reasons of an epoch in the database of an older one. */
const WENT_ON: ReadonlySet<GapReason> = new Set(['log-restored', 'log-moved', 'gateway-changed'])

/** Epochs are numbers that grow; compared as numbers where they are. */
export function compareEpochs(left: string, right: string): number {
  const difference = Number(left) - Number(right)
  if (!Number.isNaN(difference) && difference !== 0) return difference
  return left < right ? -1 : left > right ? 1 : 0
}

export class DataGaps {
  readonly #gaps: ToldGap[] = []

  /** False: the record is no valid DataGap. */
  add(event: WireEvent): boolean {
    const parsed = dataGap.data.safeParse(event.data)
    if (!parsed.success) return false
    const { data } = parsed
    this.#gaps.push({ gateway: data.gateway ?? event.gateway, toldBy: event.gateway, toldIn: event.epoch, sequence: event.sequence, data })
    return true
  }

  explain(gateway: string, epoch: string, lane: string): Explanation {
    const concerning = this.#gaps.filter((gap) => gap.gateway === gateway && concerns(gap, epoch))
    return { intervals: intervalsOf(concerning, lane), unknownEnd: concerning.some((gap) => saysNothingIsKnown(gap, epoch, lane)) }
  }

  /** What is told of any epoch from `oldest` (null: the very first) up to and without `next`. */
  explainRange(gateway: string, oldest: string | null, next: string, lane: string): readonly Interval[] {
    const within = ({ data, toldIn }: ToldGap) => {
      const named = data.epoch ?? toldIn
      const reachesOldest = oldest === null || compareEpochs(named, oldest) >= 0 || (data.to === null && compareEpochs(toldIn, oldest) > 0)
      return reachesOldest && compareEpochs(named, next) < 0
    }
    return intervalsOf(
      this.#gaps.filter((gap) => gap.gateway === gateway && within(gap)),
      lane
    )
  }

  /** Last number of an epoch that went over to another gateway, as that one says. */
  endOf(gateway: string, epoch: string, lane: string): number | undefined {
    const isEnd = ({ data, ...told }: ToldGap) =>
      data.reason === 'gateway-changed' && told.gateway === gateway && data.epoch === epoch && data.lane === lane
    const from = this.#gaps.find(isEnd)?.data.from
    return typeof from === 'number' ? from - 1 : undefined
  }

  /** Where the first record of an epoch stands in the alarm lane; undefined: it is not there. */
  openingSequence(gateway: string, epoch: string): number | undefined {
    return this.#opening(gateway, epoch)?.sequence
  }

  /** What the first record of an epoch says of where its numbers begin. */
  beginning(gateway: string, epoch: string, lane: string): Beginning | undefined {
    const opening = this.#opening(gateway, epoch)
    if (opening === undefined) return undefined
    if (opening.sequence === 1 && opening.data.reason === 'log-created') return { kind: 'created' }
    // Where a database went on, its own end is told first, one record a lane, with an open end; the first names its own number.
    const { data, sequence } = opening
    if (!WENT_ON.has(data.reason) || data.lane !== 'alarm' || data.to !== null || data.from !== sequence) return undefined
    const told = lane === 'alarm' ? opening : this.#told(gateway, epoch).find((gap) => gap.sequence === sequence + 1)
    const { lane: about, epoch: after, from, to } = told?.data ?? {}
    return about === lane && after === data.epoch && typeof after === 'string' && typeof from === 'number' && to === null
      ? { kind: 'went-on', start: from, after, isAnothers: opening.gateway !== gateway }
      : undefined
  }

  /** With which number a gateway has taken over another one's database last, before an epoch of its own. */
  lastTakeOver(gateway: string, epoch: string, lane: string): number | undefined {
    const isTakeOver = ({ data, ...told }: ToldGap) =>
      NEW_LIFE.has(data.reason) && data.lane === lane && told.toldBy === gateway && told.gateway !== gateway && data.to === null
    return (
      this.#gaps
        .filter((gap) => isTakeOver(gap) && compareEpochs(gap.toldIn, epoch) < 0)
        .sort((a, b) => compareEpochs(b.toldIn, a.toldIn))
        .find(({ data }) => data.from !== null)?.data.from ?? undefined
    )
  }

  #told(gateway: string, epoch: string): ToldGap[] {
    return this.#gaps.filter((gap) => gap.toldBy === gateway && gap.toldIn === epoch)
  }

  #opening(gateway: string, epoch: string): ToldGap | undefined {
    return this.#told(gateway, epoch)
      .filter(({ data }) => NEW_LIFE.has(data.reason))
      .reduce<ToldGap | undefined>((first, gap) => (first === undefined || gap.sequence < first.sequence ? gap : first), undefined)
  }
}

/** The open and closed intervals that gaps with numbers name in a lane. */
function intervalsOf(gaps: readonly ToldGap[], lane: string): Interval[] {
  return merged(
    gaps
      .filter(({ data }) => data.lane === lane && (data.from !== null || data.to !== null))
      .map(({ data }): Interval => [data.from ?? 0, data.to ?? Number.POSITIVE_INFINITY])
  )
}

/** A gap with an open end speaks of every epoch between the one it names and its own, too: nothing is known of them. */
function concerns({ data, toldIn }: ToldGap, epoch: string): boolean {
  if (data.epoch === null) return compareEpochs(epoch, toldIn) <= 0
  const isBetween = data.from !== null && data.to === null && compareEpochs(epoch, data.epoch) > 0 && compareEpochs(epoch, toldIn) < 0
  return data.epoch === epoch || isBetween
}

/** A gap that names no epoch stands once, in the alarm lane, for both lanes of every epoch before. */
function saysNothingIsKnown({ data, toldIn }: ToldGap, epoch: string, lane: string): boolean {
  if (data.from !== null || data.to !== null || !NEW_LIFE.has(data.reason)) return false
  return data.epoch === null ? compareEpochs(epoch, toldIn) < 0 : data.lane === lane
}

/** Sorted, without overlaps. */
export function merged(intervals: readonly Interval[]): Interval[] {
  const result: [number, number][] = []
  for (const [from, to] of [...intervals].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else result.push([from, to])
  }
  return result
}

/** Cuts a run into what the intervals cover and what they do not. `intervals` sorted and without overlaps. */
export function splitRun(run: Interval, intervals: readonly Interval[]): { readonly covered: number; readonly uncovered: Interval[] } {
  const uncovered: Interval[] = []
  let next = run[0]
  for (const [from, to] of intervals) {
    if (to < next) continue
    if (from > run[1]) break
    if (from > next) uncovered.push([next, from - 1])
    next = Math.max(next, to + 1)
  }
  if (next <= run[1]) uncovered.push([next, run[1]])
  const left = uncovered.reduce((sum, [from, to]) => sum + to - from + 1, 0)
  return { covered: run[1] - run[0] + 1 - left, uncovered }
}
