import { mps2FromG } from '../kit/gravity.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { addSignal, s8p8, setBattery, setHumidity, setReversedMac, viewOf } from './content-fields.ts'

const MINEW_UUID = 0xffe1
const FRAME_TYPE = 0xa1
const RADIANS_PER_DEGREE = Math.PI / 180

interface Frame {
  readonly name: string
  /** Whole frame; the MAC is its last six bytes. */
  readonly length: number
  /** Absent: the battery is not in it. */
  readonly batteryAt?: number
  fill(view: DataView, draft: Draft, extra: Extra): void
}

const frame = (name: string, length: number, fill: Frame['fill']): Frame => ({ name, length, batteryAt: 2, fill })
const bit0 = (view: DataView, at: number): boolean => (view.getUint8(at) & 1) === 1
const vectorG = (view: DataView, at: number): [number, number, number] => [
  mps2FromG(s8p8(view, at)),
  mps2FromG(s8p8(view, at + 2)),
  mps2FromG(s8p8(view, at + 4))
]

/**
 * Minew, service data FFE1 (the manuals print the UUID as it is sent, E1FF), big-endian but for the MAC, which is sent from its
 * last byte to its first:
 *
 *   0   u8  A1     1   u8  which frame     2   u8  battery, %     3   values     then MAC, 6
 *
 *   01  s8.8 temperature, °C; s8.8 humidity, %          11  u16 bit 0: infrared motion
 *   02  u8 bit 0: light                                 12  u16 TVOC, ppb
 *   03  s8.8 acceleration x, y, z, g                    13  s8.8 temperature, °C
 *   05  u16 illuminance, lux                            16  s8.8 magnetic field x, y, z, 0.01 G
 *   07  firmware update; nothing but the MAC, at 2      17  s16.16 pressure, hPa
 *   08  MAC; then the name to the end                   18  u32 time of the device, u8 bit 0: vibration
 *   20  u8 bit 0: tampered with                         19  u16 light on a photoresistor
 *   21  u8 bit 0: water
 *   15  no battery; at 2 s8.8 acceleration x, y, z, g; i16 turning rate x, y, z, 0.01 °/s
 */
const FRAMES: ReadonlyMap<number, Frame> = new Map([
  [
    0x01,
    frame('ht', 13, (view, draft) => {
      draft.temperatureDegC = s8p8(view, 3)
      setHumidity(draft, s8p8(view, 5))
    })
  ],
  [0x02, frame('light', 10, (view, _, extra) => setFlag(extra, 'light', bit0(view, 3)))],
  [
    0x03,
    frame('acc', 15, (view, draft) => {
      draft.accelMps2 = vectorG(view, 3)
    })
  ],
  [
    0x05,
    frame('illuminance', 11, (view, draft) => {
      draft.illuminanceLux = view.getUint16(3)
    })
  ],
  [0x07, { name: 'dfu', length: 8, fill: () => undefined }],
  [0x11, frame('pir', 11, (view, _, extra) => setFlag(extra, 'motion', bit0(view, 4)))],
  [
    0x12,
    frame('tvoc', 11, (view, _, extra) => {
      extra['tvoc_ppb'] = view.getUint16(3)
    })
  ],
  [
    0x13,
    frame('temperature', 11, (view, draft) => {
      draft.temperatureDegC = s8p8(view, 3)
    })
  ],
  [0x15, { name: 'acc_gyro', length: 20, fill: fillMotion }],
  [
    0x16,
    frame('magnetometer', 15, (view, _, extra) => {
      extra['magnetic_field_gauss'] = [s8p8(view, 3) / 100, s8p8(view, 5) / 100, s8p8(view, 7) / 100]
    })
  ],
  [
    0x17,
    frame('pressure', 13, (view, draft) => {
      draft.pressurePa = Math.round((view.getInt32(3) / 65_536) * 10_000) / 100
    })
  ],
  [
    0x18,
    frame('vibration', 14, (view, _, extra) => {
      extra['device_time_s'] = view.getUint32(3)
      setFlag(extra, 'vibration', bit0(view, 7))
    })
  ],
  [
    0x19,
    frame('photoresistance', 11, (view, _, extra) => {
      extra['photoresistance'] = view.getUint16(3)
    })
  ],
  [
    0x20,
    frame('tamper', 10, (view, draft, extra) => {
      setFlag(extra, 'tamper', bit0(view, 3))
      addSignal(draft, { kind: 'tamper', form: 'level', on: bit0(view, 3) })
    })
  ],
  [0x21, frame('water', 10, (view, _, extra) => setFlag(extra, 'water_detected', bit0(view, 3)))]
])

const INFO = 0x08
const INFO_LEAST = 9

function setFlag(extra: Extra, name: string, on: boolean): void {
  extra[name] = on
}

function fillMotion(view: DataView, draft: Draft, extra: Extra): void {
  draft.accelMps2 = vectorG(view, 2)
  const rates = [view.getInt16(8) / 100, view.getInt16(10) / 100, view.getInt16(12) / 100] as const
  extra['gyro_dps'] = rates
  draft.gyroRadps = [rates[0] * RADIANS_PER_DEGREE, rates[1] * RADIANS_PER_DEGREE, rates[2] * RADIANS_PER_DEGREE]
}

function readMinewService(payload: Uint8Array): ContentResult {
  if (payload[0] !== FRAME_TYPE) return FOREIGN
  if (payload[1] === INFO) return readInfo(payload)
  const found = FRAMES.get(payload[1] ?? -1)
  if (found === undefined) return payload.length < 2 ? refused('FRAME_LENGTH', 'one byte') : FOREIGN
  if (payload.length !== found.length) return refused('FRAME_LENGTH', `${found.name}: ${payload.length} bytes, not ${found.length}`)
  const extra: Extra = { frame: found.name }
  const reading: Draft = { extra }
  const view = viewOf(payload)
  if (found.batteryAt !== undefined) setBattery(reading, view.getUint8(found.batteryAt))
  found.fill(view, reading, extra)
  setReversedMac(reading, extra, payload, found.length - 6)
  return { kind: 'content', reading }
}

function readInfo(payload: Uint8Array): ContentResult {
  if (payload.length < INFO_LEAST) return refused('FRAME_LENGTH', `info: ${payload.length} bytes, at least ${INFO_LEAST}`)
  const extra: Extra = { frame: 'info', name: utf8Text(payload.subarray(9)) }
  const reading: Draft = { extra }
  setBattery(reading, payload[2] ?? 0xff)
  setReversedMac(reading, extra, payload, 3)
  return { kind: 'content', reading }
}

export const minewService: AdvertisementReader = { title: 'Minew', carrier: { serviceUuid: MINEW_UUID }, read: readMinewService }
