import { fromHex } from '../kit/hex.ts'

/** Contents of sensors behind the company id or the UUID, for simulators and tests; numbers are raw, as they travel. */

const reversed = (mac: string): Uint8Array => (fromHex(mac) ?? new Uint8Array(6)).toReversed()
const u16be = (value: number): readonly number[] => [(value >> 8) & 0xff, value & 0xff]
const u16le = (value: number): readonly number[] => [value & 0xff, (value >> 8) & 0xff]

/** Minew's frames of service data FFE1 with a battery: `values` are 16-bit. */
export function encodeMinewService(version: number, battery: number, values: readonly number[], mac: string): Uint8Array {
  return Uint8Array.of(0xa1, version, battery, ...values.flatMap(u16be), ...reversed(mac))
}

export interface KontaktField {
  readonly id: number
  readonly value: readonly number[]
}

export function encodeKontaktTelemetry(fields: readonly KontaktField[]): Uint8Array {
  return Uint8Array.of(0x03, ...fields.flatMap(({ id, value }) => [value.length + 1, id, ...value]))
}

/** Click id and seconds since the click. */
export const kontaktClick = (id: number, sinceS: number): KontaktField => ({ id: 0x11, value: [id, ...u16le(sinceS)] })

/** One of ELA's values of two bytes, of manufacturer data. */
export function encodeEla(type: number, value: number): Uint8Array {
  return Uint8Array.of(type, ...u16le(value))
}
