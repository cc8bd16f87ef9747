import type { Extra } from '../kit/json.ts'
import { i24 } from '../kit/little-endian.ts'
import type { Draft } from '../kit/results.ts'
import type { Range, Reading } from '../reading.ts'
import {
  applyAttitude,
  applyIdentity,
  applyPosition,
  applyPrecision,
  applyVoltage,
  milliVolts,
  pushRange,
  timeS,
  triple,
  velocityOf
} from './nlink-fields.ts'

const TAG_FRAME_DISTANCES = 8

/** gyroscope float32 x3 rad/s, accelerometer float32 x3 m/s² */
export function applyInertia(draft: Draft, bytes: Uint8Array, at: number): void {
  const gyro = triple(bytes, at)
  if (gyro) draft.gyroRadps = gyro
  const accel = triple(bytes, at + 12)
  if (accel) draft.accelMps2 = accel
}

/**
 * Tag_Frame0, 128 bytes, what a tag says of itself:
 *
 *   0 header  2 id u8  3 role u8  4 position i24 x3 mm  13 velocity i24 x3 0.1 mm/s
 *   22 distances to anchors 0..7 i24 x8 mm, 0: none  46 gyroscope f32 x3 rad/s  58 accelerometer f32 x3 m/s²  70 reserved 12
 *   82 roll, pitch, yaw i16 x3 0.01 deg  88 quaternion f32 x4  104 reserved 4  108 local time u32 ms  112 system time u32 ms
 *   116 reserved 1  117 precision u8 x3 cm  120 voltage u16 mV  122 reserved 5  127 checksum
 */
export function readTagFrame0(bytes: Uint8Array): readonly Reading[] {
  const draft: Draft = {}
  const extra: Extra = { frame: 'tag_frame0' }
  applyIdentity(draft, extra, bytes[3] ?? 0, bytes[2] ?? 0)
  applyPosition(draft, bytes, 4)
  draft.velocityMps = velocityOf(bytes, 13)
  const distances: number[] = []
  const ranges: Range[] = []
  for (let i = 0; i < TAG_FRAME_DISTANCES; i++) {
    const distanceM = i24(bytes, 22 + 3 * i) / 1000
    distances.push(distanceM)
    pushRange(ranges, i, distanceM)
  }
  if (ranges.length > 0) draft.ranges = ranges
  extra['distances_m'] = distances
  applyInertia(draft, bytes, 46)
  applyAttitude(extra, bytes, 82)
  extra['local_time_s'] = timeS(bytes, 108)
  extra['system_time_s'] = timeS(bytes, 112)
  applyPrecision(draft, extra, bytes, 117)
  applyVoltage(draft, extra, milliVolts(bytes, 120))
  draft.extra = extra
  return [draft]
}
