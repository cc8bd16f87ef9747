import type { DecodeResult } from '../codec.ts'
import type { Extra } from '../kit/json.ts'
import { type Draft, failure, readings } from '../kit/results.ts'
import { type AccelerationReader, putPlace, putServiceBits } from './pdoa-measurement.ts'

const LONG =
  /^RA([0-9A-F]{4}) ([0-9A-F]{2}) ([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]) X:([0-9A-F]{4}) Y:([0-9A-F]{4}) Z:([0-9A-F]{4})$/
const SHORT = /^AR([0-9A-F]{4})([0-9A-F]{2})([0-9A-F]{8})([0-9A-F]{8})$/
const SERVICE = /^SN([0-9A-F]) ([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{4})$/

const i32 = (digits: string | undefined): number => Number.parseInt(digits ?? '', 16) | 0
/** 16 bits with their sign, in two's complement. */
const i16 = (digits: string | undefined): number => (Number.parseInt(digits ?? '', 16) << 16) >> 16

/**
 * The node's plain forms (`json_2pc.c`, report levels 2 and 3), hex of fixed widths:
 *
 *   RA<tag 4> <range number 2> <x cm 8> <y cm 8> <clock offset 8, 0.01 ppm> <service bits 1> X:<mg 4> Y:<mg 4> Z:<mg 4>
 *   AR<tag 4><range number 2><x cm 8><y cm 8>
 *   SN<service bits 1> <x mg 4><y mg 4><z mg 4>
 */
export function readPlain(text: string, accelerations: AccelerationReader): DecodeResult {
  const service = SERVICE.exec(text)
  if (service !== null) {
    const extra: Extra = { kind: 'service' }
    const draft: Draft = { device: 'node', extra }
    putServiceBits(Number.parseInt(service[1] ?? '', 16), draft, extra)
    accelerations.put('node', [i16(service[2]), i16(service[3]), i16(service[4])], draft, extra)
    return readings(draft)
  }
  const long = LONG.exec(text)
  const ranged = long ?? SHORT.exec(text)
  if (ranged === null) return failure('FRAME_FORMAT', 'no JS head, and none of the plain forms')
  const rangeNum = Number.parseInt(ranged[2] ?? '', 16)
  const extra: Extra = { kind: 'twr', range_num: rangeNum }
  const draft: Draft = { tag: (ranged[1] ?? '').toLowerCase(), sequence: rangeNum, extra }
  const far = putPlace(i32(ranged[3]), i32(ranged[4]), draft)
  if (far !== undefined) return far
  if (long !== null) {
    extra['clock_offset_ppm'] = i32(long[5]) / 100
    putServiceBits(Number.parseInt(long[6] ?? '', 16), draft, extra)
    accelerations.put(draft.tag ?? '', [i16(long[7]), i16(long[8]), i16(long[9])], draft, extra)
  }
  return readings(draft)
}
