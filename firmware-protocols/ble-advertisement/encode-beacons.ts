import { fromHex } from '../kit/hex.ts'
import type { BeaconIdentity } from './advertisement-reader.ts'
import { shortenUrl } from './eddystone-url.ts'

const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0)
const u16 = (value: number): readonly number[] => [value >> 8, value & 0xff]

/** Content of a beacon behind the company id or the UUID, for simulators and tests. `power`: dBm, at 1 m, of Eddystone at 0 m. */
export function encodeBeacon(beacon: BeaconIdentity, power: number): Uint8Array {
  const signed = power & 0xff
  switch (beacon.format) {
    case 'ibeacon':
      return Uint8Array.of(0x02, 0x15, ...bytesOf(beacon.uuid), ...u16(beacon.major), ...u16(beacon.minor), signed)
    case 'altbeacon':
      return Uint8Array.of(0xbe, 0xac, ...bytesOf(beacon.beaconId), signed, 0)
    case 'eddystone':
      return Uint8Array.of(0x00, signed, ...bytesOf(beacon.namespace), ...bytesOf(beacon.instance), 0, 0)
  }
}

/** Undefined when the URL has no scheme that Eddystone knows. */
export function encodeEddystoneUrl(url: string, power: number): Uint8Array | undefined {
  const bytes = shortenUrl(url)
  return bytes === undefined ? undefined : Uint8Array.of(0x10, power & 0xff, ...bytes)
}

export interface EddystoneTelemetry {
  readonly batteryMv: number
  /** In 1/256 °C. */
  readonly temperature256: number
  readonly adverts: number
  /** In 0.1 s. */
  readonly uptimeTenths: number
}

export function encodeEddystoneTlm({ batteryMv, temperature256, adverts, uptimeTenths }: EddystoneTelemetry): Uint8Array {
  const payload = new Uint8Array(14)
  const view = new DataView(payload.buffer)
  view.setUint8(0, 0x20)
  view.setUint16(2, batteryMv)
  view.setInt16(4, temperature256)
  view.setUint32(6, adverts)
  view.setUint32(10, uptimeTenths)
  return payload
}
