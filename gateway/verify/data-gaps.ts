import type { z } from 'zod'
import { dataGap, type GapReason } from '../events/gateway-events.ts'
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
  readonly gateway: string
  /** Epoch of the log in which the gap stands. */
  readonly toldIn: string
  readonly data: DataGapData
}

/** A log that began without knowing the one before. Other gaps without numbers are of events that never had one. */
const NEW_LIFE: ReadonlySet<GapReason> = new Set(['log-created', 'log-damaged', 'log-restored', 'log-moved'])

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
    if (parsed.success) this.#gaps.push({ gateway: event.gateway, toldIn: event.epoch, data: parsed.data })
    return parsed.success
  }

  explain(gateway: string, epoch: string, lane: string): Explanation {
    const concerning = this.#gaps.filter((gap) => gap.gateway === gateway && concerns(gap, epoch))
    const intervals = concerning
      .filter(({ data }) => data.lane === lane && (data.from !== null || data.to !== null))
      .map(({ data }): Interval => [data.from ?? 0, data.to ?? Number.POSITIVE_INFINITY])
    return { intervals: merged(intervals), unknownEnd: concerning.some((gap) => saysNothingIsKnown(gap, epoch, lane)) }
  }
}

function concerns({ data, toldIn }: ToldGap, epoch: string): boolean {
  return data.epoch === null ? compareEpochs(epoch, toldIn) <= 0 : data.epoch === epoch
}

/** A gap that names no epoch stands once, in the alarm lane, for both lanes of every epoch before. */
function saysNothingIsKnown({ data, toldIn }: ToldGap, epoch: string, lane: string): boolean {
  if (data.from !== null || data.to !== null || !NEW_LIFE.has(data.reason)) return false
  return data.epoch === null ? compareEpochs(epoch, toldIn) < 0 : data.lane === lane
}

function merged(intervals: readonly Interval[]): Interval[] {
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
