import { vectorMps2 } from '../abeeway-at2/at2-frame.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { restHex } from './at3-frame.ts'

const QUERIES = ['AIDING_POSITION', 'ECHO_REQUEST', 'UPDATE_GPS_ALMANAC', 'UPDATE_BEIDOU_ALMANAC']
const RESPONSES = [
  'GENERIC_CONFIGURATION_SET',
  'PARAM_CLASS_CONFIGURATION_SET',
  'GENERIC_CONFIGURATION_GET',
  'PARAM_CLASS_CONFIGURATION_GET',
  'BLE_STATUS_CONNECTIVITY',
  'CRC_CONFIGURATION_REQUEST',
  'SENSOR_REQUEST',
  'DEBUG_INFO_REQUEST',
  'FUOTA_REQUEST'
]
const SENSOR_REQUEST = 6
const ACCELEROMETER = 1

/** Byte 0: low five bits the kind; then what the kind asks with. False: too short. */
export function readQuery(view: DataView, body: number, extra: Extra): boolean {
  if (view.byteLength <= body) return false
  const kind = view.getUint8(body) & 0x1f
  extra['query'] = QUERIES[kind] ?? `QUERY_${kind}`
  if (view.byteLength > body + 1) extra['data_hex'] = restHex(view, body + 1)
  return true
}

/**
 * Answer to a downlink. Byte 0: low five bits the kind; parameters follow as bytes, whose meaning goes with the firmware's table of
 * parameters. Sensor request: entries `u8 sensor, value`; 1 is i16 x 3 mg.
 */
export function readResponse(view: DataView, body: number, draft: Draft, extra: Extra): boolean {
  if (view.byteLength <= body) return false
  const kind = view.getUint8(body) & 0x1f
  extra['response'] = RESPONSES[kind] ?? `RESPONSE_${kind}`
  if (view.byteLength > body + 1) extra['data_hex'] = restHex(view, body + 1)
  if (kind === SENSOR_REQUEST && view.byteLength >= body + 8 && view.getUint8(body + 1) === ACCELEROMETER)
    draft.accelMps2 = vectorMps2(view, body + 2)
  return true
}

/**
 * Byte 0: u1 description (else samples), u3 series, u3 -, u1 alarm; samples: byte 1 u3 version of the description, u5 counter. The
 * samples are packed by a description that came before, at times days before, and are kept as they are.
 */
export function readTelemetry(view: DataView, body: number, extra: Extra): boolean {
  if (view.byteLength < body + 2) return false
  const flags = view.getUint8(body)
  const isDescription = (flags & 0x80) !== 0
  extra['telemetry'] = isDescription ? 'DESCRIPTION' : 'SAMPLES'
  extra['series'] = (flags >> 4) & 0x07
  if (!isDescription) {
    extra['alarm_trigger'] = (flags & 1) === 1
    extra['description_version'] = view.getUint8(body + 1) >> 5
    extra['counter'] = view.getUint8(body + 1) & 0x1f
  }
  extra['data_hex'] = restHex(view, body)
  return true
}
