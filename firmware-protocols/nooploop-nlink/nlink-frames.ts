import { NEED_MORE, NO_START, sum8 } from '../kit/binary-framer.ts'
import { u16 } from '../kit/little-endian.ts'

/**
 * NLink frames (Nooploop LinkTrack). Little-endian. Byte 0: 0x55 (0x6A: IOT), byte 1: function mark.
 *
 *   fixed:     Tag_Frame0 128 bytes; Anchor_Frame0 896 bytes
 *   variable:  length u16 at 2, of the whole frame with header and checksum
 *   last byte: low 8 bits of the sum of all bytes before it; Anchor_Frame0 has the constant 0xEE instead, and no checksum
 */
const NLINK_HEADER = 0x55
export const NLINK_IOT_HEADER = 0x6a
const ANCHOR_FRAME_LENGTH = 896
const TAG_FRAME_LENGTH = 128
const ANCHOR_FRAME_TAIL = 0xee
export const ANCHOR_FRAME_NODES = 30
export const ANCHOR_FRAME_NODE_LENGTH = 27

/** Longest frame: 255 nodes in Node_Frame2 are 3 435 bytes; user data in Node_Frame0 and 6 stays well below. */
export const MAX_NLINK_LENGTH = 4096

export interface NlinkLayout {
  readonly name: string
  /** Bytes of the head; in frames with nodes its last byte is their count. */
  readonly head: number
  /** Bytes of a node; 0: nodes differ in length. Absent: a frame without nodes. */
  readonly node?: number
}

/** By function mark, for header 0x55. */
const LAYOUTS: readonly NlinkLayout[] = [
  { name: 'anchor_frame0', head: ANCHOR_FRAME_LENGTH - 1 },
  { name: 'tag_frame0', head: TAG_FRAME_LENGTH - 1 },
  { name: 'node_frame0', head: 11, node: 0 },
  { name: 'node_frame1', head: 27, node: 20 },
  { name: 'node_frame2', head: 119, node: 13 },
  { name: 'node_frame3', head: 21, node: 7 },
  { name: 'node_frame4', head: 21, node: 0 },
  { name: 'aoa_node_frame0', head: 21, node: 11 },
  { name: 'node_frame5', head: 24, node: 10 },
  { name: 'node_frame6', head: 14, node: 0 }
]
const IOT_LAYOUT: NlinkLayout = { name: 'iot_frame0', head: 14, node: 0 }

export function layoutOf(header: number, mark: number): NlinkLayout | undefined {
  if (header === NLINK_HEADER) return LAYOUTS[mark]
  return header === NLINK_IOT_HEADER && mark === 0 ? IOT_LAYOUT : undefined
}

/** Roles are 0 to 6, and an empty block has id 0xFF: all there is to tell an Anchor_Frame0 from noise. */
function looksLikeAnchorFrame(bytes: Uint8Array, from: number, to: number): boolean {
  const end = Math.min(to, from + 2 + ANCHOR_FRAME_NODES * ANCHOR_FRAME_NODE_LENGTH)
  for (let at = from + 2; at + 1 < end; at += ANCHOR_FRAME_NODE_LENGTH)
    if (bytes[at] !== 0xff && (bytes[at + 1] ?? 0) > MAX_ROLE) return false
  if (to - from < ANCHOR_FRAME_LENGTH) return true
  return (bytes[from + ANCHOR_FRAME_LENGTH - 2] ?? 0) <= MAX_ROLE && bytes[from + ANCHOR_FRAME_LENGTH - 1] === ANCHOR_FRAME_TAIL
}
const MAX_ROLE = 6

/** As `BinaryFramerOptions.measure`. A length that does not fit the count of nodes is no start, so noise cannot hold up frames for long. */
export function measureNlink(bytes: Uint8Array, from: number, to: number): number {
  const header = bytes[from] ?? 0
  if (header !== NLINK_HEADER && header !== NLINK_IOT_HEADER) return NO_START
  if (to - from < 2) return NEED_MORE
  const mark = bytes[from + 1] ?? 0
  const layout = layoutOf(header, mark)
  if (layout === undefined) return NO_START
  if (layout.node === undefined) {
    if (mark === 0 && !looksLikeAnchorFrame(bytes, from, to)) return NO_START
    return layout.head + 1
  }
  if (to - from < 4) return NEED_MORE
  const length = u16(bytes, from + 2)
  const nodes = length - layout.head - 1
  if (nodes < 0) return NO_START
  if (layout.node === 0) return length
  if (nodes % layout.node !== 0) return NO_START
  const countAt = from + layout.head - 1
  return to > countAt && bytes[countAt] !== nodes / layout.node ? NO_START : length
}

/** As `BinaryFramerOptions.isIntact`. */
export function isIntactNlink(bytes: Uint8Array, from: number, to: number): boolean {
  if (bytes[from] === NLINK_HEADER && bytes[from + 1] === 0) return true
  return bytes[to - 1] === sum8(bytes, from, to - 1)
}
