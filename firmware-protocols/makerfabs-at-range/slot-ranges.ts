import type { DecodeResult } from '../codec.ts'
import type { Extra } from '../kit/json.ts'
import { type Draft, failure } from '../kit/results.ts'
import type { Range } from '../reading.ts'

const MAX_CM = 1_000_000

export interface Slots {
  /** Bit i: slot i was measured in this round. Absent: not told, and every slot with a distance counts. */
  readonly mask?: number | undefined
  readonly rangesCm: readonly number[]
  /** dBm; 0: not told. */
  readonly rssi?: readonly number[] | undefined
  /** Which anchor a slot is; -1: none. Absent: the slot's own number. */
  readonly anchorIds?: readonly number[] | undefined
}

/**
 * The slots of a round into the reading. A distance of 0 or below is none, and a slot without its bit in the mask holds an old
 * one. `extra.slots` tells the slots that count, in the order of the ranges.
 */
export function putSlots(slots: Slots, draft: Draft, extra: Extra): DecodeResult | undefined {
  const { mask, rangesCm, rssi, anchorIds } = slots
  const ranges: Range[] = []
  const told: number[] = []
  for (let slot = 0; slot < rangesCm.length; slot++) {
    const centimetres = rangesCm[slot] ?? 0
    const anchorId = anchorIds === undefined ? slot : (anchorIds[slot] ?? -1)
    if (centimetres <= 0 || anchorId < 0 || (mask !== undefined && (mask & (1 << slot)) === 0)) continue
    if (centimetres > MAX_CM) return failure('VALUE_RANGE', 'a range of more than 10 km')
    const rssiDbm = rssi?.[slot] ?? 0
    const anchor = String(anchorId)
    const rangeM = centimetres / 100
    ranges.push(rssiDbm === 0 ? { anchor, rangeM } : { anchor, rangeM, rssiDbm })
    told.push(slot)
  }
  draft.ranges = ranges
  extra['slots'] = told
  return undefined
}
