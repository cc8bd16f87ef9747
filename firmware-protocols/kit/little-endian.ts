/**
 * Little-endian numbers out of bytes, without a DataView for each frame. Behind the end of the bytes everything reads as 0:
 * readers check lengths first.
 */

export const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)

export const i16 = (bytes: Uint8Array, at: number): number => (u16(bytes, at) << 16) >> 16

export const i8 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 24) >> 24

/** Three bytes, signed. */
export const i24 = (bytes: Uint8Array, at: number): number => ((u16(bytes, at) << 8) | ((bytes[at + 2] ?? 0) << 24)) >> 8

export const i32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) | (u16(bytes, at + 2) << 16)

export const u32 = (bytes: Uint8Array, at: number): number => i32(bytes, at) >>> 0

/** Exact only below 2^53; see `u64Text`. */
export const u64Number = (bytes: Uint8Array, at: number): number => u32(bytes, at + 4) * 0x1_0000_0000 + u32(bytes, at)

export const u64 = (bytes: Uint8Array, at: number): bigint => (BigInt(u32(bytes, at + 4)) << 32n) | BigInt(u32(bytes, at))

/** All 64 bits in decimal digits, as JSON cannot carry them as a number. */
export function u64Text(bytes: Uint8Array, at: number): string {
  const value = u64Number(bytes, at)
  return value <= Number.MAX_SAFE_INTEGER ? String(value) : String(u64(bytes, at))
}

const floatBytes = new Uint8Array(4)
const floatView = new DataView(floatBytes.buffer)

/** IEEE 754 single; may be NaN or infinite. */
export function f32(bytes: Uint8Array, at: number): number {
  floatBytes[0] = bytes[at] ?? 0
  floatBytes[1] = bytes[at + 1] ?? 0
  floatBytes[2] = bytes[at + 2] ?? 0
  floatBytes[3] = bytes[at + 3] ?? 0
  return floatView.getFloat32(0, true)
}
