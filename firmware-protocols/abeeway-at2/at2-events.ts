import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'
import { hexAt, temperatureDegC, vectorMps2 } from './at2-frame.ts'

const EVENTS = [
  'GEOLOC_START',
  'MOTION_START',
  'MOTION_END',
  'BLE_CONNECTED',
  'BLE_DISCONNECTED',
  'TEMPERATURE_ALERT',
  'BLE_BOND_DELETED',
  'SOS_MODE_START',
  'SOS_MODE_END',
  'ANGLE_DETECTION',
  'GEOFENCING'
]
const TEMPERATURE_STATES = ['NORMAL', 'HIGH', 'LOW', 'FEATURE_NOT_ACTIVATED']
const TRANSITIONS = ['LEARNING_TO_NORMAL', 'NORMAL_TO_LEARNING', 'NORMAL_TO_CRITICAL', 'CRITICAL_TO_NORMAL', 'CRITICAL_TO_LEARNING']
const NORMAL_TO_CRITICAL = 2
const TRIGGERS = ['CRITICAL_ANGLE_REPORTING', 'ANGLE_DEVIATION_REPORTING', 'SHOCK_TRIGGER', 'RFU']
const GEOFENCING = ['SAFE_AREA', 'ENTRY', 'EXIT', 'HAZARD']

const MOTION_START = 1
const MOTION_END = 2
const TEMPERATURE_ALERT = 5
const SOS_START = 7
const SOS_END = 8
const ANGLE = 9
const GEOFENCE = 10

const leastLength = (event: number): number => {
  if (event === MOTION_END) return 12
  if (event === TEMPERATURE_ALERT) return 13
  if (event === ANGLE) return 22
  return event === GEOFENCE ? 7 : 6
}

/** Message 0x0A: byte 5 is the event. False: too short for it. SOS start and end say more than the status bit, which follows later. */
export function readEvent(view: DataView, draft: Draft, extra: Extra, signals: Signal[]): boolean {
  const event = view.byteLength > 5 ? view.getUint8(5) : 0
  if (view.byteLength < leastLength(event)) return false
  extra['event'] = EVENTS[event] ?? `EVENT_${event}`
  if (event === SOS_START) extra['sos'] = true
  else if (event === SOS_END) extra['sos'] = false
  else if (event === MOTION_START) signals.push({ kind: 'motion', form: 'event' })
  else if (event === MOTION_END) readMotionEnd(view, draft, extra)
  else if (event === TEMPERATURE_ALERT) readTemperatureAlert(view, extra)
  else if (event === ANGLE) readAngle(view, extra, signals)
  else if (event === GEOFENCE) readGeofencing(view, extra)
  return true
}

/** 6 i16 x 3 orientation, mg; 12 u8 share of time in motion, % (optional). */
function readMotionEnd(view: DataView, draft: Draft, extra: Extra): void {
  draft.accelMps2 = vectorMps2(view, 6)
  if (view.byteLength > 12) extra['motion_pct'] = view.getUint8(12)
}

/** 6 u8 state; 7, 8 u8 highest, lowest, packed; 9, 11 u16 times above and below the limits. */
function readTemperatureAlert(view: DataView, extra: Extra): void {
  const state = view.getUint8(6)
  extra['temperature_state'] = TEMPERATURE_STATES[state] ?? state
  extra['temperature_max_degC'] = temperatureDegC(view.getUint8(7))
  extra['temperature_min_degC'] = temperatureDegC(view.getUint8(8))
  extra['temperature_high_count'] = view.getUint16(9)
  extra['temperature_low_count'] = view.getUint16(11)
}

/**
 *   6   u3 transition, u2 trigger, u3 notification number
 *   7   u16   s since
 *   9   i16 x 3 reference gravity, mg;  15  i16 x 3 critical gravity, mg
 *   21  u8    angle between them, deg
 *
 * The critical angle is the tracker's man-down: the wearer lies. It is told once at each change, so it is a level.
 */
function readAngle(view: DataView, extra: Extra, signals: Signal[]): void {
  const flags = view.getUint8(6)
  const transition = flags >> 5
  extra['angle_transition'] = TRANSITIONS[transition] ?? transition
  extra['angle_trigger'] = TRIGGERS[(flags >> 3) & 0x03] ?? null
  extra['angle_notification'] = flags & 0x07
  extra['angle_age_s'] = view.getUint16(7)
  extra['angle_reference_mps2'] = vectorMps2(view, 9)
  extra['angle_critical_mps2'] = vectorMps2(view, 15)
  extra['angle_deg'] = view.getUint8(21)
  if (transition < TRANSITIONS.length) signals.push({ kind: 'fall', slot: 'angle', form: 'level', on: transition === NORMAL_TO_CRITICAL })
}

/** 6 u4 format, u4 kind; 7 u24 id (format 0). */
function readGeofencing(view: DataView, extra: Extra): void {
  const kind = view.getUint8(6) & 0x0f
  const format = view.getUint8(6) >> 4
  extra['geofencing'] = GEOFENCING[kind] ?? kind
  extra['geofencing_format'] = format
  if (format === 0 && view.byteLength >= 10) extra['geofencing_id'] = hexAt(view, 7, 3)
}
