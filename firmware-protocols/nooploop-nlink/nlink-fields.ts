import type { Extra } from '../kit/json.ts'
import { f32, i16, i24, u16, u32 } from '../kit/little-endian.ts'
import type { Draft } from '../kit/results.ts'
import type { LocalPosition, Range } from '../reading.ts'

const ROLES = ['node', 'anchor', 'tag', 'console', 'dt_master', 'dt_slave', 'monitor']
const ROLE_NODE = 0
export const ROLE_TAG = 2

export const roleName = (role: number): string => ROLES[role] ?? `role_${role}`

/** In distributed ranging all units have the role "node"; each stands for what carries it, as a tag does. */
export const isTagRole = (role: number): boolean => role === ROLE_TAG || role === ROLE_NODE

/** Puts the id where it belongs. LinkTrack numbers tags and anchors apart, so one number can mean both. */
export function applyIdentity(draft: Draft, extra: Extra, role: number, id: number): void {
  if (isTagRole(role)) draft.tag = String(id)
  else draft.device = String(id)
  extra['role'] = roleName(role)
  extra['id'] = id
}

/** Milliseconds since power-up, as seconds. */
export const timeS = (bytes: Uint8Array, at: number): number => u32(bytes, at) / 1000

/** Supply voltage, u16 mV. A tag lives from its battery; what feeds an anchor is no battery of ours. */
export function applyVoltage(draft: Draft, extra: Extra, volts: number): void {
  extra['voltage_v'] = volts
  if (draft.tag !== undefined && volts > 0) draft.batteryV = volts
}

export const milliVolts = (bytes: Uint8Array, at: number): number => u16(bytes, at) / 1000

/** int24 x3, mm. A unit without a fix says the origin. */
export function applyPosition(draft: Draft, bytes: Uint8Array, at: number): void {
  const x = i24(bytes, at) / 1000
  const y = i24(bytes, at + 3) / 1000
  const z = i24(bytes, at + 6) / 1000
  draft.position = { x, y, z }
  if (x === 0 && y === 0 && z === 0) draft.usable = false
}

/** int24 x3, 0.1 mm/s. */
export const velocityOf = (bytes: Uint8Array, at: number): LocalPosition => ({
  x: i24(bytes, at) / 10_000,
  y: i24(bytes, at + 3) / 10_000,
  z: i24(bytes, at + 6) / 10_000
})

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** float32 x3; a component that is no number is null. Undefined when none is. */
export function triple(bytes: Uint8Array, at: number): readonly [number | null, number | null, number | null] | undefined {
  const x = finite(f32(bytes, at))
  const y = finite(f32(bytes, at + 4))
  const z = finite(f32(bytes, at + 8))
  return x === null && y === null && z === null ? undefined : [x, y, z]
}

const EOP_UNKNOWN = 255

/** Estimate of precision, u8 x3, cm; 255: unknown, which the vendor's tools print as 2.55 m. */
export function applyPrecision(draft: Draft, extra: Extra, bytes: Uint8Array, at: number): void {
  const x = bytes[at] ?? 0
  const y = bytes[at + 1] ?? 0
  extra['eop_m'] = { x: x / 100, y: y / 100, z: (bytes[at + 2] ?? 0) / 100 }
  if (x !== EOP_UNKNOWN && y !== EOP_UNKNOWN) draft.accuracyM = Math.hypot(x, y) / 100
}

/** Roll, pitch, yaw i16 x3, 0.01 deg; quaternion float32 x4. */
export function applyAttitude(extra: Extra, bytes: Uint8Array, angleAt: number): void {
  extra['angle_deg'] = { roll: i16(bytes, angleAt) / 100, pitch: i16(bytes, angleAt + 2) / 100, yaw: i16(bytes, angleAt + 4) / 100 }
  extra['quaternion'] = [
    finite(f32(bytes, angleAt + 6)),
    finite(f32(bytes, angleAt + 10)),
    finite(f32(bytes, angleAt + 14)),
    finite(f32(bytes, angleAt + 18))
  ]
}

/** u8, -0.5 dBm. Zero stays zero, not minus zero. */
export const rssiDbm = (raw: number): number => 0 - raw / 2

/** A distance of 0 (or less) is a ranging that did not happen. */
export function pushRange(ranges: Range[], anchor: number, rangeM: number): void {
  if (rangeM > 0) ranges.push({ anchor: String(anchor), rangeM })
}
