import { vectorMps2 } from '../abeeway-at2/at2-frame.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'
import { restHex } from './at3-frame.ts'
import { readSystem } from './at3-system.ts'

const CLASSES = ['SYSTEM', 'SOS', 'TEMPERATURE', 'ACCELEROMETER', 'NETWORK', 'GEOZONING', 'TELEMETRY']
const TYPES = [
  ['STATUS', 'LOW_BATTERY', 'BLE_STATUS', 'TAMPER_DETECTION', 'HEARTBEAT', 'SHUTDOWN', 'DATA_BUFFERING_STATUS', 'FUOTA'],
  ['SOS_ON', 'SOS_OFF'],
  ['TEMP_HIGH', 'TEMP_LOW', 'TEMP_NORMAL'],
  ['MOTION_START', 'MOTION_END', 'SHOCK'],
  ['MAIN_UP', 'BACKUP_UP'],
  ['ENTRY', 'EXIT', 'IN_HAZARD', 'OUT_HAZARD', 'MEETING_POINT'],
  ['TELEMETRY', 'TELEMETRY_MODE_BATCH']
]
const NETWORKS = ['NO_NETWORK', 'LORA_NETWORK', 'CELLULAR_NETWORK_IN_LOW_POWER_MODE', 'CELLULAR_NETWORK_IN_HIGH_POWER_MODE']

const SYSTEM = 0
const SOS = 1
const TEMPERATURE = 2
const ACCELEROMETER = 3
const NETWORK = 4
const TELEMETRY = 6

const MOTION_START = 0
const MOTION_END = 1
const SHOCK = 2

/** Byte 0: u4 class, u4 type; what follows goes with both. False: too short. */
export function readNotification(view: DataView, body: number, draft: Draft, extra: Extra, signals: Signal[]): boolean {
  if (view.byteLength <= body) return false
  const family = view.getUint8(body) >> 4
  const type = view.getUint8(body) & 0x0f
  extra['notification'] = `${CLASSES[family] ?? `CLASS_${family}`}/${TYPES[family]?.[type] ?? `TYPE_${type}`}`
  const at = body + 1
  switch (family) {
    case SYSTEM:
      return readSystem(view, type, at, draft, extra, signals)
    case SOS:
      // The notification says more than the flag in the header, which a later frame carries.
      if (type <= 1) extra['sos'] = type === 0
      return true
    case TEMPERATURE:
      if (view.byteLength < at + 1) return false
      draft.temperatureDegC = view.getInt8(at)
      return true
    case ACCELEROMETER:
      return readAccelerometer(view, type, at, draft, extra, signals)
    case NETWORK:
      return readNetwork(view, at, extra)
    case TELEMETRY:
      return readMeasurements(view, at, draft, extra)
    default:
      if (view.byteLength > at) extra['data_hex'] = restHex(view, at)
      return true
  }
}

/** Motion end: 0 i16 x 3 mg, 6 u8 share of time in motion %. Shock: 0 i16 x 3 mg, 6 u8 GADD index, 7 u8 count. */
function readAccelerometer(view: DataView, type: number, at: number, draft: Draft, extra: Extra, signals: Signal[]): boolean {
  if (type === MOTION_START) {
    draft.moving = true
    signals.push({ kind: 'motion', form: 'event' })
    return true
  }
  if (type !== MOTION_END && type !== SHOCK) return true
  if (view.byteLength < at + (type === SHOCK ? 8 : 7)) return false
  const vector = vectorMps2(view, at)
  if (type === MOTION_END) {
    draft.moving = false
    draft.accelMps2 = vector
    extra['motion_pct'] = view.getUint8(at + 6)
    return true
  }
  extra['shock_accel_mps2'] = vector
  extra['gadd_index'] = view.getUint8(at + 6)
  extra['shock_count'] = view.getUint8(at + 7)
  signals.push({ kind: 'impact', form: 'event' })
  return true
}

/** 0, 1, 2 u8 network in use, main, backup; 3 u16 active time s, 5 u32 tracking area update s (cellular). */
function readNetwork(view: DataView, at: number, extra: Extra): boolean {
  if (view.byteLength < at + 3) return false
  const network = (offset: number): string | number => NETWORKS[view.getUint8(at + offset)] ?? view.getUint8(at + offset)
  extra['active_network'] = network(0)
  extra['main_network'] = network(1)
  extra['backup_network'] = network(2)
  if (view.byteLength < at + 9) return true
  extra['psm_active_s'] = view.getUint16(at + 3)
  extra['psm_tau_s'] = view.getUint32(at + 5)
  return true
}

const RESISTANCE = 1
const TEMPERATURE_ONTOLOGY = 2
const HUMIDITY = 3

/** Entries `u1 four bytes (else two), u7 quantity, value`: 1 resistance i16 Ohm, 2 temperature f32 °C, 3 humidity i16 0.1 %. */
function readMeasurements(view: DataView, at: number, draft: Draft, extra: Extra): boolean {
  if (view.byteLength > at) extra['data_hex'] = restHex(view, at)
  for (let from = at; from < view.byteLength; ) {
    const quantity = view.getUint8(from) & 0x7f
    const length = (view.getUint8(from) & 0x80) === 0 ? 2 : 4
    if (from + 1 + length > view.byteLength) return false
    applyMeasurement(view, quantity, from + 1, length, draft, extra)
    from += 1 + length
  }
  return true
}

function applyMeasurement(view: DataView, quantity: number, at: number, length: number, draft: Draft, extra: Extra): void {
  if (quantity === TEMPERATURE_ONTOLOGY && length === 4) {
    const value = Math.round(view.getFloat32(at) * 100) / 100
    if (value >= -273 && value <= 2000) draft.temperatureDegC ??= value
  } else if (quantity === HUMIDITY && length === 2) {
    const value = view.getInt16(at) / 10
    if (value >= 0 && value <= 100) draft.humidityPct ??= value
  } else if (quantity === RESISTANCE && length === 2) extra['resistance_ohm'] ??= view.getInt16(at)
}
