import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { i16, i24, u32 } from '../kit/little-endian.ts'
import type { Draft } from '../kit/results.ts'
import type { Json, Range, Reading } from '../reading.ts'
import {
  applyAttitude,
  applyPosition,
  applyPrecision,
  applyVoltage,
  isTagRole,
  milliVolts,
  pushRange,
  ROLE_TAG,
  roleName,
  rssiDbm,
  timeS,
  velocityOf
} from './nlink-fields.ts'
import type { NlinkLayout } from './nlink-frames.ts'
import { applyInertia } from './nlink-own-frames.ts'
import { type Sender, sender, toldBy } from './nlink-sender.ts'

/** Where a node of a ranging frame has what; absent: it has not. Role is at 0, id at 1. */
interface RangingNode {
  readonly wideId: boolean
  readonly distanceAt: number
  readonly angleAt?: number
  readonly rssiAt: number
  readonly timeAt?: number
}

/**
 *   Node_Frame2:  role u8, id u8, distance i24 mm, first-path and receive RSSI u8 x2 (-0.5 dBm), system time u32 ms, reserved 2
 *   Node_Frame3:  role u8, id u8, distance i24, RSSI x2
 *   AOA:          role u8, id u8, distance i24, angle i16 0.01 deg, RSSI x2, reserved 2
 *   Node_Frame5:  role u8, id u32, distance i24, RSSI x2
 */
const FRAME2_NODE: RangingNode = { wideId: false, distanceAt: 2, rssiAt: 5, timeAt: 7 }
const FRAME3_NODE: RangingNode = { wideId: false, distanceAt: 2, rssiAt: 5 }
const AOA_NODE: RangingNode = { wideId: false, distanceAt: 2, angleAt: 5, rssiAt: 7 }
const FRAME5_NODE: RangingNode = { wideId: true, distanceAt: 5, rssiAt: 8 }

function rangeFrom(bytes: Uint8Array, at: number, node: RangingNode, anchor: number): Range | undefined {
  const rangeM = i24(bytes, at + node.distanceAt) / 1000
  if (rangeM <= 0) return undefined
  const received = bytes[at + node.rssiAt + 1] ?? 0
  return received === 0 ? { anchor: String(anchor), rangeM } : { anchor: String(anchor), rangeM, rssiDbm: rssiDbm(received) }
}

function fillNode(bytes: Uint8Array, at: number, node: RangingNode, into: { [key: string]: Json }): void {
  into['distance_m'] = i24(bytes, at + node.distanceAt) / 1000
  if (node.angleAt !== undefined) into['angle_deg'] = i16(bytes, at + node.angleAt) / 100
  into['fp_rssi_dbm'] = rssiDbm(bytes[at + node.rssiAt] ?? 0)
  into['rx_rssi_dbm'] = rssiDbm(bytes[at + node.rssiAt + 1] ?? 0)
  if (node.timeAt !== undefined) into['system_time_s'] = timeS(bytes, at + node.timeAt)
}

function idOf(bytes: Uint8Array, at: number, node: RangingNode): number {
  return node.wideId ? u32(bytes, at + 1) : (bytes[at + 1] ?? 0)
}

function rangingNodes(bytes: Uint8Array, layout: NlinkLayout, node: RangingNode, from: Sender): readonly Reading[] {
  if (isTagRole(from.role)) return heardByTag(bytes, layout, node, from)
  const readings: Reading[] = [from.draft]
  const count = bytes[layout.head - 1] ?? 0
  for (let i = 0, at = layout.head; i < count; i++, at += layout.node ?? 0) {
    const { draft, extra } = toldBy(from, bytes[at] ?? 0, idOf(bytes, at, node))
    fillNode(bytes, at, node, extra)
    const range = rangeFrom(bytes, at, node, from.id)
    if (range) draft.ranges = [range]
    if (range?.rssiDbm !== undefined) draft.rssiDbm = range.rssiDbm
    readings.push(draft)
  }
  return readings
}

function heardByTag(bytes: Uint8Array, layout: NlinkLayout, node: RangingNode, { draft, extra }: Sender): readonly Reading[] {
  const nodes: Json[] = []
  const ranges: Range[] = []
  const count = bytes[layout.head - 1] ?? 0
  for (let i = 0, at = layout.head; i < count; i++, at += layout.node ?? 0) {
    const role = bytes[at] ?? 0
    const id = idOf(bytes, at, node)
    const item = { role: roleName(role), id }
    fillNode(bytes, at, node, item)
    nodes.push(item)
    // Another tag is no fixed point, and its number may be that of an anchor too.
    const range = role === ROLE_TAG ? undefined : rangeFrom(bytes, at, node, id)
    if (range) ranges.push(range)
  }
  extra['nodes'] = nodes
  if (ranges.length > 0) draft.ranges = ranges
  return [draft]
}

/**
 * Node_Frame2, what a tag says of itself and the anchors it heard:
 *
 *   0 header  2 length u16  4 role u8  5 id u8  6 system time u32 ms  10 precision u8 x3 cm  13 position i24 x3 mm
 *   22 velocity i24 x3 0.1 mm/s  31 reserved 9  40 gyroscope f32 x3  52 accelerometer f32 x3  64 reserved 12
 *   76 roll, pitch, yaw i16 x3 0.01 deg  82 quaternion f32 x4  98 reserved 4  102 local time u32 ms  106 reserved 10
 *   116 voltage u16 mV  118 count u8  119 nodes
 */
