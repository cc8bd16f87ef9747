import { STANDARD_GRAVITY_MPS2 } from '../kit/gravity.ts'
import type { Draft } from '../kit/results.ts'
import type { Json } from '../reading.ts'
import { type CharacteristicReader, type CharacteristicResult, content, tooShort } from './characteristic-reader.ts'

const RADIANS_PER_DEGREE = Math.PI / 180
/** To a millionth: the digits of the sensor's step, not those of the conversion. */
const micro = (value: number): number => Math.round(value * 1e6) / 1e6 || 0

type Read = (value: DataView, draft: Draft) => void

interface Characteristic {
  readonly bytes: number
  readonly read: Read
}

const inExtra = (draft: Draft, extra: { readonly [key: string]: Json }): void => {
  draft.extra = extra
}

const ORIENTATIONS = ['portrait', 'landscape', 'reverse_portrait', 'reverse_landscape']

/** All three of 2 bytes each, from an offset. */
const triple = (value: DataView, at: number, factor: number): [number, number, number] => [
  micro(value.getInt16(at, true) * factor),
  micro(value.getInt16(at + 2, true) * factor),
  micro(value.getInt16(at + 4, true) * factor)
]

const float16q16 = (value: DataView, at: number): number => micro(value.getInt32(at, true) / 0x1_0000)
const float2q30 = (value: DataView, at: number): number => micro(value.getInt32(at, true) / 0x4000_0000)

/**
 * Nordic Thingy:52, EF68xxxx-9B35-4933-9B10-52FFA9740042 (firmware documentation, "Firmware architecture"), little-endian:
 *
 *   0201  temperature   i8 °C, u8 hundredths            0302  button        u8, 1 pressed
 *   0202  pressure      i32 hPa, u8 hundredths          0402  tap           u8 direction 1..6 (x+ x- y+ y- z+ z-), u8 count
 *   0203  humidity      u8 %                            0403  orientation   u8 0..3
 *   0204  gas           u16 eCO2 ppm, u16 TVOC ppb      0404  quaternion    4 i32 w x y z, 2Q30
 *   0205  colour        4 u16 red green blue clear      0405  pedometer     u32 steps, u32 ms
 *   0406  raw           3 i16 g 6Q10, 3 i16 °/s 11Q5, 3 i16 µT 12Q4
 *   0407  Euler angles  3 i32 roll pitch yaw, ° 16Q16   0409  heading       i32 ° 16Q16
 *   040A  gravity       3 f32 m/s²
 */
const CHARACTERISTICS: { readonly [id: string]: Characteristic } = {
  '0201': {
    bytes: 2,
    read: (value, draft) => {
      draft.temperatureDegC = value.getInt8(0) + value.getUint8(1) / 100
    }
  },
  '0202': {
    bytes: 5,
    read: (value, draft) => {
      draft.pressurePa = value.getInt32(0, true) * 100 + value.getUint8(4)
    }
  },
  '0203': {
    bytes: 1,
    read: (value, draft) => {
      if (value.getUint8(0) <= 100) draft.humidityPct = value.getUint8(0)
    }
  },
  // Equivalent CO2 is guessed from organic vapours: not a measurement of CO2.
  '0204': { bytes: 4, read: (value, draft) => inExtra(draft, { eco2_ppm: value.getUint16(0, true), tvoc_ppb: value.getUint16(2, true) }) },
  '0205': {
    bytes: 8,
    read: (value, draft) =>
      inExtra(draft, {
        color_rgbc: [value.getUint16(0, true), value.getUint16(2, true), value.getUint16(4, true), value.getUint16(6, true)]
      })
  },
  '0302': {
    bytes: 1,
    read: (value, draft) => {
      const on = value.getUint8(0) !== 0
      draft.signals = [{ kind: 'button', form: 'level', on }]
      inExtra(draft, { button_pressed: on })
    }
  },
  '0402': { bytes: 2, read: (value, draft) => inExtra(draft, { tap_direction: value.getUint8(0), tap_count: value.getUint8(1) }) },
  '0403': {
    bytes: 1,
    read: (value, draft) => inExtra(draft, { orientation: ORIENTATIONS[value.getUint8(0)] ?? value.getUint8(0) })
  },
  '0404': {
    bytes: 16,
    read: (value, draft) =>
      inExtra(draft, { quaternion_wxyz: [float2q30(value, 0), float2q30(value, 4), float2q30(value, 8), float2q30(value, 12)] })
  },
  '0405': {
    bytes: 8,
    read: (value, draft) => inExtra(draft, { steps: value.getUint32(0, true), steps_time_s: value.getUint32(4, true) / 1000 })
  },
  '0406': {
    bytes: 18,
    read: (value, draft) => {
      draft.accelMps2 = triple(value, 0, STANDARD_GRAVITY_MPS2 / 1024)
      draft.gyroRadps = triple(value, 6, RADIANS_PER_DEGREE / 32)
      inExtra(draft, { magnetic_field_ut: triple(value, 12, 1 / 16) })
    }
  },
  '0407': {
    bytes: 12,
    read: (value, draft) =>
      inExtra(draft, { roll_deg: float16q16(value, 0), pitch_deg: float16q16(value, 4), yaw_deg: float16q16(value, 8) })
  },
  '0409': {
    bytes: 4,
    read: (value, draft) => {
      const degrees = float16q16(value, 0)
      if (degrees >= -360 && degrees <= 360) draft.headingDeg = micro((degrees + 360) % 360)
    }
  },
  '040a': {
    bytes: 12,
    read: (value, draft) => {
      const gravity = [value.getFloat32(0, true), value.getFloat32(4, true), value.getFloat32(8, true)]
      if (gravity.every(Number.isFinite)) inExtra(draft, { gravity_mps2: gravity.map(micro) })
    }
  }
}

const uuidOf = (id: string): string => `ef68${id}9b3549339b1052ffa9740042`

function readThingy({ bytes, read }: Characteristic, value: DataView): CharacteristicResult {
  if (value.byteLength < bytes) return tooShort(value, bytes)
  const draft: Draft = {}
  read(value, draft)
  return content(draft)
}

export const THINGY_READERS: readonly (readonly [string, CharacteristicReader])[] = Object.entries(CHARACTERISTICS).map(
  ([id, characteristic]) => [uuidOf(id), (value) => readThingy(characteristic, value)]
)
