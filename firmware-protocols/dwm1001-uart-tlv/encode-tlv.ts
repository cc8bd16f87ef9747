import { fromHex } from '../kit/hex.ts'
import type { LocalPosition } from '../reading.ts'
import { TYPE_ANCHOR_RANGES, TYPE_POSITION, TYPE_STATUS, TYPE_TAG_RANGES } from './tlv-types.ts'

/** Answers as a module sends them, for simulators and tests. Positions to the millimetre. */

export interface TlvFix {
  readonly position: LocalPosition
  readonly quality: number
}

export interface TlvRange {
  /** Hex: 4 digits from a tag, 16 from an anchor. */
  readonly anchor: string
  readonly rangeM: number
  readonly quality: number
}

export interface TlvTagRange extends TlvRange {
  readonly anchorPosition: LocalPosition
  readonly anchorPositionQuality: number
}

const u32 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff]
const millimetres = (value: number): number[] => u32(Math.round(value * 1000))
const littleEndian = (id: string): number[] => [...(fromHex(id) ?? [])].reverse()

function block({ position: { x, y, z }, quality }: TlvFix): number[] {
  return [...millimetres(x), ...millimetres(y), ...millimetres(z ?? 0), quality]
}

/** An answer of any TLVs. */
export function encodeAnswer(values: readonly (readonly [type: number, value: readonly number[]])[]): Uint8Array {
  return Uint8Array.from([0x40, 1, 0, ...values.flatMap(([type, value]) => [type, value.length, ...value])])
}

export function encodeError(code: number): Uint8Array {
  return Uint8Array.of(0x40, 1, code)
}

/** `pos_get`. */
export function encodePosition(fix: TlvFix): Uint8Array {
  return encodeAnswer([[TYPE_POSITION, block(fix)]])
}

/** `loc_get` on a tag; at most 11 anchors fit. */
export function encodeTagLocation(fix: TlvFix, ranges: readonly TlvTagRange[]): Uint8Array {
  const seen = ranges.flatMap(({ anchor, rangeM, quality, anchorPosition, anchorPositionQuality }) => [
    ...littleEndian(anchor),
    ...millimetres(rangeM),
    quality,
    ...block({ position: anchorPosition, quality: anchorPositionQuality })
  ])
  return encodeAnswer([
    [TYPE_POSITION, block(fix)],
    [TYPE_TAG_RANGES, [ranges.length, ...seen]]
  ])
}

/** `loc_get` on an anchor. */
export function encodeAnchorLocation(fix: TlvFix, ranges: readonly TlvRange[]): Uint8Array {
  const seen = ranges.flatMap(({ anchor, rangeM, quality }) => [...littleEndian(anchor), ...millimetres(rangeM), quality])
  return encodeAnswer([
    [TYPE_POSITION, block(fix)],
    [TYPE_ANCHOR_RANGES, [ranges.length, ...seen]]
  ])
}

/** `status_get`, in one byte (guide 1.0) or two. */
export function encodeStatus(bits: number, bytes: 1 | 2): Uint8Array {
  return encodeAnswer([[TYPE_STATUS, bytes === 1 ? [bits & 0xff] : [bits & 0xff, bits >> 8]]])
}
