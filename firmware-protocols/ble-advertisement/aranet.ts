import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, refused } from './advertisement-reader.ts'
import { setBattery, setHumidity, viewOf } from './content-fields.ts'

const ARANET_COMPANY_ID = 0x0702
/** Aranet4 sends no type before its state; all others do. */
const ARANET4_BYTES = 22
const TYPED_BYTES = 24
const STATE_ONLY_BYTES = 7

const ARANET2 = 1
const RADIATION = 2
const RADON = 3
const MODELS = ['Aranet4', 'Aranet2', 'Aranet Radiation', 'Aranet Radon']

const SMART_HOME_ON = 0x20
const COLOURS = ['none', 'green', 'amber', 'red']
/** From here radon values are codes of errors. */
const RADON_ERRORS = 0x1f00

/**
 * Aranet sensors, little-endian (Anrijs/Aranet4-Python, client.py):
 *
 *   0    u8   type: 1 Aranet2, 2 Radiation, 3 Radon; Aranet4 (22 bytes) has none, and everything stands one byte before
 *   1    u8   b0 disconnected, b2-3 calibration, b4 update, b5 smart home integration on
 *   2    u8   firmware patch, 3 minor, 4 major
 *
 * Aranet4:    9 u16 CO2 ppm (b15: none), 11 i16 temperature 0.05 °C, 13 u16 pressure 0.1 hPa, 15 u8 humidity %, 16 u8 battery %, 17 u8 colour,
 *             18 u16 interval s, 20 u16 age s, 22 u8 counter
 * Aranet2:    8 u16 -, 10 i16 temperature, 12 u16 -, 14 u16 humidity 0.1 %, 16 u8 -, 17 u8 battery %, 18 u8 state, 19 u16 interval, 21 u16 age, 23 u8 counter
 * Radiation:  6 u32 dose nSv, 10 u32 over s, 14 u16 rate nSv/h, 16 u8 -, 17 u8 battery, 18 u8 -, 19 u16 interval, 21 u16 age, 23 u8 counter
 * Radon:      8 u16 Bq/m³ (1F00 and more: none), 10 i16 temperature, 12 u16 pressure, 14 u16 humidity 0.1 %, 17 u8 battery, 18 u8 colour, then as Aranet2
 */
function readAranet(payload: Uint8Array): ContentResult {
  const { length } = payload
  const type = length === TYPED_BYTES ? (payload[0] ?? 0) : 0
  const isAranet4 = length === ARANET4_BYTES || length === STATE_ONLY_BYTES
  if (!isAranet4 && (length !== TYPED_BYTES || type < ARANET2 || type > RADON))
    return refused('FRAME_LENGTH', `${length} bytes of type ${type}`)
  const view = viewOf(payload)
  const stateAt = isAranet4 ? 0 : 1
  const state = view.getUint8(stateAt)
  const extra: Extra = {
    model: MODELS[type] ?? type,
    firmware: `${view.getUint8(stateAt + 3)}.${view.getUint8(stateAt + 2)}.${view.getUint8(stateAt + 1)}`,
    integrations: (state & SMART_HOME_ON) !== 0
  }
  const draft: Draft = { extra }
  // Without the integration the places of the values are filled with anything.
  if ((state & SMART_HOME_ON) === 0 || length === STATE_ONLY_BYTES) return { kind: 'content', reading: draft }
  if ((state & 0x0c) !== 0) extra['calibration'] = (state >> 2) & 3
  if (isAranet4) readAranet4(view, draft, extra)
  else readTyped(type, view, draft, extra)
  return { kind: 'content', reading: draft }
}

function readAranet4(view: DataView, draft: Draft, extra: Extra): void {
  const co2 = view.getUint16(8, true)
  if (co2 < 0x8000) draft.co2Ppm = co2
  putTemperature(draft, view.getInt16(10, true))
  putPressure(draft, view.getUint16(12, true))
  setHumidity(draft, view.getUint8(14))
  setBattery(draft, view.getUint8(15))
  putColour(extra, view.getUint8(16))
  putAge(view, 17, draft, extra)
}

function readTyped(type: number, view: DataView, draft: Draft, extra: Extra): void {
  if (type === RADIATION) {
    extra['radiation_dose_nsv'] = view.getUint32(6, true)
    extra['radiation_time_s'] = view.getUint32(10, true)
    extra['radiation_rate_nsv_h'] = view.getUint16(14, true)
  } else {
    putTemperature(draft, view.getInt16(10, true))
    const humidity = view.getUint16(14, true)
    if (humidity < 0x8000) setHumidity(draft, humidity / 10)
  }
  if (type === RADON) {
    const radon = view.getUint16(8, true)
    if (radon < RADON_ERRORS) extra['radon_bq_per_m3'] = radon
    putPressure(draft, view.getUint16(12, true))
    putColour(extra, view.getUint8(18))
  }
  setBattery(draft, view.getUint8(17))
  putAge(view, 19, draft, extra)
}

/** Codes for "no value" have b14 set and are positive. */
function putTemperature(draft: Draft, raw: number): void {
  if (raw < 0x4000) draft.temperatureDegC = raw / 20
}

function putPressure(draft: Draft, raw: number): void {
  if (raw > 0 && raw < 0x8000) draft.pressurePa = raw * 10
}

function putColour(extra: Extra, code: number): void {
  extra['status'] = COLOURS[code] ?? code
}

function putAge(view: DataView, at: number, draft: Draft, extra: Extra): void {
  extra['interval_s'] = view.getUint16(at, true)
  extra['age_s'] = view.getUint16(at + 2, true)
  draft.sequence = view.getUint8(at + 4)
}

export const aranet: AdvertisementReader = { title: 'Aranet', carrier: { companyId: ARANET_COMPANY_ID }, read: readAranet }
