import type { DecodeResult } from '../codec.ts'
import { toHexReversed } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { isPansFix } from '../kit/local-position.ts'
import { type Draft, failure } from '../kit/results.ts'
import type { LocalPosition, Range } from '../reading.ts'
import { ANCHOR_RANGE_BYTES, POSITION_BYTES, TAG_RANGE_BYTES } from './tlv-types.ts'

/** No UWB system spans more; there is no checksum, so coordinates beyond it tell of lost bytes. */
const MAX_METRES = 10_000
const NO_DISTANCE = 0xffffffff

const i32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)

const LENGTH = failure('FRAME_LENGTH', 'a length that its type cannot have')
const QUALITY = failure('VALUE_RANGE', 'a quality above 100')
const FAR = failure('VALUE_RANGE', 'farther away than any system spans')

/** x, y, z of a position block; undefined beyond every system. */
function coordinates(bytes: Uint8Array, at: number): LocalPosition | undefined {
  const x = i32(bytes, at) / 1000
  const y = i32(bytes, at + 4) / 1000
  const z = i32(bytes, at + 8) / 1000
  return Math.abs(x) > MAX_METRES || Math.abs(y) > MAX_METRES || Math.abs(z) > MAX_METRES ? undefined : { x, y, z }
}

/**
 * 41 0D, the module's own position (API guide 4.3.2):
 *
 *   0 x i32 mm    4 y i32 mm    8 z i32 mm    12 quality u8 0..100        little-endian
 */
export function readPosition(frame: Uint8Array, from: number, to: number, draft: Draft): DecodeResult | undefined {
  if (to - from !== POSITION_BYTES) return LENGTH
  const quality = frame[from + 12] ?? 0
  if (quality > 100) return QUALITY
  const position = coordinates(frame, from)
  if (position === undefined) return FAR
  draft.position = position
  draft.quality = quality
  return undefined
}

/**
 * 49, what a tag measured (API guide 4.3.9):
 *
 *   0 count u8, then of each   0 anchor u16    2 distance u32 mm    6 its quality u8    7 the anchor's position block
 */
export function readTagRanges(frame: Uint8Array, from: number, to: number, draft: Draft): DecodeResult | undefined {
  if (to - from !== 1 + (frame[from] ?? 0) * TAG_RANGE_BYTES) return LENGTH
  const ranges: Range[] = []
  for (let at = from + 1; at < to; at += TAG_RANGE_BYTES) {
    const anchorPositionQuality = frame[at + 19] ?? 0
    const quality = frame[at + 6] ?? 0
    if (quality > 100 || anchorPositionQuality > 100) return QUALITY
    const anchorPosition = coordinates(frame, at + 7)
    const distance = i32(frame, at + 2) >>> 0
    if (anchorPosition === undefined) return FAR
    if (distance === NO_DISTANCE) continue
    const rangeM = distance / 1000
    if (rangeM > MAX_METRES) return FAR
    ranges.push({ anchor: toHexReversed(frame, at, at + 2), rangeM, quality, anchorPosition, anchorPositionQuality })
  }
  draft.ranges = ranges
  return undefined
}

/**
 * 48, what an anchor measured (API guide 4.3.9):
 *
 *   0 count u8, then of each   0 peer u64    8 distance u32 mm    12 its quality u8
 */
export function readAnchorRanges(frame: Uint8Array, from: number, to: number, draft: Draft): DecodeResult | undefined {
  if (to - from !== 1 + (frame[from] ?? 0) * ANCHOR_RANGE_BYTES) return LENGTH
  const ranges: Range[] = []
  for (let at = from + 1; at < to; at += ANCHOR_RANGE_BYTES) {
    const quality = frame[at + 12] ?? 0
    if (quality > 100) return QUALITY
    const distance = i32(frame, at + 8) >>> 0
    if (distance === NO_DISTANCE) continue
    const rangeM = distance / 1000
    if (rangeM > MAX_METRES) return FAR
    ranges.push({ anchor: toHexReversed(frame, at, at + 8), rangeM, quality })
  }
  draft.ranges = ranges
  return undefined
}

/** Without a fix the block is there all the same. It marks the reading unusable, unless that has ranges, which are good. */
export function settlePosition(draft: Draft, extra: Extra): void {
  const { position, quality, ranges } = draft
  if (position === undefined || isPansFix(position, quality)) return
  if (ranges === undefined || ranges.length === 0) {
    draft.usable = false
    return
  }
  extra['position_m'] = { x: position.x, y: position.y, z: position.z ?? 0 }
  delete draft.position
}