export function readNodeFrame2(bytes: Uint8Array, layout: NlinkLayout): readonly Reading[] {
  const from = sender(layout.name, bytes[4] ?? 0, bytes[5] ?? 0)
  const { draft, extra } = from
  applyPrecision(draft, extra, bytes, 10)
  applyPosition(draft, bytes, 13)
  draft.velocityMps = velocityOf(bytes, 22)
  applyInertia(draft, bytes, 40)
  applyAttitude(extra, bytes, 76)
  extra['local_time_s'] = timeS(bytes, 102)
  extra['system_time_s'] = timeS(bytes, 6)
  applyVoltage(draft, extra, milliVolts(bytes, 116))
  return rangingNodes(bytes, layout, FRAME2_NODE, from)
}

/** 4 role u8, then id, local time u32 ms, system time u32 ms, reserved 4, voltage u16 mV, count u8, nodes. */
function rangingFrame(bytes: Uint8Array, layout: NlinkLayout, id: number, timesAt: number, node: RangingNode): readonly Reading[] {
  const from = sender(layout.name, bytes[4] ?? 0, id)
  applyHead(from, bytes, timesAt)
  return rangingNodes(bytes, layout, node, from)
}

function applyHead({ draft, extra }: Sender, bytes: Uint8Array, timesAt: number): void {
  extra['local_time_s'] = timeS(bytes, timesAt)
  extra['system_time_s'] = timeS(bytes, timesAt + 4)
  applyVoltage(draft, extra, milliVolts(bytes, timesAt + 12))
}

/** Node_Frame3: id u8 at 5, local time at 6, system time at 10, voltage at 18, count at 20. */
export const readNodeFrame3 = (bytes: Uint8Array, layout: NlinkLayout): readonly Reading[] =>
  rangingFrame(bytes, layout, bytes[5] ?? 0, 6, FRAME3_NODE)

/** AOA Node_Frame0: as Node_Frame3, with an angle in each node. */
export const readAoaNodeFrame0 = (bytes: Uint8Array, layout: NlinkLayout): readonly Reading[] =>
  rangingFrame(bytes, layout, bytes[5] ?? 0, 6, AOA_NODE)

/** Node_Frame5: as Node_Frame3 with id u32 at 5, so local time at 9, system time at 13, voltage at 21, count at 23. */
export const readNodeFrame5 = (bytes: Uint8Array, layout: NlinkLayout): readonly Reading[] =>
  rangingFrame(bytes, layout, u32(bytes, 5), 9, FRAME5_NODE)

/**
 * Node_Frame4, head as Node_Frame3, then tags { id u8, reserved 2, voltage u8 0.05 V, count u8, count x { anchor u8, distance i24 mm } }.
 * Undefined when tags and anchors do not fill the frame.
 */
export function readNodeFrame4(bytes: Uint8Array, layout: NlinkLayout): readonly Reading[] | undefined {
  const from = sender(layout.name, bytes[4] ?? 0, bytes[5] ?? 0)
  applyHead(from, bytes, 6)
  const readings: Reading[] = [from.draft]
  const end = bytes.length - 1
  let at = layout.head
  for (let left = bytes[20] ?? 0; left > 0; left--) {
    const next = at + 5 + 4 * (bytes[at + 4] ?? 0)
    if (at + 5 > end || next > end) return undefined
    const { draft, extra } = toldBy(from, ROLE_TAG, bytes[at] ?? 0)
    applyVoltage(draft, extra, (bytes[at + 3] ?? 0) / 20)
    const ranges: Range[] = []
    for (let anchor = at + 5; anchor < next; anchor += 4) pushRange(ranges, bytes[anchor] ?? 0, i24(bytes, anchor + 1) / 1000)
    if (ranges.length > 0) draft.ranges = ranges
    readings.push(draft)
    at = next
  }
  return at === end ? readings : undefined
}

/**
 * IOT_Frame0: 0 0x6A 0x00  2 length u16  4 uid u32  8 system time u32 ms  12 inputs and outputs, a bit each  13 count u8
 * 14 nodes { uid u32, distance i24 mm, horizontal and vertical angle i16 x2 0.01 deg, RSSI u8 x2, length of data u8 (low 4 bits), data }
 */
export function readIotFrame0(bytes: Uint8Array, layout: NlinkLayout): readonly Reading[] | undefined {
  const uid = u32(bytes, 4)
  const head: Extra = { frame: layout.name, uid, system_time_s: timeS(bytes, 8), io: bytes[12] ?? 0 }
  const device = String(uid)
  const readings: Reading[] = [{ device, extra: head }]
  const end = bytes.length - 1
  let at = layout.head
  for (let left = bytes[13] ?? 0; left > 0; left--) {
    const next = at + 14 + ((bytes[at + 13] ?? 0) & 0x0f)
    if (at + 14 > end || next > end) return undefined
    const rangeM = i24(bytes, at + 4) / 1000
    const received = bytes[at + 12] ?? 0
    const tagUid = u32(bytes, at)
    const draft: Draft = { tag: String(tagUid), receiver: device }
    if (received !== 0) draft.rssiDbm = rssiDbm(received)
    if (rangeM > 0) draft.ranges = received === 0 ? [{ anchor: device, rangeM }] : [{ anchor: device, rangeM, rssiDbm: rssiDbm(received) }]
    draft.extra = {
      frame: layout.name,
      uid: tagUid,
      distance_m: rangeM,
      horizontal_deg: i16(bytes, at + 7) / 100,
      vertical_deg: i16(bytes, at + 9) / 100,
      fp_rssi_dbm: rssiDbm(bytes[at + 11] ?? 0),
      rx_rssi_dbm: rssiDbm(received),
      data_hex: toHex(bytes.subarray(at + 14, next))
    }
    readings.push(draft)
    at = next
  }
  return at === end ? readings : undefined
}
