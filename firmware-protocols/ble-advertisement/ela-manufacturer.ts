import { mps2FromG } from '../kit/gravity.ts'
import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { setBattery, setHumidity, viewOf } from './content-fields.ts'
import { type CountedState, setCountedState, setElaTemperature } from './ela-fields.ts'

const ELA_COMPANY_ID = 0x0757

/** Bytes of the value by type. */
const LENGTHS: ReadonlyMap<number, number> = new Map([
  [0x06, 6],
  [0x12, 2],
  [0x21, 1],
  [0x32, 2],
  [0x42, 2],
  [0x56, 6],
  [0x62, 2],
  [0x92, 2],
  [0xb2, 2],
  [0xf1, 1],
  [0xf2, 2]
])
const COUNTED: ReadonlyMap<number, CountedState> = new Map([
  [0x32, 'contact'],
  [0x42, 'moving'],
  [0x62, 'digital_input'],
  [0x92, 'motion'],
  [0xb2, 'button_pressed']
])

/**
 * ELA Innovation (Blue PUCK, COIN, SLIM …), manufacturer data 0757: `{ <type u8> <value> }` one behind the other, little-endian:
 *
 *   06  id, 6 bytes                           32, 42, 62, 92, B2  u16: bit 0 state, the rest counts its changes;
 *   12  i16 temperature, 0.01 °C, 7FFF fault                      magnet, movement, digital input, infrared, touch
 *   21  u8 humidity, %                        56  i16 acceleration x, y, z, mg
 *   F1  u8 battery, %                         F2  u16 battery, mV
 *
 * A type that is not known ends the reading.
 */
function readElaManufacturer(payload: Uint8Array): ContentResult {
  const extra: Extra = {}
  const reading: Draft = { extra }
  let at = 0
  while (at < payload.length) {
    const length = LENGTHS.get(payload[at] ?? 0)
    if (length === undefined) {
      if (at === 0) return FOREIGN
      extra['unparsed'] = toHex(payload.subarray(at))
      break
    }
    const end = at + 1 + length
    if (end > payload.length)
      return refused('FRAME_LENGTH', `type ${toHex(payload.subarray(at, at + 1))}: ${payload.length - at - 1} bytes, not ${length}`)
    fill(payload[at] ?? 0, payload.subarray(at + 1, end), reading, extra)
    at = end
  }
  return at === 0 ? FOREIGN : { kind: 'content', reading }
}

function fill(type: number, value: Uint8Array, reading: Draft, extra: Extra): void {
  const view = viewOf(value)
  switch (type) {
    case 0x06:
      extra['device_id'] = toHex(value)
      break
    case 0x12:
      setElaTemperature(view.getInt16(0, true), reading, extra)
      break
    case 0x21:
      setHumidity(reading, view.getUint8(0))
      break
    case 0x56:
      reading.accelMps2 = [
        mps2FromG(view.getInt16(0, true) / 1000),
        mps2FromG(view.getInt16(2, true) / 1000),
        mps2FromG(view.getInt16(4, true) / 1000)
      ]
      break
    case 0xf1:
      setBattery(reading, view.getUint8(0))
      break
    case 0xf2:
      reading.batteryV = view.getUint16(0, true) / 1000
      break
    default:
      setCountedState(COUNTED.get(type) ?? 'state', view.getUint16(0, true), reading, extra)
  }
}

export const elaManufacturer: AdvertisementReader = {
  title: 'ELA Innovation',
  carrier: { companyId: ELA_COMPANY_ID },
  read: readElaManufacturer
}
