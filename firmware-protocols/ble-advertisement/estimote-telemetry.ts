import { mps2FromG } from '../kit/gravity.ts'
import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { setBattery, setBatteryMilliV, viewOf } from './content-fields.ts'

const ESTIMOTE_UUID = 0xfe9a
const TELEMETRY = 2
const LAST_VERSION = 2
const BYTES = 20

const MINUTE_S = 60
const HOUR_S = 3600
const DAY_S = 86_400

/**
 * Estimote telemetry, service FE9A, little-endian (Estimote/estimote-specs, estimote-telemetry.js):
 *
 *   0    u8     low nibble 2, high nibble protocol version, 0..2
 *   1    8      first half of the beacon's identifier
 *   9    u8     b0-1 subframe: 0 A, 1 B
 *
 * A:  10  3 i8  acceleration, 2/127 g
 *     13  u8    time in the motion state before, 14 in the one now: 6 bits number, b6-7 s, min, h, days (from 32: weeks)
 *     15  u8    b0-1 1 moving; version 2: b2 firmware error, b3 clock error; b4-7 input pins
 *     16        version 1: u8 b0 firmware error, b1 clock error; version 2: u32 pressure, Pa / 256
 * B:  10  3 i8  magnetic field, 1/128 of its range
 *     13  u8    light: 2^(high nibble) * low nibble * 0.72 lx
 *     14  u12   time since start, 2 bits unit s, min, h, days; then i12 temperature, 1/16 °C; then u14 battery, mV (all ones: none)
 *     19  u8    version 0: b0 firmware error, b1 clock error; later: battery, % (FF none)
 */
function readTelemetry(payload: Uint8Array): ContentResult {
  const [first = 0, subframe = 0] = [payload[0], payload[9]]
  if ((first & 0x0f) !== TELEMETRY || first >> 4 > LAST_VERSION) return FOREIGN
  if (payload.length < BYTES) return refused('FRAME_LENGTH', `${payload.length} bytes, at least ${BYTES}`)
  if ((subframe & 3) > 1) return FOREIGN
  const version = first >> 4
  const isA = (subframe & 3) === 0
  const extra: Extra = { protocol_version: version, id: toHex(payload.subarray(1, 9)), subframe: isA ? 'A' : 'B' }
  const draft: Draft = { extra }
  if (isA) readMotion(viewOf(payload), version, draft, extra)
  else readSurroundings(viewOf(payload), version, draft, extra)
  return { kind: 'content', reading: draft }
}

function readMotion(view: DataView, version: number, draft: Draft, extra: Extra): void {
  const axis = (at: number): number => mps2FromG((view.getInt8(at) * 2) / 127)
  draft.accelMps2 = [axis(10), axis(11), axis(12)]
  extra['prev_motion_s'] = motionSeconds(view.getUint8(13))
  extra['curr_motion_s'] = motionSeconds(view.getUint8(14))
  const state = view.getUint8(15)
  draft.moving = (state & 3) === 1
  extra['input_pins'] = [(state & 0x10) !== 0, (state & 0x20) !== 0, (state & 0x40) !== 0, (state & 0x80) !== 0]
  if (version === 1) putErrors(extra, view.getUint8(16))
  if (version < 2) return
  putErrors(extra, state >> 2)
  const pressure = view.getUint32(16, true)
  if (pressure !== 0 && pressure !== 0xffffffff) draft.pressurePa = pressure / 256
}

function readSurroundings(view: DataView, version: number, draft: Draft, extra: Extra): void {
  extra['magnetic_field'] = [view.getInt8(10) / 128, view.getInt8(11) / 128, view.getInt8(12) / 128]
  const light = view.getUint8(13)
  draft.illuminanceLux = Math.round(2 ** (light >> 4) * (light & 0x0f) * 72) / 100
  const mixed = view.getUint8(15)
  const unit = [1, MINUTE_S, HOUR_S, DAY_S][(mixed >> 4) & 3] ?? 1
  extra['uptime_s'] = (((mixed & 0x0f) << 8) | view.getUint8(14)) * unit
  const raw = ((view.getUint8(17) & 3) << 10) | (view.getUint8(16) << 2) | (mixed >> 6)
  draft.temperatureDegC = ((raw << 20) >> 20) / 16
  const milliV = (view.getUint8(18) << 6) | (view.getUint8(17) >> 2)
  if (milliV !== 0x3fff) setBatteryMilliV(draft, milliV)
  if (version === 0) putErrors(extra, view.getUint8(19))
  else setBattery(draft, view.getUint8(19))
}

function putErrors(extra: Extra, bits: number): void {
  extra['firmware_error'] = (bits & 1) !== 0
  extra['clock_error'] = (bits & 2) !== 0
}

function motionSeconds(byte: number): number {
  const number = byte & 0x3f
  const unit = byte >> 6
  if (unit === 0) return number
  if (unit === 1) return number * MINUTE_S
  if (unit === 2) return number * HOUR_S
  return number < 32 ? number * DAY_S : (number - 32) * 7 * DAY_S
}

export const estimoteTelemetry: AdvertisementReader = {
  title: 'Estimote telemetry',
  carrier: { serviceUuid: ESTIMOTE_UUID },
  read: readTelemetry
}
