import { z } from 'zod'
import { type Codec, type DecodeResult, type Decoder, defineCodec, type FrameContext } from '../codec.ts'
import { failure, ignored, readings } from '../kit/results.ts'
import type { CharacteristicReader } from './characteristic-reader.ts'
import { type GasUnit, quantityReaders } from './environmental-sensing.ts'
import { readBodyLocation, readHeartRate } from './heart-rate.ts'
import { readPlxContinuous, readPlxSpotCheck } from './pulse-oximeter.ts'
import { THINGY_READERS } from './thingy52.ts'

/** Longest value of a characteristic (Core Specification, volume 3, part F, 3.2.9). */
const MAX_VALUE_BYTES = 512

const settings = z.strictObject({
  gasUnit: z.enum(['kg/m3', 'ppm']).default('kg/m3').meta({
    title: 'Unit of gas concentrations',
    description:
      'What the devices send under the characteristics of carbon monoxide, ammonia, nitrogen dioxide, ozone and sulphur dioxide. Bluetooth has kg/m³; some devices send ppm.'
  })
})

const readersFor = (gasUnit: GasUnit): ReadonlyMap<string, CharacteristicReader> =>
  new Map<string, CharacteristicReader>([
    ['2a37', readHeartRate],
    ['2a38', readBodyLocation],
    ['2a5e', readPlxSpotCheck],
    ['2a5f', readPlxContinuous],
    ...quantityReaders(gasUnit),
    ...THINGY_READERS
  ])

/** A UUID of the Bluetooth SIG in its long form. */
const SIG_UUID = /^0000([0-9a-f]{4})00001000800000805f9b34fb$/

/** As the readers are listed: 16-bit UUIDs short, others without dashes. */
function normalizedUuid(uuid: string): string {
  if (uuid.length === 4) return uuid
  const digits = uuid.replace(/-/g, '').toLowerCase()
  return SIG_UUID.exec(digits)?.[1] ?? digits
}

class GattDecoder implements Decoder {
  private readonly readers: ReadonlyMap<string, CharacteristicReader>
  constructor(gasUnit: GasUnit) {
    this.readers = readersFor(gasUnit)
  }

  decode(frame: Uint8Array, { characteristic, address }: FrameContext): DecodeResult {
    if (characteristic === undefined) return failure('FRAME_CONTEXT', 'the characteristic that the value is of is missing')
    if (frame.length > MAX_VALUE_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_VALUE_BYTES}`)
    const reader = this.readers.get(normalizedUuid(characteristic))
    if (reader === undefined) return ignored(`characteristic ${characteristic} has no reader`)
    const result = reader(new DataView(frame.buffer, frame.byteOffset, frame.length))
    if (result.kind === 'error') return failure(result.code, `${characteristic}: ${result.why}`)
    const { reading } = result
    if (address !== undefined) reading.tag = address
    return readings(reading)
  }
}

export const gatt: Codec = defineCodec({
  protocol: 'gatt',
  title: 'Bluetooth LE characteristics (heart rate, pulse oximeter, battery, environment, Thingy:52)',
  transport: 'gatt',
  encoding: 'binary',
  idScope: 'world',
  idNamespace: 'ble',
  settings,
  createDecoder: (set) => new GattDecoder(set?.gasUnit ?? 'kg/m3')
})
