import { formatMac, toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { AdvertisementReader, ContentResult } from './advertisement-reader.ts'

export const RUUVI_COMPANY_ID = 0x0499

const FORMAT_RAW_V2 = 5
export const RAW_V2_LENGTH = 24

const STANDARD_GRAVITY = 9.80665
const NOT_AVAILABLE_I16 = -0x8000
const NOT_AVAILABLE_U16 = 0xffff
const NOT_AVAILABLE_BATTERY = 0x7ff
const NOT_AVAILABLE_TX = 0x1f
const NOT_AVAILABLE_U8 = 0xff
const NOT_AVAILABLE_MAC = 'ffffffffffff'

/** mg to m/s², to 10 µm/s², which is a thousandth of the sensor's step. */
const metresPerSecond2 = (milliG: number): number | null =>
  milliG === NOT_AVAILABLE_I16 ? null : Math.round(milliG * STANDARD_GRAVITY * 100) / 100_000 || 0

/**
 * RuuviTag data format 5, "RAWv2" (ruuvi/docs, data-format-5-rawv2), all big-endian:
 *
 *   0     u8   format, 5
 *   1     i16  temperature, 0.005 °C          8000 n/a
 *   3     u16  humidity, 0.0025 %             FFFF n/a
 *   5     u16  pressure, Pa - 50 000          FFFF n/a
 *   7     i16  acceleration x, y, z, mg       8000 n/a
 *   13    u11  battery, mV - 1600             2047 n/a
 *         u5   tx power, (dBm + 40) / 2       31 n/a
 *   15    u8   movement counter               255 n/a
 *   16    u16  measurement sequence           65535 n/a
 *   18    6    MAC, display order             FF…FF n/a
 */
export function readRawV2(payload: Uint8Array): ContentResult {
  if (payload.length !== RAW_V2_LENGTH) return { kind: 'error', code: 'FRAME_LENGTH', why: `${payload.length} bytes, not ${RAW_V2_LENGTH}` }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  const extra: Extra = { data_format: FORMAT_RAW_V2 }
  const draft: Draft = { extra }
  const mac = payload.subarray(18, 24)
  const tag = toHex(mac)
  if (tag !== NOT_AVAILABLE_MAC) {
    draft.tag = tag
    extra['mac'] = formatMac(mac)
  }
  applyAir(view, draft, extra)
  applyMotion(view, draft)
  const power = view.getUint16(13)
  if (power >> 5 !== NOT_AVAILABLE_BATTERY) draft.batteryV = (1600 + (power >> 5)) / 1000
  if ((power & 0x1f) !== NOT_AVAILABLE_TX) draft.txPowerDbm = 2 * (power & 0x1f) - 40
  const sequence = view.getUint16(16)
  if (sequence !== NOT_AVAILABLE_U16) draft.sequence = sequence
  return { kind: 'content', reading: draft }
}

function applyAir(view: DataView, draft: Draft, extra: Extra): void {
  const temperature = view.getInt16(1)
  if (temperature !== NOT_AVAILABLE_I16) draft.temperatureDegC = temperature / 200
  const humidity = view.getUint16(3)
  // Above 100 % there is no humidity but a wet or broken sensor: told as sent, not as a measurement.
  if (humidity <= 40_000) draft.humidityPct = humidity / 400
  else if (humidity !== NOT_AVAILABLE_U16) extra['humidity_pct'] = humidity / 400
  const pressure = view.getUint16(5)
  if (pressure !== NOT_AVAILABLE_U16) draft.pressurePa = pressure + 50_000
}

function applyMotion(view: DataView, draft: Draft): void {
  const x = metresPerSecond2(view.getInt16(7))
  const y = metresPerSecond2(view.getInt16(9))
  const z = metresPerSecond2(view.getInt16(11))
  if (x !== null || y !== null || z !== null) draft.accelMps2 = [x, y, z]
  const count = view.getUint8(15)
  if (count === NOT_AVAILABLE_U8) return
  draft.movementCount = count
  draft.signals = [{ kind: 'motion', form: 'counter', count, modulus: 256 }]
}

/** Ruuvi's other data formats share the company id; the first byte tells them apart. */
export const ruuviRawV2: AdvertisementReader = {
  title: 'RuuviTag RAWv2',
  carrier: { companyId: RUUVI_COMPANY_ID },
  read: (payload) => (payload[0] === FORMAT_RAW_V2 ? readRawV2(payload) : { kind: 'foreign' })
}
