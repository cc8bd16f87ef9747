import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { i8, i16, i32, u16, u32, u64Number } from '../kit/little-endian.ts'
import type { Draft } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import type { CommandAnswer, GasConcentration, Range } from '../reading.ts'
import { readAlarms } from './helmet-alarms.ts'

export interface FieldsDraft extends Draft {
  extra: Extra
}

export const FIELD = {
  position: 0x01,
  place: 0x02,
  ranges: 0x03,
  battery: 0x05,
  alarms: 0x06,
  acceleration: 0x07,
  samples: 0x08,
  climate: 0x09,
  gases: 0x0a,
  wearer: 0x0b,
  time: 0x0c,
  uptime: 0x0d,
  answer: 0x0e,
  firmware: 0x0f,
  movement: 0x10,
  commandId: 0x40,
  vibrate: 0x41,
  led: 0x42,
  sound: 0x43,
  text: 0x44,
  sosReceived: 0x45,
  raw: 0x46
} as const

const NO_U8 = 0xff
const NO_U16 = 0xffff
const NO_U32 = 0xffff_ffff
const NO_I16 = -0x8000
const NO_I32 = -0x8000_0000
const NO_RSSI = 0x7f
/** The last moment that a calendar of JavaScript knows. */
const MAX_EPOCH_MS = 8_640_000_000_000_000

/** Takes the value `bytes[at..end)`; false: it is none of this version (too short, or no whole items), and is kept as it is. */
type Take = (draft: FieldsDraft, bytes: Uint8Array, at: number, end: number) => boolean

/** A field of fixed length, which a later minor version may have made longer. */
interface FixedField {
  readonly bytes: number
  take(draft: FieldsDraft, bytes: Uint8Array, at: number): void
}

function setQuality(draft: FieldsDraft, value: number): void {
  if (value <= 100) draft.quality = value
}

/** 01: x i32, y i32, z i32 mm, accuracy u16 cm, quality u8 %. */
const position: FixedField = {
  bytes: 15,
  take(draft, bytes, at) {
    const x = i32(bytes, at) / 1000
    const y = i32(bytes, at + 4) / 1000
    const z = i32(bytes, at + 8)
    draft.position = z === NO_I32 ? { x, y } : { x, y, z: z / 1000 }
    if (u16(bytes, at + 12) !== NO_U16) draft.accuracyM = u16(bytes, at + 12) / 100
    setQuality(draft, bytes[at + 14] ?? NO_U8)
  }
}

/** 02: latitude i32, longitude i32 1e-7°, height i32 cm, accuracy u16 cm. */
const place: FixedField = {
  bytes: 14,
  take(draft, bytes, at) {
    const latitudeDeg = i32(bytes, at) / 1e7
    const longitudeDeg = i32(bytes, at + 4) / 1e7
    if (Math.abs(latitudeDeg) > 90 || Math.abs(longitudeDeg) > 180) return
    const height = i32(bytes, at + 8)
    draft.geo = height === NO_I32 ? { latitudeDeg, longitudeDeg } : { latitudeDeg, longitudeDeg, altitudeM: height / 100 }
    if (u16(bytes, at + 12) !== NO_U16) draft.accuracyM ??= u16(bytes, at + 12) / 100
  }
}

/** 05: u16 mV, u8 %, bits u8: 0 charging. */
const battery: FixedField = {
  bytes: 4,
  take(draft, bytes, at) {
    if (u16(bytes, at) !== NO_U16) draft.batteryV = u16(bytes, at) / 1000
    const percent = bytes[at + 2] ?? NO_U8
    if (percent <= 100) draft.batteryPct = percent
    draft.charging = ((bytes[at + 3] ?? 0) & 1) !== 0
  }
}

const component = (bytes: Uint8Array, at: number): number | null => (i16(bytes, at) === NO_I16 ? null : i16(bytes, at) / 100)

/** 07: window u16 ms, greatest u16, least u16, x i16, y i16, z i16, 0.01 m/s². */
const acceleration: FixedField = {
  bytes: 12,
  take(draft, bytes, at) {
    draft.extra['accel_window_s'] = u16(bytes, at) / 1000
    if (u16(bytes, at + 2) !== NO_U16) draft.extra['accel_peak_mps2'] = u16(bytes, at + 2) / 100
    if (u16(bytes, at + 4) !== NO_U16) draft.extra['accel_least_mps2'] = u16(bytes, at + 4) / 100
    const x = component(bytes, at + 6)
    const y = component(bytes, at + 8)
    const z = component(bytes, at + 10)
    if (x !== null || y !== null || z !== null) draft.accelMps2 = [x, y, z]
  }
}

