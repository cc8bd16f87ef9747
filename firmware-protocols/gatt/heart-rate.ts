import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type CharacteristicResult, content, tooShort } from './characteristic-reader.ts'

const HEART_RATE_U16 = 0x01
const CONTACT_DETECTED = 0x02
const CONTACT_SUPPORTED = 0x04
const ENERGY_PRESENT = 0x08
const RR_PRESENT = 0x10

/** Beats of a heart; a strap that tells more measures something else. */
const MAX_BPM = 350

/**
 * Heart Rate Measurement, 2A37 (Heart Rate Service 1.0, 3.1), little-endian:
 *
 *   0    u8   flags: b0 heart rate is u16; b1-2 contact (2: supported, none; 3: supported, there); b3 energy; b4 RR intervals
 *   1    u8 or u16   beats a minute, 0 while none is found
 *   ..   u16  energy expended, kJ                 where b3
 *   ..   u16  RR intervals, s / 1024, up to the end   where b4
 *
 * Without skin contact the number is noise: it stays in `extra` and is no heart rate. Neither it nor a 0 says that a heart stopped.
 */
export function readHeartRate(value: DataView): CharacteristicResult {
  if (value.byteLength < 2) return tooShort(value, 2)
  const flags = value.getUint8(0)
  const rateBytes = (flags & HEART_RATE_U16) === 0 ? 1 : 2
  const energyAt = 1 + rateBytes
  const rrAt = energyAt + ((flags & ENERGY_PRESENT) === 0 ? 0 : 2)
  if (value.byteLength < rrAt) return tooShort(value, rrAt)
  const rrBytes = (flags & RR_PRESENT) === 0 ? 0 : value.byteLength - rrAt
  if (rrBytes % 2 !== 0) return { kind: 'error', code: 'FRAME_LENGTH', why: 'half an RR interval at the end' }
  const bpm = rateBytes === 1 ? value.getUint8(1) : value.getUint16(1, true)
  const extra: Extra = {}
  const touches = (flags & CONTACT_DETECTED) !== 0
  if ((flags & CONTACT_SUPPORTED) !== 0) extra['sensor_contact'] = touches
  if (rrAt > energyAt) extra['energy_expended_kj'] = value.getUint16(energyAt, true)
  if (rrBytes > 0) extra['rr_intervals_s'] = rrIntervals(value, rrAt)
  const draft: Draft = {}
  if (bpm > 0 && bpm <= MAX_BPM) {
    if (extra['sensor_contact'] === false) extra['heart_rate_bpm'] = bpm
    else draft.heartRateBpm = bpm
  }
  if (Object.keys(extra).length > 0) draft.extra = extra
  return content(draft)
}

function rrIntervals(value: DataView, start: number): number[] {
  const intervals: number[] = []
  for (let at = start; at < value.byteLength; at += 2) intervals.push(value.getUint16(at, true) / 1024)
  return intervals
}

const BODY_LOCATIONS = ['other', 'chest', 'wrist', 'finger', 'hand', 'ear_lobe', 'foot']

/** Body Sensor Location, 2A38: one byte. */
export function readBodyLocation(value: DataView): CharacteristicResult {
  if (value.byteLength < 1) return tooShort(value, 1)
  const location = value.getUint8(0)
  return content({ extra: { body_sensor_location: BODY_LOCATIONS[location] ?? location } })
}
