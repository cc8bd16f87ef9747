import type { Draft } from '../kit/results.ts'
import type { GasConcentration } from '../reading.ts'
import { type CharacteristicReader, type CharacteristicResult, content, tooShort } from './characteristic-reader.ts'
import { sfloat } from './sfloat.ts'

/** A characteristic that is one little-endian number. */
interface Quantity {
  readonly bytes: 1 | 2 | 3 | 4
  readonly signed?: boolean
  /** What a value of one is divided by. */
  readonly per?: number
  /** The pattern for "not known", as read with the sign. */
  readonly unknown?: number
  readonly least?: number
  readonly most?: number
  readonly put: (draft: Draft, value: number) => void
}

const inExtra =
  (key: string) =>
  (draft: Draft, value: number): void => {
    draft.extra = { [key]: value }
  }

/** Bluetooth SIG, GATT Specification Supplement; out of its range is no value. */
const QUANTITIES: { readonly [uuid: string]: Quantity } = {
  // Battery Level
  '2a19': {
    bytes: 1,
    most: 100,
    put: (draft, value) => {
      draft.batteryPct = value
    }
  },
  // Tx Power Level
  '2a07': {
    bytes: 1,
    signed: true,
    least: -100,
    most: 20,
    put: (draft, value) => {
      draft.txPowerDbm = value
    }
  },
  // Temperature, Humidity, Pressure
  '2a6e': {
    bytes: 2,
    signed: true,
    per: 100,
    unknown: -0x8000,
    least: -273.15,
    put: (draft, value) => {
      draft.temperatureDegC = value
    }
  },
  '2a6f': {
    bytes: 2,
    per: 100,
    unknown: 0xffff,
    most: 100,
    put: (draft, value) => {
      draft.humidityPct = value
    }
  },
  '2a6d': {
    bytes: 4,
    per: 10,
    unknown: 0xffffffff,
    put: (draft, value) => {
      draft.pressurePa = value
    }
  },
  // CO2 Concentration, Illuminance
  '2b8c': {
    bytes: 2,
    unknown: 0xffff,
    put: (draft, value) => {
      draft.co2Ppm = value
    }
  },
  '2afb': {
    bytes: 3,
    per: 100,
    unknown: 0xffffff,
    put: (draft, value) => {
      draft.illuminanceLux = value
    }
  },
  // Elevation, UV Index, Irradiance, Heat Index, Dew Point, VOC Concentration, Noise
  '2a6c': { bytes: 3, signed: true, per: 100, put: inExtra('elevation_m') },
  '2a76': { bytes: 1, put: inExtra('uv_index') },
  '2a77': { bytes: 2, per: 10, put: inExtra('irradiance_w_per_m2') },
  '2a7a': { bytes: 1, signed: true, put: inExtra('heat_index_c') },
  '2a7b': { bytes: 1, signed: true, put: inExtra('dew_point_c') },
  '2be7': { bytes: 2, unknown: 0xffff, put: inExtra('tvoc_ppb') },
  '2be4': { bytes: 1, unknown: 0xff, most: 253, put: inExtra('noise_db') }
}

function readQuantity(quantity: Quantity, value: DataView): CharacteristicResult {
  if (value.byteLength < quantity.bytes) return tooShort(value, quantity.bytes)
  if (value.byteLength > quantity.bytes)
    return { kind: 'error', code: 'FRAME_LENGTH', why: `${value.byteLength} bytes, not ${quantity.bytes}` }
  const draft: Draft = {}
  const raw = rawNumber(value, quantity.bytes, quantity.signed === true)
  const number = raw / (quantity.per ?? 1)
  if (raw !== quantity.unknown && number >= (quantity.least ?? -Infinity) && number <= (quantity.most ?? Infinity))
    quantity.put(draft, number)
  return content(draft)
}

function rawNumber(value: DataView, bytes: number, signed: boolean): number {
  if (bytes === 1) return signed ? value.getInt8(0) : value.getUint8(0)
  if (bytes === 2) return signed ? value.getInt16(0, true) : value.getUint16(0, true)
  if (bytes === 4) return signed ? value.getInt32(0, true) : value.getUint32(0, true)
  const high = signed ? value.getInt8(2) : value.getUint8(2)
  return high * 0x1_0000 + value.getUint16(0, true)
}

/** How devices send concentrations of gases: kg/m³ as the specification has it, or ppm, as some firmware does. */
export type GasUnit = 'kg/m3' | 'ppm'

/** Gases as medfloat16. */
const GASES: { readonly [uuid: string]: string } = { '2bcf': 'nh3', '2bd0': 'co', '2bd2': 'no2', '2bd4': 'o3', '2bd8': 'so2' }
/** Methane is ppb in the specification. */
const METHANE = '2bd1'

/** No gas of these is so dense at the pressure of places where people are: the number is not kg/m³, and stays as sent. */
const MAX_KG_PER_M3 = 10

function readGas(gas: string, unit: GasUnit, value: DataView): CharacteristicResult {
  if (value.byteLength !== 2) return { kind: 'error', code: 'FRAME_LENGTH', why: `${value.byteLength} bytes, not 2` }
  const number = sfloat(value.getUint16(0, true))
  if (number === undefined || number < 0) return content({})
  const extra = { [`${gas}_concentration_as_sent`]: number }
  const concentration = gasConcentration(gas, unit, number)
  return content(concentration === undefined ? { extra } : { gases: [concentration], extra })
}

function gasConcentration(gas: string, unit: GasUnit, number: number): GasConcentration | undefined {
  if (gas === 'ch4') return { gas, ppm: number / 1000 }
  if (unit === 'ppm') return number <= 1_000_000 ? { gas, ppm: number } : undefined
  return number <= MAX_KG_PER_M3 ? { gas, mgPerM3: number * 1_000_000 } : undefined
}

/** Readers of everything that is one number, by characteristic. */
export function quantityReaders(gasUnit: GasUnit): readonly (readonly [string, CharacteristicReader])[] {
  const readers: [string, CharacteristicReader][] = []
  for (const [uuid, quantity] of Object.entries(QUANTITIES)) readers.push([uuid, (value) => readQuantity(quantity, value)])
  for (const [uuid, gas] of Object.entries(GASES)) readers.push([uuid, (value) => readGas(gas, gasUnit, value)])
  readers.push([METHANE, (value) => readGas('ch4', gasUnit, value)])
  return readers
}