/** 09: temperature i16 0.01 °C, humidity u16 0.01 %, pressure u32 Pa. */
const climate: FixedField = {
  bytes: 8,
  take(draft, bytes, at) {
    const temperature = i16(bytes, at)
    if (temperature !== NO_I16 && temperature >= -27_315) draft.temperatureDegC = temperature / 100
    if (u16(bytes, at + 2) <= 10_000) draft.humidityPct = u16(bytes, at + 2) / 100
    if (u32(bytes, at + 4) !== NO_U32) draft.pressurePa = u32(bytes, at + 4)
  }
}

/** 0B: heart rate u8, SpO2 u8 %, helmet worn u8. */
const wearer: FixedField = {
  bytes: 3,
  take(draft, bytes, at) {
    const heartRate = bytes[at] ?? 0
    if (heartRate !== 0) draft.heartRateBpm = heartRate
    const spo2 = bytes[at + 1] ?? NO_U8
    if (spo2 <= 100) draft.spo2Pct = spo2
    const worn = bytes[at + 2] ?? NO_U8
    if (worn <= 1) draft.helmetWorn = worn === 1
  }
}

/** 0C: u64 ms since 1970. */
const time: FixedField = {
  bytes: 8,
  take(draft, bytes, at) {
    const ms = u64Number(bytes, at)
    if (ms <= MAX_EPOCH_MS) draft.deviceTime = ms
  }
}

/** 0D: u32 s. */
const uptime: FixedField = {
  bytes: 4,
  take(draft, bytes, at) {
    draft.extra['uptime_s'] = u32(bytes, at)
  }
}

const RESULTS = ['done', 'the tag does not know the command', 'the tag cannot do it', 'malformed', 'late or replayed'] as const

/** 0E: command id u32, result u8. */
const answer: FixedField = {
  bytes: 5,
  take(draft, bytes, at) {
    const result = bytes[at + 4] ?? 0
    const id = String(u32(bytes, at))
    const told: CommandAnswer =
      result === 0 ? { id, accepted: true } : { id, accepted: false, why: RESULTS[result] ?? `result ${result} of the tag` }
    draft.commandAnswers = [...(draft.commandAnswers ?? []), told]
  }
}

/** 10: count u16, moving u8. */
const movement: FixedField = {
  bytes: 3,
  take(draft, bytes, at) {
    draft.movementCount = u16(bytes, at)
    const moving = bytes[at + 2] ?? NO_U8
    if (moving <= 1) draft.moving = moving === 1
  }
}

function anchorId(bytes: Uint8Array, at: number): string {
  for (let i = 0; i < 6; i++) if (bytes[at + i] !== 0) return toHex(bytes.subarray(at, at + 8))
  return toHex(bytes.subarray(at + 6, at + 8))
}

const RANGE_BYTES = 14

/** 03: n × { anchor 8, range u32 mm, quality u8 %, strength i8 dBm }. */
function ranges(draft: FieldsDraft, bytes: Uint8Array, at: number, end: number): boolean {
  if ((end - at) % RANGE_BYTES !== 0) return false
  const list: Range[] = [...(draft.ranges ?? [])]
  for (let from = at; from < end; from += RANGE_BYTES) {
    const quality = bytes[from + 12] ?? NO_U8
    const rssi = i8(bytes, from + 13)
    list.push({
      anchor: anchorId(bytes, from),
      rangeM: u32(bytes, from + 8) / 1000,
      ...(quality <= 100 ? { quality } : {}),
      ...(rssi === NO_RSSI ? {} : { rssiDbm: rssi })
    })
  }
  if (list.length > 0) draft.ranges = list
  return true
}

const SAMPLE_BYTES = 6

/** 08: age u16 ms, rate u16 0.1 Hz, n × { x i16, y i16, z i16, 0.01 m/s² }. */
function samples(draft: FieldsDraft, bytes: Uint8Array, at: number, end: number): boolean {
  const count = (end - at - 4) / SAMPLE_BYTES
  // One window is what a reading can hold.
  if (count < 1 || !Number.isInteger(count) || u16(bytes, at + 2) === 0 || draft.accelWindow !== undefined) return false
  const samplesMps2: (readonly [number, number, number])[] = []
  for (let from = at + 4; from < end; from += SAMPLE_BYTES)
    samplesMps2.push([i16(bytes, from) / 100, i16(bytes, from + 2) / 100, i16(bytes, from + 4) / 100])
  draft.accelWindow = { ageMs: u16(bytes, at), rateHz: u16(bytes, at + 2) / 10, samplesMps2 }
  return true
}

