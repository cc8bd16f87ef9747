import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { setHumidity, viewOf } from './content-fields.ts'

const TELTONIKA_COMPANY_ID = 0x089a
const PROTOCOL_VERSION = 1

const TEMPERATURE = 0x01
const HUMIDITY = 0x02
const MAGNET_SENSOR = 0x04
const MAGNET_DETECTED = 0x08
const MOVEMENT = 0x10
const ANGLE = 0x20
const LOW_BATTERY = 0x40
const BATTERY = 0x80

const bytesOf = (flags: number): number =>
  2 +
  ((flags & TEMPERATURE) === 0 ? 0 : 2) +
  ((flags & HUMIDITY) === 0 ? 0 : 1) +
  ((flags & MOVEMENT) === 0 ? 0 : 2) +
  ((flags & ANGLE) === 0 ? 0 : 3) +
  ((flags & BATTERY) === 0 ? 0 : 1)

/**
 * Teltonika EYE sensor (wiki.teltonika-gps.com, "EYE SENSOR"), usually in the scan response, big-endian. Only announced fields are
 * there, in this order:
 *
 *   0    u8   protocol version, 1
 *   1    u8   flags: b0 temperature, b1 humidity, b2 magnet sensor, b3 magnet there, b4 movement, b5 angle, b6 battery low, b7 battery
 *   ..   i16  temperature, 0.01 °C                    b0
 *   ..   u8   humidity, %                             b1
 *   ..   u16  b15 moving, low 15 bits movement count  b4
 *   ..   i8   pitch, °;  i16 roll, °                  b5
 *   ..   u8   battery, (mV - 2000) / 10               b7
 */
function readEye(payload: Uint8Array): ContentResult {
  const [version, flags] = payload
  if (version !== PROTOCOL_VERSION) return FOREIGN
  if (flags === undefined) return refused('FRAME_LENGTH', '1 byte, at least 2')
  if (payload.length < bytesOf(flags)) return refused('FRAME_LENGTH', `${payload.length} bytes, at least ${bytesOf(flags)}`)
  const low = (flags & LOW_BATTERY) !== 0
  const extra: Extra = { low_battery: low }
  const signals: Signal[] = [{ kind: 'low-battery', form: 'level', on: low }]
  const draft: Draft = { extra, signals }
  if ((flags & MAGNET_SENSOR) !== 0) extra['magnet_detected'] = (flags & MAGNET_DETECTED) !== 0
  readFields(viewOf(payload), flags, draft, extra, signals)
  return { kind: 'content', reading: draft }
}

function readFields(view: DataView, flags: number, draft: Draft, extra: Extra, signals: Signal[]): void {
  let at = 2
  if ((flags & TEMPERATURE) !== 0) {
    draft.temperatureDegC = view.getInt16(at) / 100
    at += 2
  }
  if ((flags & HUMIDITY) !== 0) setHumidity(draft, view.getUint8(at++))
  if ((flags & MOVEMENT) !== 0) {
    const movement = view.getUint16(at)
    at += 2
    draft.moving = movement >= 0x8000
    draft.movementCount = movement & 0x7fff
    signals.push({ kind: 'motion', form: 'counter', count: movement & 0x7fff, modulus: 0x8000 })
  }
  if ((flags & ANGLE) !== 0) {
    const pitch = view.getInt8(at)
    const roll = view.getInt16(at + 1)
    at += 3
    if (pitch >= -90 && pitch <= 90) extra['pitch_deg'] = pitch
    if (roll >= -180 && roll <= 180) extra['roll_deg'] = roll
  }
  if ((flags & BATTERY) !== 0) draft.batteryV = (2000 + 10 * view.getUint8(at)) / 1000
}

export const teltonikaEye: AdvertisementReader = {
  title: 'Teltonika EYE',
  carrier: { companyId: TELTONIKA_COMPANY_ID },
  read: readEye
}
