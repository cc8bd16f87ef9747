import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { hexAt, idsThenRssi, packedAccuracyM, packedAgeS, packedCarrierToNoiseDb, packedVolts } from './at2-frame.ts'

const TYPES = [
  'GPS',
  'GPS_TIMEOUT',
  'ENCRYPTED_WIFI_BSSIDS',
  'WIFI_TIMEOUT',
  'WIFI_FAILURE',
  'XGPS_DATA',
  'XGPS_DATA_WITH_GPS_SW_TIME',
  'BLE_BEACON_SCAN',
  'BLE_BEACON_FAILURE',
  'WIFI_BSSIDS_WITH_NO_CYPHER',
  'BLE_BEACON_SCAN_SHORT_ID',
  'BLE_BEACON_SCAN_LONG_ID'
]
const TIMEOUT_CAUSES = ['USER_TIMEOUT', 'T0_TIMEOUT', 'T1_TIMEOUT']
const BLE_FAILURES = [
  'BLE_NOT_RESPONDING',
  'INTERNAL_ERROR',
  'SHARED_ANTENNA_NOT_AVAILABLE',
  'SCAN_ALREADY_ON_GOING',
  'NO_BEACON_DETECTED',
  'HARDWARE_INCOMPATIBILITY',
  'HARDWARE_INCOMPATIBILITY',
  'UNKNOWN_BLE_FIRMWARE_VERSION'
]
/** Least length by position type; `long` for message 0x0E, `short` for message 3. */
const LEAST_LONG = [23, 12, 5, 13, 14, 5, 5, 7, 8, 7, 7, 7]
const LEAST_SHORT = [13, 10, 5, 11, 12, 5, 5, 6, 6, 6, 6, 6]
const LONG_WITH_AGE = new Set([0, 1, 3, 4, 7, 8, 9, 10, 11])
const SHORT_WITH_AGE = new Set([0, 7, 9, 10, 11])
/** Upper ends of the ranges that codes 251..254 stand for; 255 has none. */
const COARSE_ACCURACY_M = [500, 1000, 2000, 4000]
const UNBOUNDED_ACCURACY_M = 4000

/** False: too short for its type. Position type in the low four bits of byte 4. */
export function readPosition(view: DataView, long: boolean, draft: Draft, extra: Extra): boolean {
  const type = view.getUint8(4) & 0x0f
  if (view.byteLength < ((long ? LEAST_LONG : LEAST_SHORT)[type] ?? 5)) return false
  extra['position_type'] = TYPES[type] ?? `TYPE_${type}`
  const hasAge = (long ? LONG_WITH_AGE : SHORT_WITH_AGE).has(type)
  if (hasAge) extra['age_s'] = long ? view.getUint16(5) : packedAgeS(view.getUint8(5))
  const body = long ? 7 : hasAge ? 6 : 5
  if (type === 0) {
    if (long) readLongGps(view, draft, extra)
    else readShortGps(view, draft, extra)
  } else if (type === 1) readGpsTimeout(view, body, extra)
  else readRadio(view, type, body, extra)
  return true
}

/** What the tracker heard of Wi-Fi access points and Bluetooth beacons, or why it heard nothing. */
function readRadio(view: DataView, type: number, body: number, extra: Extra): void {
  switch (type) {
    case 3:
    case 4:
      extra['battery_measures_v'] = Array.from({ length: 6 }, (_unused, i) => packedVolts(view.getUint8(body + i)))
      if (type === 4) extra['error_code'] = view.getUint8(body + 6)
      return
    case 7:
      extra['ble'] = idsThenRssi(view, body, 6, ':')
      return
    case 8:
      extra['ble_failure'] = BLE_FAILURES[view.getUint8(body)] ?? view.getUint8(body)
      return
    case 9:
      extra['wifi'] = idsThenRssi(view, body, 6, ':')
      return
    case 10:
      extra['ble'] = idsThenRssi(view, body, 6, '-')
      return
    case 11:
      extra['ble'] = idsThenRssi(view, body, 16, '-')
      return
    default:
      if (view.byteLength > 5) extra['data_hex'] = hexAt(view, 5, view.byteLength - 5)
  }
}

