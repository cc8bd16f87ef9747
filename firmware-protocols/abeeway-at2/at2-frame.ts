import { mps2FromMilliG } from '../kit/gravity.ts'
import type { Json } from '../reading.ts'

/** A value packed in a byte, with `reserved` codes at the ends of the range. */
const unpack = (raw: number, lo: number, hi: number, reserved: number): number => ((raw - reserved / 2) * (hi - lo)) / (255 - reserved) + lo

export const temperatureDegC = (raw: number): number => Math.round(unpack(raw, -44, 85, 0) * 10) / 10
export const packedVolts = (raw: number): number => Math.round(unpack(raw, 2.8, 4.2, 2) * 100) / 100
export const packedAgeS = (raw: number): number => unpack(raw, 0, 2040, 0)
export const packedAccuracyM = (raw: number): number => Math.round(unpack(raw, 0, 1000, 0) * 100) / 100
export const packedCarrierToNoiseDb = (raw: number): number => Math.round(unpack(raw, 0, 50, 0))

/** x, y, z as three i16 in mg at `at`, in m/s². */
export const vectorMps2 = (view: DataView, at: number): [number, number, number] => [
  mps2FromMilliG(view.getInt16(at)),
  mps2FromMilliG(view.getInt16(at + 2)),
  mps2FromMilliG(view.getInt16(at + 4))
]

export function hexAt(view: DataView, at: number, length: number, separator = ''): string {
  let text = ''
  for (let i = 0; i < length; i++)
    text +=
      (i === 0 ? '' : separator) +
      view
        .getUint8(at + i)
        .toString(16)
        .padStart(2, '0')
  return text
}

export const versionAt = (view: DataView, at: number): string => `${view.getUint8(at)}.${view.getUint8(at + 1)}.${view.getUint8(at + 2)}`

/** Entries `<id> <rssi i8>` from `at` to the end; a last one that the data rate cut off is left out. */
export function idsThenRssi(view: DataView, at: number, idLength: number, separator: string): Json[] {
  const list: Json[] = []
  for (let from = at; from + idLength + 1 <= view.byteLength; from += idLength + 1)
    list.push({ id: hexAt(view, from, idLength, separator), rssi_dbm: view.getInt8(from + idLength) })
  return list
}

/** Entries `<rssi i8> <skipped> <id>`. */
export function rssiThenIds(view: DataView, at: number, skipped: number, idLength: number, separator: string): Json[] {
  const list: Json[] = []
  const step = 1 + skipped + idLength
  for (let from = at; from + step <= view.byteLength; from += step)
    list.push({ id: hexAt(view, from + 1 + skipped, idLength, separator), rssi_dbm: view.getInt8(from) })
  return list
}
