import { mps2FromG } from '../kit/gravity.ts'
import { formatMac, toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'

/** What many makers send in the same few ways. Values that a sensor cannot have measured are left out. */

export function viewOf(payload: Uint8Array): DataView {
  return new DataView(payload.buffer, payload.byteOffset, payload.length)
}

/** Signed 8.8 fixed point, big-endian. */
export const s8p8 = (view: DataView, at: number): number => view.getInt16(at) / 256

export function setHumidity(draft: Draft, percent: number): void {
  if (percent >= 0 && percent <= 100) draft.humidityPct = percent
}

export function setBattery(draft: Draft, percent: number): void {
  if (percent <= 100) draft.batteryPct = percent
}

/** A MAC in the content is who the tag is. `at`: of six bytes, sent from the last to the first. */
export function setReversedMac(draft: Draft, extra: Extra, payload: Uint8Array, at: number): void {
  const mac = payload.slice(at, at + 6).reverse()
  draft.tag = toHex(mac)
  extra['mac'] = formatMac(mac)
}

/** The same where it is sent in display order: six bytes. */
export function setMac(draft: Draft, extra: Extra, mac: Uint8Array): void {
  draft.tag = toHex(mac)
  extra['mac'] = formatMac(mac)
}

/** Three i16, x y z, big-endian, in mg. */
export function setMilliG(draft: Draft, view: DataView, at: number): void {
  draft.accelMps2 = [mps2FromG(view.getInt16(at) / 1000), mps2FromG(view.getInt16(at + 2) / 1000), mps2FromG(view.getInt16(at + 4) / 1000)]
}

/** No voltage, or all ones, is what a device sends that does not measure it. */
export function setBatteryMilliV(draft: Draft, milliV: number): void {
  if (milliV > 0 && milliV < 0xffff) draft.batteryV = milliV / 1000
}

export function addSignal(draft: Draft, signal: Signal): void {
  draft.signals = draft.signals === undefined ? [signal] : [...draft.signals, signal]
}
