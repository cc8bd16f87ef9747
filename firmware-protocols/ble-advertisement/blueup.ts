import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { uuidText } from './carrier-index.ts'
import { viewOf } from './content-fields.ts'

const STATUS_UUID = 0x8800
const APPLE_COMPANY_ID = 0x004c
const SAFETY_UUID = '496f4944434f4445b73e425553616665'

const FLAGS = [
  [0x80, 'alarm_active'],
  [0x40, 'alarm_supported'],
  [0x10, 'safety_frame_active'],
  [0x08, 'sensor_frame_active'],
  [0x04, 'quuppa_frame_active'],
  [0x02, 'ibeacon_frame_active'],
  [0x01, 'eddystone_frame_active']
] as const
const ALARM = 0xc0

/**
 * BlueUp (BlueBeacon firmware 6, "BlueUp Advertising Packet"), service 8800 beside the battery in 180F: one byte, b7 alarm active, b6 alarm supported, b4
 * safety, b3 sensor, b2 Quuppa, b1 iBeacon, b0 Eddystone frame active. A tag without an alarm says nothing about one.
 */
function readStatus(payload: Uint8Array): ContentResult {
  const [status] = payload
  if (status === undefined) return refused('FRAME_LENGTH', 'no status byte')
  const extra: Extra = {}
  for (const [bit, name] of FLAGS) extra[name] = (status & bit) !== 0
  const reading: Draft = { extra }
  if ((status & ALARM) !== 0) reading.signals = [{ kind: 'sos', form: 'level', on: (status & 0x80) !== 0 }]
  return { kind: 'content', reading }
}

/**
 * Their safety frame, an iBeacon of a UUID of its own (company 004C): 02 15, UUID, u16 device id as major; minor: high byte
 * battery (V - 1.7) * 100, low byte what triggered, b0 and b1 the buttons, others undocumented; i8 power at 1 m, dBm.
 */
function readSafety(payload: Uint8Array): ContentResult {
  if (payload.length !== 23 || payload[0] !== 0x02 || payload[1] !== 0x15) return FOREIGN
  const uuid = payload.subarray(2, 18)
  if (toHex(uuid) !== SAFETY_UUID) return FOREIGN
  const view = viewOf(payload)
  const major = view.getUint16(18)
  const minor = view.getUint16(20)
  const one = (minor & 0x01) !== 0
  const two = (minor & 0x02) !== 0
  const extra: Extra = {
    uuid: uuidText(uuid.toReversed()),
    major,
    minor,
    measured_power_dbm: view.getInt8(22),
    device_id: major,
    button_1: one,
    button_2: two,
    trigger_flags: minor & 0xff
  }
  // The frame may stop with the press, so nothing would ever say that a button was let go: no level.
  const signals: Signal[] = []
  if (one) signals.push({ kind: 'button', slot: '1', form: 'event' })
  if (two) signals.push({ kind: 'button', slot: '2', form: 'event' })
  const reading: Draft = { batteryV: ((minor >> 8) + 170) / 100, extra }
  if (signals.length > 0) reading.signals = signals
  return { kind: 'content', reading, beacon: { format: 'ibeacon', uuid: SAFETY_UUID, major, minor } }
}

export const blueUpReaders: readonly AdvertisementReader[] = [
  { title: 'BlueUp status', carrier: { serviceUuid: STATUS_UUID }, read: readStatus },
  { title: 'BlueUp safety', carrier: { companyId: APPLE_COMPANY_ID }, read: readSafety }
]
