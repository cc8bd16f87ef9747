import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { setBattery, setBatteryMilliV, setMac, setMilliG, viewOf } from './content-fields.ts'

const TRIGGER_UUID = 0xfee0
const RESPONSE_UUID = 0xea00

const MIN_TRIGGER_BYTES = 7
const FIRST_TRIGGER_TYPE = 0x20
const LAST_TRIGGER_TYPE = 0x2f

interface Alarm {
  readonly alarm: string
  readonly kind: 'button' | 'motionless'
  readonly slot?: string
}

/** `slot` tells the ways to press apart; there is one inactivity. */
const ALARMS: readonly Alarm[] = [
  { alarm: 'single_press', kind: 'button', slot: 'single' },
  { alarm: 'double_press', kind: 'button', slot: 'double' },
  { alarm: 'long_press', kind: 'button', slot: 'long' },
  { alarm: 'abnormal_inactivity', kind: 'motionless' }
]

/**
 * MOKO buttons and wristbands (BeaconX Pro button, W6R), service FEE0, big-endian; each way to press has a frame and a counter:
 *
 *   0      u8    20 single press, 21 double, 22 long, 23 abnormal inactivity
 *   1      u8    b0 asks for a password, b1 triggered now
 *   2      u16   times triggered
 *   4      1..6  device id
 *   n - 2  u8    device type
 *   n - 1  u8    reserved
 *
 * FEE0 is also Huami's (Mi Band), whose content begins with a count of steps.
 */
function readTrigger(payload: Uint8Array): ContentResult {
  const [type = 0, flags = 0] = payload
  if (type < FIRST_TRIGGER_TYPE || type > LAST_TRIGGER_TYPE) return FOREIGN
  if (payload.length < MIN_TRIGGER_BYTES) return refused('FRAME_LENGTH', `${payload.length} bytes, at least ${MIN_TRIGGER_BYTES}`)
  const meaning = ALARMS[type - FIRST_TRIGGER_TYPE]
  if (meaning === undefined) return refused('FRAME_FORMAT', `frame type ${type.toString(16)}`)
  const count = viewOf(payload).getUint16(2)
  const triggered = (flags & 0x02) !== 0
  const extra: Extra = {
    alarm: meaning.alarm,
    triggered,
    password_required: (flags & 0x01) !== 0,
    trigger_count: count,
    device_id: toHex(payload.subarray(4, -2)),
    device_type: payload.at(-2) ?? 0
  }
  return { kind: 'content', reading: { extra, signals: [signalOf(meaning, count, triggered)] } }
}

function signalOf({ kind, slot }: Alarm, count: number, active: boolean): Signal {
  const modulus = 0x1_0000
  return slot !== undefined ? { kind, slot, form: 'counter', count, modulus, active } : { kind, form: 'counter', count, modulus, active }
}

const RESPONSE_BYTES = 21
const NO_TEMPERATURE = 0xffff
/** Older firmware sends millivolts, newer one per cent. */
const MAX_PERCENT = 100
const RANGES_G = [2, 4, 8, 16]

/**
 * Their scan response, service EA00, big-endian:
 *
 *   0    u8     00
 *   1    u8     range of the acceleration, 0..3: 2, 4, 8, 16 g
 *   2    u16    threshold of motion, mg
 *   4    3 i16  acceleration, mg
 *   10   s8.8   temperature of the chip, °C     FFFF none
 *   12   i8     RSSI at 0 m, dBm
 *   13   u16    battery, mV (up to 100: %)
 *   15   6      MAC
 */
function readResponse(payload: Uint8Array): ContentResult {
  if (payload[0] !== 0) return FOREIGN
  if (payload.length < RESPONSE_BYTES) return refused('FRAME_LENGTH', `${payload.length} bytes, at least ${RESPONSE_BYTES}`)
  const view = viewOf(payload)
  const extra: Extra = { motion_threshold_mg: view.getUint16(2), rssi_0m_dbm: view.getInt8(12) }
  const draft: Draft = { extra }
  const range = RANGES_G[view.getUint8(1)]
  if (range !== undefined) extra['accel_range_g'] = range
  setMilliG(draft, view, 4)
  if (view.getUint16(10) !== NO_TEMPERATURE) draft.temperatureDegC = view.getInt16(10) / 256
  const battery = view.getUint16(13)
  if (battery > MAX_PERCENT) setBatteryMilliV(draft, battery)
  else setBattery(draft, battery)
  setMac(draft, extra, payload.subarray(15, 21))
  return { kind: 'content', reading: draft }
}

export const mokoButtonReaders: readonly AdvertisementReader[] = [
  { title: 'MOKO button', carrier: { serviceUuid: TRIGGER_UUID }, read: readTrigger },
  { title: 'MOKO button response', carrier: { serviceUuid: RESPONSE_UUID }, read: readResponse }
]