/** Without a fix a tracker sends another type; a place off the Earth, or exactly 0, 0, is damage. */
function applyPlace(draft: Draft, latitudeDeg: number, longitudeDeg: number, altitudeM?: number): void {
  const isPlace = Math.abs(latitudeDeg) <= 90 && Math.abs(longitudeDeg) <= 180 && !(latitudeDeg === 0 && longitudeDeg === 0)
  if (!isPlace) draft.usable = false
  else draft.geo = altitudeM === undefined ? { latitudeDeg, longitudeDeg } : { latitudeDeg, longitudeDeg, altitudeM }
}

/**
 *   5   u8    age, packed 0..2040 s
 *   6   3     latitude, upper bytes of an i32 in 1e-7 deg;  9  3  longitude
 *   12  u8    horizontal accuracy, packed 0..1000 m
 */
function readShortGps(view: DataView, draft: Draft, extra: Extra): void {
  const upper24 = (at: number): number => ((view.getUint16(at) << 16) | (view.getUint8(at + 2) << 8)) / 1e7
  applyPlace(draft, upper24(6), upper24(9))
  draft.accuracyM = packedAccuracyM(view.getUint8(12))
  extra['fix'] = 'GPS'
}

/**
 *   5   u16   age, s
 *   7   u8    bit 0: 3D; bit 1: altitude and accuracy in metres (else cm and packed)
 *   8   i32   latitude, longitude, 1e-7 deg
 *   16  i16   altitude
 *   18  u8    horizontal accuracy; above 250 m in steps
 *   19  u16   course, 0.01 deg;  21  u16  speed, cm/s
 *   23  u8    age of the fix before, packed;  24  u1 moving, u3 n, u6 u6 latitude and longitude: (v - 32) * 2^n less  (optional)
 */
function readLongGps(view: DataView, draft: Draft, extra: Extra): void {
  const flags = view.getUint8(7)
  const inMetres = (flags & 0x02) !== 0
  const latitude = view.getInt32(8)
  const longitude = view.getInt32(12)
  const altitude = view.getInt16(16)
  applyPlace(draft, latitude / 1e7, longitude / 1e7, inMetres ? altitude : altitude / 100)
  extra['fix'] = (flags & 0x01) === 0 ? 'FIX_2D' : 'FIX_3D'
  if (inMetres) applyAccuracyM(view.getUint8(18), draft, extra)
  else draft.accuracyM = packedAccuracyM(view.getUint8(18))
  const course = view.getUint16(19) / 100
  if (course <= 360) draft.courseDeg = course
  draft.speedMps = view.getUint16(21) / 100
  if (view.byteLength >= 26) extra['previous_fix'] = previousFix(view, latitude, longitude)
}

function previousFix(view: DataView, latitude: number, longitude: number): { [key: string]: number | boolean } {
  const packed = view.getUint16(24)
  const scale = 1 << ((packed >> 12) & 0x07)
  return {
    age_s: packedAgeS(view.getUint8(23)),
    moving: packed >> 15 === 1,
    latitude_deg: (latitude - (((packed >> 6) & 0x3f) - 32) * scale) / 1e7,
    longitude_deg: (longitude - ((packed & 0x3f) - 32) * scale) / 1e7
  }
}

/** Metres up to 250; the codes above stand for ranges, of which the far end is told. */
export function applyAccuracyM(raw: number, draft: Draft, extra: Extra): void {
  const accuracyM = raw <= 250 ? raw : COARSE_ACCURACY_M[raw - 251]
  if (accuracyM !== undefined) draft.accuracyM = accuracyM
  else extra['accuracy_above_m'] = UNBOUNDED_ACCURACY_M
}

/** `<cause u8>`, in the long form at once, and the four best satellites' C/N, packed 0..50 dB. */
function readGpsTimeout(view: DataView, at: number, extra: Extra): void {
  const cause = view.getUint8(at)
  extra['timeout_cause'] = TIMEOUT_CAUSES[cause] ?? cause
  extra['satellites_cn_db'] = Array.from({ length: 4 }, (_unused, i) => packedCarrierToNoiseDb(view.getUint8(at + 1 + i)))
}
