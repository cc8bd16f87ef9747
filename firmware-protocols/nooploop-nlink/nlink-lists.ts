import { toHex } from '../kit/hex.ts'
import { u16, u32 } from '../kit/little-endian.ts'
import type { Json, Range, Reading } from '../reading.ts'
import { applyPosition, applyVoltage, isTagRole, milliVolts, pushRange, roleName, timeS } from './nlink-fields.ts'
import { ANCHOR_FRAME_NODE_LENGTH, ANCHOR_FRAME_NODES, type NlinkLayout } from './nlink-frames.ts'
import { sender, toldBy } from './nlink-sender.ts'

/** Node_Frame1: 4 role, 5 id, 6 system time, 10 local time, 14 reserved 10, 24 voltage, 26 count, 27 { role, id, position i24 x3 mm, reserved 9 }. */
export function readNodeFrame1(bytes: Uint8Array, layout: NlinkLayout): readonly Reading[] {
  const from = sender(layout.name, bytes[4] ?? 0, bytes[5] ?? 0)
  from.extra['local_time_s'] = timeS(bytes, 10)
  from.extra['system_time_s'] = timeS(bytes, 6)
  applyVoltage(from.draft, from.extra, milliVolts(bytes, 24))
  const readings: Reading[] = [from.draft]
  const count = bytes[26] ?? 0
  for (let i = 0, at = layout.head; i < count; i++, at += 20) {
    const { draft } = toldBy(from, bytes[at] ?? 0, bytes[at + 1] ?? 0)
    applyPosition(draft, bytes, at + 2)
    readings.push(draft)
  }
  return readings
}

/**
 * Node_Frame0: 4 role, 5 id u8, 6 reserved 4, 10 count, 11 nodes { role u8, id u8, length u16, data }.
 * Node_Frame6: 4 role, 5 id u32, 9 reserved 4, 13 count, 14 nodes { role u8, id u32, length u16, data }.
 */
export function readUserData(bytes: Uint8Array, layout: NlinkLayout): readonly Reading[] | undefined {
  const idLength = layout.head === 14 ? 4 : 1
  const idAt = (at: number): number => (idLength === 4 ? u32(bytes, at) : (bytes[at] ?? 0))
  const from = sender(layout.name, bytes[4] ?? 0, idAt(5))
  const fromTag = isTagRole(from.role)
  const readings: Reading[] = [from.draft]
  const nodes: Json[] = []
  const end = bytes.length - 1
  let at = layout.head
  for (let left = bytes[layout.head - 1] ?? 0; left > 0; left--) {
    const data = at + 1 + idLength + 2
    const next = data + u16(bytes, data - 2)
    if (data > end || next > end) return undefined
    const role = bytes[at] ?? 0
    const hex = toHex(bytes.subarray(data, next))
    if (fromTag) nodes.push({ role: roleName(role), id: idAt(at + 1), data_hex: hex })
    else {
      const { draft, extra } = toldBy(from, role, idAt(at + 1))
      extra['data_hex'] = hex
      readings.push(draft)
    }
    at = next
  }
  if (fromTag) from.extra['nodes'] = nodes
  return at === end ? readings : undefined
}

/**
 * Anchor_Frame0, 896 bytes, no checksum:
 *
 *   2 thirty blocks { id u8 (0xFF: empty), role u8, position i24 x3 mm, distances to anchors 0..7 u16 x8 cm, 0: none }
 *   812 reserved 67  879 local time u32 ms  883 reserved 4  887 voltage u16 mV  889 system time u32 ms  893 id u8  894 role u8  895 0xEE
 */
export function readAnchorFrame0(bytes: Uint8Array, layout: NlinkLayout): readonly Reading[] {
  const from = sender(layout.name, bytes[894] ?? 0, bytes[893] ?? 0)
  from.extra['local_time_s'] = timeS(bytes, 879)
  from.extra['system_time_s'] = timeS(bytes, 889)
  applyVoltage(from.draft, from.extra, milliVolts(bytes, 887))
  const readings: Reading[] = [from.draft]
  for (let i = 0, at = 2; i < ANCHOR_FRAME_NODES; i++, at += ANCHOR_FRAME_NODE_LENGTH) {
    const id = bytes[at] ?? 0
    if (id === 0xff) continue
    const { draft, extra } = toldBy(from, bytes[at + 1] ?? 0, id)
    applyPosition(draft, bytes, at + 2)
    const distances: number[] = []
    const ranges: Range[] = []
    for (let anchor = 0; anchor < 8; anchor++) {
      const distanceM = u16(bytes, at + 11 + 2 * anchor) / 100
      distances.push(distanceM)
      pushRange(ranges, anchor, distanceM)
    }
    if (ranges.length > 0) draft.ranges = ranges
    extra['distances_m'] = distances
    readings.push(draft)
  }
  return readings
}
