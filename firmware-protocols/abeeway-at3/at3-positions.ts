import { idsThenRssi } from '../abeeway-at2/at2-frame.ts'
import { applyAccuracyM } from '../abeeway-at2/at2-positions.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Json, Signal } from '../reading.ts'
import { restHex } from './at3-frame.ts'

const STATUSES = ['SUCCESS', 'TIMEOUT', 'FAILURE', 'NOT_SOLVABLE']
const SUCCESS = 0
const NOT_SOLVABLE = 3
const TYPES = [
  'LR11xx_A_GNSS',
  'LR11xx_GNSS_NAV1',
  'LR11xx_GNSS_NAV2',
  'WIFI',
  'BLE_SCAN1_MAC',
  'BLE_SCAN1_SHORT',
  'BLE_SCAN1_LONG',
  'BLE_SCAN2_MAC',
  'BLE_SCAN2_SHORT',
  'BLE_SCAN2_LONG',
  'GNSS',
  'AIDED_GNSS'
]
const WIFI = 3
const GNSS = 10
/** Length of the ids of beacons by position type. */
const BEACON_ID_LENGTH: ReadonlyMap<number, number> = new Map([
  [4, 6],
  [5, 2],
  [6, 16],
  [7, 6],
  [8, 2],
  [9, 16]
])
/** Bits of the u16, from the lowest. */
const TRIGGERS = [
  'POSITION_ON_DEMAND',
  'SOS',
  'MOTION_START',
  'MOTION_STOP',
  'IN_MOTION',
  'IN_STATIC',
  'SHOCK',
  'TEMP_HIGH_THRESHOLD',
  'TEMP_LOW_THRESHOLD',
  'GEOZONING'
]
const FIXES = ['INVALID', 'VALID', 'FIX_2D', 'FIX_3D']
const TIMEOUT_CAUSES = ['T0_TIMEOUT', 'T1_TIMEOUT', 'ACQUISITION_TIMEOUT']
const CONSTELLATIONS = ['GPS', 'GLONASS', 'BEIDOU', 'GALILEO']
/**
 *   0  u1 moving, u2 status, u1 -, u4 type of position
 *   1  u4 -, u4 count of motions;  2  u16 triggers
 *   4  by type: a fix, entries of id and RSSI, or bytes that only the maker's solver understands
 *
 * False: too short.
 */
export function readPosition(view: DataView, body: number, draft: Draft, extra: Extra, signals: Signal[]): boolean {
  if (view.byteLength < body + 4) return false
  const flags = view.getUint8(body)
  const status = (flags >> 5) & 0x03
  const type = flags & 0x0f
  draft.moving = (flags & 0x80) !== 0
  extra['position_status'] = STATUSES[status] ?? null
  extra['position_type'] = TYPES[type] ?? `TYPE_${type}`
  const count = view.getUint8(body + 1) & 0x0f
  draft.movementCount = count
  signals.push({ kind: 'motion', form: 'counter', count, modulus: 16 })
  const triggers = view.getUint16(body + 2)
  extra['triggers'] = triggerNames(triggers)
  if (status !== SUCCESS) draft.usable = false
  const at = body + 4
  if (status === SUCCESS || status === NOT_SOLVABLE) return readFound(view, type, at, draft, extra)
  if (type === GNSS) readGnssFailure(view, at, extra)
  return true
}

function triggerNames(bits: number): Json[] {
  const names: Json[] = []
  for (let bit = 0; bits >> bit !== 0 && bit < TRIGGERS.length; bit++) if (((bits >> bit) & 1) === 1) names.push(TRIGGERS[bit] ?? null)
  return names
}

function readFound(view: DataView, type: number, at: number, draft: Draft, extra: Extra): boolean {
  const idLength = BEACON_ID_LENGTH.get(type)
  if (type === GNSS) return readGnssFix(view, at, draft, extra)
  if (type === WIFI) extra['wifi'] = idsThenRssi(view, at, 6, ':')
  else if (idLength !== undefined) extra['ble'] = idsThenRssi(view, at, idLength, idLength === 6 ? ':' : '-')
  else if (view.byteLength > at) extra['data_hex'] = restHex(view, at)
  return true
}

/**
 *   0   i32   latitude, longitude, 1e-7 deg;  8  i16  altitude, m
 *   10  u16   course, 0.01 deg;  12  u16  speed, cm/s
 *   14  u8    horizontal accuracy, m; above 250 in steps
 *   15  u3    fix: 0 invalid, 1 valid, 2 2D, 3 3D; u1 -, u4 satellites used
 */
function readGnssFix(view: DataView, at: number, draft: Draft, extra: Extra): boolean {
  if (view.byteLength < at + 16) return false
  const latitudeDeg = view.getInt32(at) / 1e7
  const longitudeDeg = view.getInt32(at + 4) / 1e7
  const isPlace = Math.abs(latitudeDeg) <= 90 && Math.abs(longitudeDeg) <= 180 && !(latitudeDeg === 0 && longitudeDeg === 0)
  const quality = view.getUint8(at + 15)
  const fix = quality >> 5
  if (isPlace) draft.geo = { latitudeDeg, longitudeDeg, altitudeM: view.getInt16(at + 8) }
  if (!isPlace || fix === 0) draft.usable = false
  const course = view.getUint16(at + 10) / 100
  if (course <= 360) draft.courseDeg = course
  draft.speedMps = view.getUint16(at + 12) / 100
  applyAccuracyM(view.getUint8(at + 14), draft, extra)
  extra['fix'] = FIXES[fix] ?? fix
  extra['satellites'] = quality & 0x0f
  return true
}

/** `u3 cause, u1 -, u4 n`, then n of `u2 constellation, u6 satellite` and `u2 -, u6 C/N dB`; nothing of it is needed. */
function readGnssFailure(view: DataView, at: number, extra: Extra): void {
  if (view.byteLength <= at) return
  const cause = view.getUint8(at) >> 5
  extra['timeout_cause'] = TIMEOUT_CAUSES[cause] ?? cause
  const seen: Json[] = []
  const count = view.getUint8(at) & 0x0f
  for (let from = at + 1; from + 2 <= view.byteLength && seen.length < count; from += 2) {
    const satellite = view.getUint8(from)
    seen.push({ constellation: CONSTELLATIONS[satellite >> 6] ?? null, id: satellite & 0x3f, cn_db: view.getUint8(from + 1) & 0x3f })
  }
  extra['satellites_seen'] = seen
}
