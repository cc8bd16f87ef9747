import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { setBatteryMilliV, setHumidity, setMilliG, viewOf } from './content-fields.ts'

const TAG_UUID = 0xea01
const TAG_INFO = 0x80
const MIN_BYTES = 19

const HALL_OPEN = 0x01
const MOVING = 0x02
const HAS_ACCELERATION = 0x04
const HAS_TEMPERATURE = 0x08
const HAS_HUMIDITY = 0x10

/**
 * MOKO tags and sensors, service EA01, big-endian (BeaconX-Pro MKSensor SDK, AdvInfoParser):
 *
 *   0    u8     80
 *   1    u8     b0 magnet switch open, b1 moving, b2 has acceleration, b3 has temperature, b4 has humidity
 *   2    u16    times the magnet switch opened
 *   4    u16    times it began to move           b2
 *   6    3 i16  acceleration, mg                 b2
 *   12   i16    temperature, 0.1 °C              b3
 *   14   u16    humidity, 0.1 %                  b4
 *   16   u16    battery, mV
 *   18   1..6   tag id, as set by the installer
 */
function readTag(payload: Uint8Array): ContentResult {
  if (payload[0] !== TAG_INFO) return FOREIGN
  if (payload.length < MIN_BYTES) return refused('FRAME_LENGTH', `${payload.length} bytes, at least ${MIN_BYTES}`)
  const view = viewOf(payload)
  const flags = view.getUint8(1)
  const extra: Extra = { hall_open: (flags & HALL_OPEN) !== 0, hall_count: view.getUint16(2), tag_id: toHex(payload.subarray(18)) }
  const draft: Draft = { extra }
  if ((flags & HAS_ACCELERATION) !== 0) {
    const count = view.getUint16(4)
    draft.moving = (flags & MOVING) !== 0
    draft.movementCount = count
    draft.signals = [{ kind: 'motion', form: 'counter', count, modulus: 0x1_0000 }]
    setMilliG(draft, view, 6)
  }
  if ((flags & HAS_TEMPERATURE) !== 0) draft.temperatureDegC = view.getInt16(12) / 10
  if ((flags & HAS_HUMIDITY) !== 0) setHumidity(draft, view.getUint16(14) / 10)
  setBatteryMilliV(draft, view.getUint16(16))
  return { kind: 'content', reading: draft }
}

export const mokoTag: AdvertisementReader = { title: 'MOKO tag', carrier: { serviceUuid: TAG_UUID }, read: readTag }
