import { mps2FromG } from '../kit/gravity.ts'
import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { uuidText } from './carrier-index.ts'
import { setBatteryMilliV, setHumidity, setMac, viewOf } from './content-fields.ts'

const BEACON_UUID = 0xfeab

const INFO = 0x40
const IBEACON = 0x50
const ACCELERATION = 0x60
const CLIMATE = 0x70

const least = (payload: Uint8Array, bytes: number): ContentResult | undefined =>
  payload.length < bytes ? refused('FRAME_LENGTH', `${payload.length} bytes, at least ${bytes}`) : undefined

/** Common to all: 1 i8 RSSI at 0 m (of 50: at 1 m), dBm; 2 u8 interval of the frame, 100 ms. */
function begun(frame: string, view: DataView, extra: Extra): void {
  extra['frame'] = frame
  extra['rssi_0m_dbm'] = view.getInt8(1)
  extra['adv_interval_ms'] = view.getUint8(2) * 100
}

/** Newer firmware: u16 battery in mV, a reserved byte, MAC. */
function putTail(draft: Draft, extra: Extra, payload: Uint8Array, at: number): void {
  if (payload.length < at + 9) return
  setBatteryMilliV(draft, viewOf(payload).getUint16(at))
  setMac(draft, extra, payload.subarray(at + 3, at + 9))
}

/**
 * MOKO BeaconX Pro and W6 wristband, service FEAB, big-endian; the first byte tells the frame (BeaconX-Pro Android SDK,
 * BeaconXParser):
 *
 *   40   3 u16 battery mV; 5 u8 u8 state; 7 MAC; 13 2 firmware                                        15 bytes
 *   50   3 iBeacon UUID, u16 major, u16 minor                                                        23 bytes
 *   60   3 u8 rate, 4 u8 range 0..3 (2, 4, 8, 16 g), 5 u8 threshold 0.1 g, 6 3 i16 acceleration      12 bytes, or 21 with the tail
 *   70   3 i16 temperature 0.1 °C, 5 u16 humidity 0.1 %                                               7 bytes, or 16 with the tail
 */
function readBeacon(payload: Uint8Array): ContentResult {
  switch (payload[0]) {
    case INFO:
      return least(payload, 15) ?? readInfo(payload)
    case IBEACON:
      return least(payload, 23) ?? readIBeacon(payload)
    case ACCELERATION:
      return least(payload, 12) ?? readAcceleration(payload)
    case CLIMATE:
      return least(payload, 7) ?? readClimate(payload)
    default:
      return FOREIGN
  }
}

function readInfo(payload: Uint8Array): ContentResult {
  const view = viewOf(payload)
  const extra: Extra = {}
  const draft: Draft = { extra }
  begun('INFO', view, extra)
  setBatteryMilliV(draft, view.getUint16(3))
  extra['device_state_hex'] = toHex(payload.subarray(5, 7))
  setMac(draft, extra, payload.subarray(7, 13))
  extra['firmware_hex'] = toHex(payload.subarray(13, 15))
  return { kind: 'content', reading: draft }
}

function readIBeacon(payload: Uint8Array): ContentResult {
  const view = viewOf(payload)
  const uuid = payload.subarray(3, 19)
  const major = view.getUint16(19)
  const minor = view.getUint16(21)
  const extra: Extra = {
    frame: 'IBEACON',
    measured_power_dbm: view.getInt8(1),
    adv_interval_ms: view.getUint8(2) * 100,
    uuid: uuidText(uuid.toReversed()),
    major,
    minor
  }
  return { kind: 'content', reading: { extra }, beacon: { format: 'ibeacon', uuid: toHex(uuid), major, minor } }
}

const RANGES_G = [2, 4, 8, 16]
/** mg of one digit of the 12 that stand in the upper bits of an axis. */
const MILLI_G_PER_DIGIT = [1, 2, 4, 12]

function readAcceleration(payload: Uint8Array): ContentResult {
  const view = viewOf(payload)
  const code = view.getUint8(4)
  const range = RANGES_G[code]
  const milliG = MILLI_G_PER_DIGIT[code]
  if (range === undefined || milliG === undefined) return refused('VALUE_RANGE', `range code ${code}`)
  const extra: Extra = {}
  const draft: Draft = { extra }
  begun('ACC', view, extra)
  extra['data_rate_code'] = view.getUint8(3)
  extra['accel_range_g'] = range
  extra['motion_threshold_g'] = view.getUint8(5) / 10
  const axis = (at: number): number => mps2FromG(((view.getInt16(at) >> 4) * milliG) / 1000)
  draft.accelMps2 = [axis(6), axis(8), axis(10)]
  putTail(draft, extra, payload, 12)
  return { kind: 'content', reading: draft }
}

function readClimate(payload: Uint8Array): ContentResult {
  const view = viewOf(payload)
  const extra: Extra = {}
  const draft: Draft = { extra }
  begun('TH', view, extra)
  const temperature = view.getInt16(3) / 10
  if (temperature > -273) draft.temperatureDegC = temperature
  setHumidity(draft, view.getUint16(5) / 10)
  putTail(draft, extra, payload, 7)
  return { kind: 'content', reading: draft }
}

export const mokoBeacon: AdvertisementReader = { title: 'MOKO BeaconX Pro', carrier: { serviceUuid: BEACON_UUID }, read: readBeacon }
