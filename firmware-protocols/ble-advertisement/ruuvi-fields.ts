import { formatMac, toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'

export const RUUVI_COMPANY_ID = 0x0499

const NOT_AVAILABLE_I16 = -0x8000
const NOT_AVAILABLE_U16 = 0xffff
const NOT_AVAILABLE_BATTERY = 0x7ff
const NOT_AVAILABLE_TX = 0x1f
const NOT_AVAILABLE_U8 = 0xff
const NOT_AVAILABLE_MAC = 'ffffffffffff'
/** Both bits of an index of air quality, 9 bits wide. */
const NOT_AVAILABLE_INDEX = 0x1ff

/** Six bytes in display order. */
export function applyMac(payload: Uint8Array, at: number, draft: Draft, extra: Extra): void {
  const mac = payload.subarray(at, at + 6)
  const tag = toHex(mac)
  if (tag === NOT_AVAILABLE_MAC) return
  draft.tag = tag
  extra['mac'] = formatMac(mac)
}

/** Temperature, humidity and pressure, which stand at 1 in all formats but 3. */
export function applyAir(view: DataView, draft: Draft, extra: Extra): void {
  const temperature = view.getInt16(1)
  if (temperature !== NOT_AVAILABLE_I16) draft.temperatureDegC = temperature / 200
  const humidity = view.getUint16(3)
  // Above 100 % there is no humidity but a wet or broken sensor: told as sent, not as a measurement.
  if (humidity <= 40_000) draft.humidityPct = humidity / 400
  else if (humidity !== NOT_AVAILABLE_U16) extra['humidity_pct'] = humidity / 400
  const pressure = view.getUint16(5)
  if (pressure !== NOT_AVAILABLE_U16) draft.pressurePa = pressure + 50_000
}

/** 11 bits battery, mV - 1600; 5 bits tx power, (dBm + 40) / 2. */
export function applyPower(power: number, draft: Draft): void {
  if (power >> 5 !== NOT_AVAILABLE_BATTERY) draft.batteryV = (1600 + (power >> 5)) / 1000
  if ((power & 0x1f) !== NOT_AVAILABLE_TX) draft.txPowerDbm = 2 * (power & 0x1f) - 40
}

export function applyMovementCount(count: number, draft: Draft): void {
  if (count === NOT_AVAILABLE_U8) return
  draft.movementCount = count
  draft.signals = [{ kind: 'motion', form: 'counter', count, modulus: 256 }]
}

/** Fine dust, 0.1 µg/m³. */
export function applyDust(name: string, raw: number, extra: Extra): void {
  if (raw !== NOT_AVAILABLE_U16) extra[name] = raw / 10
}

export function applyCo2(raw: number, draft: Draft): void {
  if (raw !== NOT_AVAILABLE_U16) draft.co2Ppm = raw
}

/** VOC and NOx indices: their high 8 bits, and as the lowest one bits 6 and 7 of the flags. Bit 0 of these: still calibrating. */
export function applyIndices(voc: number, nox: number, flags: number, extra: Extra): void {
  const vocIndex = (voc << 1) | ((flags >> 6) & 1)
  if (vocIndex !== NOT_AVAILABLE_INDEX) extra['voc_index'] = vocIndex
  const noxIndex = (nox << 1) | ((flags >> 7) & 1)
  if (noxIndex !== NOT_AVAILABLE_INDEX) extra['nox_index'] = noxIndex
  extra['calibrating'] = (flags & 1) === 1
}
