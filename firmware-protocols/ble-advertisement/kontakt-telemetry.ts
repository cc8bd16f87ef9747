import { mps2FromG } from '../kit/gravity.ts'
import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type ContentResult, refused } from './advertisement-reader.ts'
import { addSignal, s8p8, setBattery, setHumidity, viewOf } from './content-fields.ts'

/** Of seconds since something: it has not happened, or longer ago than the field can say. */
const NEVER_S = 0xffff
/**
 * Ages are believed up to here. A cheap clock is 500 ppm off: after an hour that is less than the tolerance by which repeats are
 * known, after a day it would look like another press.
 */
const AGE_LIMIT_S = 3600

type Fill = (view: DataView, reading: Draft, extra: Extra) => void
interface Field {
  /** Bytes of the value; more are left for later versions of the field. */
  readonly least: number
  readonly fill: Fill
}

/** Age of a press: the moment can be told minutes later, however many adverts were lost. */
function setAge(name: string, slot: string | undefined, view: DataView, at: number, reading: Draft, extra: Extra): void {
  const ageS = view.getUint16(at, true)
  if (ageS !== NEVER_S) extra[name] = ageS
  addSignal(reading, {
    kind: 'button',
    ...(slot === undefined ? {} : { slot }),
    form: 'age',
    ageS: Math.min(ageS, AGE_LIMIT_S),
    saturatesAtS: AGE_LIMIT_S
  })
}

function setSince(name: string, view: DataView, at: number, extra: Extra): void {
  const seconds = view.getUint16(at, true)
  if (seconds !== NEVER_S) extra[name] = seconds
}

function setTime(view: DataView, reading: Draft, extra: Extra): void {
  const seconds = view.getUint32(0, true)
  // A device that was never set counts from 0.
  if (seconds === 0) return
  extra['timestamp_s'] = seconds
  reading.deviceTime = seconds * 1000
}

/** Sensitivity in mg a digit, then x, y, z, i8. */
function setAcceleration(view: DataView, reading: Draft, extra: Extra): void {
  const milliG = view.getUint8(0)
  const raw = [view.getInt8(1), view.getInt8(2), view.getInt8(3)] as const
  extra['sensitivity_mg'] = milliG
  extra['accel_raw'] = raw
  if (milliG === 0) return
  const mps2 = (digits: number): number => mps2FromG((digits * milliG) / 1000)
  reading.accelMps2 = [mps2(raw[0]), mps2(raw[1]), mps2(raw[2])]
}

const setLight: Fill = (view, _, extra) => {
  if (view.getUint8(0) <= 100) extra['light_pct'] = view.getUint8(0)
}

/**
 * Telemetry of Kontakt.io: `{ <length u8, with the id> <id u8> <value> }` up to the end. Times are little-endian, fixed point big-endian.
 *
 *   01  u32 unix time; battery, %                        0C  battery, %
 *   02  acceleration as 06; u16 seconds since a          0D  u16 seconds since a click
 *       double tap; u16 since movement                   0F  u32 unix time
 *   05  light, %; i8 temperature, °C                     11  u8 click id; u16 seconds since it
 *   06  u8 sensitivity, mg; i8 x, y, z                   12  humidity, %
 *   07  u16 seconds since movement                       13  s8.8 temperature, °C
 *   08  u16 seconds since a double tap                   16  u8 movement id; u16 seconds since it
 *   0A  light, %     0B  i8 temperature, °C              seconds FFFF: never
 */
const FIELDS: ReadonlyMap<number, Field> = new Map<number, Field>([
  [
    0x01,
    {
      least: 5,
      fill: (view, reading, extra) => {
        setTime(view, reading, extra)
        setBattery(reading, view.getUint8(4))
      }
    }
  ],
  [
    0x02,
    {
      least: 8,
      fill: (view, reading, extra) => {
        setAcceleration(view, reading, extra)
        setAge('since_double_tap_s', 'double_tap', view, 4, reading, extra)
        setSince('since_movement_s', view, 6, extra)
      }
    }
  ],
  [
    0x05,
    {
      least: 2,
      fill: (view, reading, extra) => {
        setLight(view, reading, extra)
        reading.temperatureDegC = view.getInt8(1)
      }
    }
  ],
  [0x06, { least: 4, fill: setAcceleration }],
  [0x07, { least: 2, fill: (view, _, extra) => setSince('since_movement_s', view, 0, extra) }],
  [0x08, { least: 2, fill: (view, reading, extra) => setAge('since_double_tap_s', 'double_tap', view, 0, reading, extra) }],
  [0x0a, { least: 1, fill: setLight }],
  [
    0x0b,
    {
      least: 1,
      fill: (view, reading) => {
        reading.temperatureDegC = view.getInt8(0)
      }
    }
  ],
  [0x0c, { least: 1, fill: (view, reading) => setBattery(reading, view.getUint8(0)) }],
  [0x0d, { least: 2, fill: (view, reading, extra) => setAge('since_click_s', undefined, view, 0, reading, extra) }],
  [0x0f, { least: 4, fill: setTime }],
  [
    0x11,
    {
      least: 3,
      fill: (view, reading, extra) => {
        extra['click_id'] = view.getUint8(0)
        setAge('since_click_s', undefined, view, 1, reading, extra)
      }
    }
  ],
  [0x12, { least: 1, fill: (view, reading) => setHumidity(reading, view.getUint8(0)) }],
  [
    0x13,
    {
      least: 2,
      fill: (view, reading) => {
        reading.temperatureDegC = s8p8(view, 0)
      }
    }
  ],
  [
    0x16,
    {
      least: 3,
      fill: (view, reading, extra) => {
        const count = view.getUint8(0)
        extra['movement_id'] = count
        reading.movementCount = count
        setSince('since_movement_s', view, 1, extra)
        addSignal(reading, { kind: 'motion', form: 'counter', count, modulus: 256 })
      }
    }
  ]
])

export function readTelemetry(payload: Uint8Array): ContentResult {
  const extra: Extra = { frame: 'telemetry' }
  const reading: Draft = { extra }
  const others: { [id: string]: string } = {}
  let at = 1
  while (at < payload.length) {
    const end = at + 1 + (payload[at] ?? 0)
    if (end === at + 1) return refused('FRAME_FORMAT', 'telemetry: a field without an id')
    if (end > payload.length) return refused('FRAME_LENGTH', 'telemetry: a field runs past the end')
    const value = payload.subarray(at + 2, end)
    const field = FIELDS.get(payload[at + 1] ?? 0)
    if (field !== undefined && value.length >= field.least) field.fill(viewOf(value), reading, extra)
    else others[toHex(payload.subarray(at + 1, at + 2))] = toHex(value)
    at = end
  }
  if (Object.keys(others).length > 0) extra['fields'] = others
  return { kind: 'content', reading }
}
