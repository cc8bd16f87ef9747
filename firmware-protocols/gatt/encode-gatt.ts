import { encodeSfloat } from './sfloat.ts'

/** Values of characteristics, for simulators and tests. */

export interface HeartRateValue {
  readonly bpm: number
  /** Undefined: the strap cannot tell. */
  readonly contact?: boolean | undefined
  readonly energyKj?: number | undefined
  readonly rrIntervalsS?: readonly number[] | undefined
}

/** Heart Rate Measurement, 2A37. */
export function encodeHeartRate({ bpm, contact, energyKj, rrIntervalsS }: HeartRateValue): Uint8Array {
  const isWide = bpm > 255
  const flags =
    (isWide ? 0x01 : 0) |
    (contact === undefined ? 0 : contact ? 0x06 : 0x04) |
    (energyKj === undefined ? 0 : 0x08) |
    (rrIntervalsS === undefined ? 0 : 0x10)
  const bytes = [flags, bpm & 0xff]
  if (isWide) bytes.push(bpm >> 8)
  if (energyKj !== undefined) pushU16(bytes, energyKj)
  for (const interval of rrIntervalsS ?? []) pushU16(bytes, Math.round(interval * 1024))
  return Uint8Array.from(bytes)
}

export interface OximeterPair {
  readonly spo2Pct?: number | undefined
  readonly bpm?: number | undefined
}

export interface OximeterValue extends OximeterPair {
  readonly fast?: OximeterPair | undefined
  readonly slow?: OximeterPair | undefined
  readonly measurementStatus?: number | undefined
  readonly deviceStatus?: number | undefined
  readonly amplitudePct?: number | undefined
}

/** PLX Continuous Measurement, 2A5F. */
export function encodePlxContinuous(value: OximeterValue): Uint8Array {
  const { fast, slow, measurementStatus, deviceStatus, amplitudePct } = value
  const optional = [fast, slow, measurementStatus, deviceStatus, amplitudePct]
  const bytes = [optional.reduce<number>((flags, part, bit) => flags | (part === undefined ? 0 : 1 << bit), 0)]
  pushPair(bytes, value)
  if (fast) pushPair(bytes, fast)
  if (slow) pushPair(bytes, slow)
  if (measurementStatus !== undefined) pushU16(bytes, measurementStatus)
  if (deviceStatus !== undefined) bytes.push(deviceStatus & 0xff, (deviceStatus >> 8) & 0xff, (deviceStatus >> 16) & 0xff)
  if (amplitudePct !== undefined) pushU16(bytes, encodeSfloat(amplitudePct))
  return Uint8Array.from(bytes)
}

function pushPair(bytes: number[], pair: OximeterPair): void {
  pushU16(bytes, encodeSfloat(pair.spo2Pct))
  pushU16(bytes, encodeSfloat(pair.bpm, 0))
}

function pushU16(bytes: number[], value: number): void {
  bytes.push(value & 0xff, (value >> 8) & 0xff)
}
