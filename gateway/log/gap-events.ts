import type { z } from 'zod'
import type { ClockQuality, GatewayEvent, Lane } from '../events/define-event.ts'
import { dataGap, type GapReason } from '../events/gateway-events.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { SetAsideRecord } from './reader-contract.ts'

export type GapData = z.infer<typeof dataGap.data>

/** How the log stamps the events that it makes itself. */
export interface GapStamp {
  /** The gateway's id. */
  readonly key: string
  readonly bootId: string
  readonly clockQuality: ClockQuality
  readonly wallMs: number
  readonly monotonicMs: number
}

export function gapEvent(data: GapData, { key, wallMs, clockQuality, bootId, monotonicMs }: GapStamp): GatewayEvent {
  return { type: dataGap.type, lane: dataGap.lane, key, time: wallMs, receivedAt: wallMs, clockQuality, bootId, monotonicMs, data }
}

/** A batch of the alarm lane that holds these events. */
export function alarmBatch(events: readonly GatewayEvent[]): { payload: Uint8Array; count: number } {
  const builder = new BatchBuilder()
  for (const event of events) builder.add(event, JSON.stringify(event.data))
  return { payload: builder.finish(), count: builder.count }
}

/** Adds counts by type. */
export function addCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum: Record<string, number> = { ...a }
  for (const [type, count] of Object.entries(b)) sum[type] = (sum[type] ?? 0) + count
  return sum
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

/** Gaps that name these records; those that follow each other and were refused alike are named together, with the words of the first. */
export function gapsOfSetAside(records: readonly SetAsideRecord[]): GapData[] {
  const gaps: GapData[] = []
  let before: SetAsideRecord | undefined
  for (const record of records) {
    const { lane, epoch, sequence, type, topic, code, why, from = sequence, countByType = { [type]: 1 } } = record
    const last = gaps.at(-1)
    const isNext = before?.lane === lane && before.epoch === epoch && before.sequence + 1 === from
    if (last !== undefined && isNext && before?.topic === topic && before.code === code) {
      gaps[gaps.length - 1] = { ...last, to: sequence, countByType: addCounts(last.countByType, countByType) }
    } else {
      const detail = `${topic}: ${code}: ${why}`
      gaps.push(gap(lane, 'never-acceptable', epoch, from, sequence, { countByType, detail }))
    }
    before = record
  }
  return gaps
}