const GASES = ['', 'co', 'h2s', 'o2', 'ch4', 'co2', 'ex', 'no2', 'so2', 'nh3', 'cl2', 'voc', 'hcn', 'h2'] as const
const GAS_BYTES = 6

function gasOf(gas: string, unit: number, value: number): GasConcentration | undefined {
  switch (unit) {
    case 0:
      return { gas, ppm: value }
    case 1:
      return { gas, mgPerM3: value }
    case 2:
      return { gas, volumePct: value }
    case 3:
      return { gas, lelPct: value }
    default:
      return undefined
  }
}

/** 0A: n × { gas u8, unit u8, value u32 thousandths }. */
function gases(draft: FieldsDraft, bytes: Uint8Array, at: number, end: number): boolean {
  if ((end - at) % GAS_BYTES !== 0) return false
  const list: GasConcentration[] = [...(draft.gases ?? [])]
  for (let from = at; from < end; from += GAS_BYTES) {
    const code = bytes[from] ?? 0
    const raw = u32(bytes, from + 2)
    const gas = GASES[code] || `gas_${code}`
    const told = raw === NO_U32 ? undefined : gasOf(gas, bytes[from + 1] ?? 0, raw / 1000)
    if (told !== undefined) list.push(told)
    else if (raw !== NO_U32) draft.extra[`${gas}_unit_${bytes[from + 1]}`] = raw / 1000
  }
  if (list.length > 0) draft.gases = list
  return true
}

const OPEN_FIELDS: { readonly [type: number]: Take } = {
  [FIELD.ranges]: ranges,
  [FIELD.alarms]: readAlarms,
  [FIELD.samples]: samples,
  [FIELD.gases]: gases,
  [FIELD.firmware]: (draft, bytes, at, end) => {
    draft.extra['firmware'] = utf8Text(bytes.subarray(at, end))
    return true
  }
}

const FIXED_FIELDS: { readonly [type: number]: FixedField } = {
  [FIELD.position]: position,
  [FIELD.place]: place,
  [FIELD.battery]: battery,
  [FIELD.acceleration]: acceleration,
  [FIELD.climate]: climate,
  [FIELD.wearer]: wearer,
  [FIELD.time]: time,
  [FIELD.uptime]: uptime,
  [FIELD.answer]: answer,
  [FIELD.movement]: movement
}

function keep(draft: FieldsDraft, type: number, value: Uint8Array): void {
  const kept = (draft.extra['unknown_fields'] ?? []) as { type: number; hex: string }[]
  draft.extra['unknown_fields'] = [...kept, { type, hex: toHex(value) }]
}

function take(draft: FieldsDraft, type: number, bytes: Uint8Array, at: number, end: number): void {
  const fixed = FIXED_FIELDS[type]
  if (fixed === undefined) {
    if (OPEN_FIELDS[type]?.(draft, bytes, at, end) !== true) keep(draft, type, bytes.subarray(at, end))
    return
  }
  if (end - at < fixed.bytes) {
    keep(draft, type, bytes.subarray(at, end))
    return
  }
  fixed.take(draft, bytes, at)
  if (end - at > fixed.bytes) keep(draft, type, bytes.subarray(at + fixed.bytes, end))
}

/**
 * Calls `onField` with the bounds of the value of each field in `bytes[from..to)`: type u8, length u8 (255: u16 of at least 255
 * follows), value. False: they do not fill it exactly.
 */
export function eachField(bytes: Uint8Array, from: number, to: number, onField: (type: number, at: number, end: number) => void): boolean {
  let at = from
  while (at < to) {
    const type = bytes[at] ?? 0
    if (to - at < 2) return false
    let length = bytes[at + 1] ?? 0
    at += 2
    if (length === 255) {
      if (to - at < 2) return false
      length = u16(bytes, at)
      if (length < 255) return false
      at += 2
    }
    if (to - at < length) return false
    onField(type, at, at + length)
    at += length
  }
  return true
}

/** Fills the draft from the fields `bytes[from..to)`; false: they are malformed. */
export function readFields(draft: FieldsDraft, bytes: Uint8Array, from: number, to: number): boolean {
  return eachField(bytes, from, to, (type, at, end) => take(draft, type, bytes, at, end))
}
