import { DAY_MS, daysFromCivil, formatUtc, isCivilDate, timeOfDayMs } from '../kit/civil-time.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type CharacteristicResult, content, tooShort } from './characteristic-reader.ts'
import { sfloat } from './sfloat.ts'

/** Bits of the Measurement Status; below 5 reserved (Pulse Oximeter Service 1.0.1, 3.1.1.5). */
const MEASUREMENT_STATUS = [
  [5, 'measurement_ongoing'],
  [6, 'early_estimate'],
  [7, 'validated'],
  [8, 'fully_qualified'],
  [9, 'from_storage'],
  [10, 'demonstration'],
  [11, 'testing'],
  [12, 'calibration_ongoing'],
  [13, 'unavailable'],
  [14, 'questionable'],
  [15, 'invalid']
] as const
/** Bits of the Device and Sensor Status; above 15 reserved (3.1.1.6). */
const DEVICE_STATUS = [
  [0, 'extended_display_update'],
  [1, 'equipment_malfunction'],
  [2, 'signal_processing_irregularity'],
  [3, 'inadequate_signal'],
  [4, 'poor_signal'],
  [5, 'low_perfusion'],
  [6, 'erratic_signal'],
  [7, 'nonpulsatile_signal'],
  [8, 'questionable_pulse'],
  [9, 'signal_analysis_ongoing'],
  [10, 'sensor_interference'],
  [11, 'sensor_unconnected'],
  [12, 'unknown_sensor'],
  [13, 'sensor_displaced'],
  [14, 'sensor_malfunction'],
  [15, 'sensor_disconnected']
] as const

const FROM_STORAGE = 1 << 9
/** With any of these the numbers are not of the wearer's blood now: demonstration, testing, calibration, unavailable, invalid. */
const NO_MEASUREMENT = 0x0400 | 0x0800 | 0x1000 | 0x2000 | 0x8000
/** Malfunctions, no usable signal, no sensor on the body. */
const NO_SENSOR = 0x0002 | 0x0008 | 0x0080 | 0x0800 | 0x2000 | 0x4000 | 0x8000

const MAX_BPM = 350

interface Field {
  readonly at: number
  readonly end: number
}

/** Walks the optional fields that follow the flags, in order. */
class Fields {
  private at: number
  private readonly length: number
  constructor(start: number, length: number) {
    this.at = start
    this.length = length
  }

  /** Undefined: not announced. */
  take(isThere: boolean, bytes: number): Field | undefined {
    if (!isThere) return undefined
    const at = this.at
    this.at += bytes
    return { at, end: this.at }
  }

  get missing(): number {
    return Math.max(0, this.at - this.length)
  }
}

/**
 * PLX Continuous Measurement, 2A5F (3.2), little-endian:
 *
 *   0    u8       flags: b0 fast pair, b1 slow pair, b2 measurement status, b3 device status, b4 pulse amplitude index
 *   1    2 SFLOAT SpO2, %; pulse rate, beats a minute
 *   ..   2 SFLOAT the same, fast response      b0
 *   ..   2 SFLOAT the same, slow response      b1
 *   ..   u16      measurement status           b2
 *   ..   u24      device and sensor status     b3
 *   ..   SFLOAT   pulse amplitude index, %     b4
 */
export function readPlxContinuous(value: DataView): CharacteristicResult {
  if (value.byteLength < 5) return tooShort(value, 5)
  const flags = value.getUint8(0)
  const fields = new Fields(5, value.byteLength)
  const fast = fields.take((flags & 0x01) !== 0, 4)
  const slow = fields.take((flags & 0x02) !== 0, 4)
  const status = fields.take((flags & 0x04) !== 0, 2)
  const sensor = fields.take((flags & 0x08) !== 0, 3)
  const amplitude = fields.take((flags & 0x10) !== 0, 2)
  if (fields.missing > 0) return tooShort(value, value.byteLength + fields.missing)
  const extra: Extra = {}
  if (fast) keepPair(value, fast, extra, 'fast_')
  if (slow) keepPair(value, slow, extra, 'slow_')
  keepAmplitude(value, amplitude, extra)
  return content(measured(value, status, sensor, extra))
}

/**
 * PLX Spot-Check Measurement, 2A5E (3.1), little-endian:
 *
 *   0    u8       flags: b0 time stamp, b1 measurement status, b2 device status, b3 pulse amplitude index, b4 clock not set
 *   1    2 SFLOAT SpO2, %; pulse rate, beats a minute
 *   ..   7        year u16, month, day, hour, minute, second, on the device's own clock     b0
 *   ..   u16      measurement status           b1
 *   ..   u24      device and sensor status     b2
 *   ..   SFLOAT   pulse amplitude index, %     b3
 */
export function readPlxSpotCheck(value: DataView): CharacteristicResult {
  if (value.byteLength < 5) return tooShort(value, 5)
  const flags = value.getUint8(0)
  const fields = new Fields(5, value.byteLength)
  const stamp = fields.take((flags & 0x01) !== 0, 7)
  const status = fields.take((flags & 0x02) !== 0, 2)
  const sensor = fields.take((flags & 0x04) !== 0, 3)
  const amplitude = fields.take((flags & 0x08) !== 0, 2)
  if (fields.missing > 0) return tooShort(value, value.byteLength + fields.missing)
  const extra: Extra = {}
  keepAmplitude(value, amplitude, extra)
  const clockSet = (flags & 0x10) === 0
  if (stamp) extra['clock_set'] = clockSet
  const draft = measured(value, status, sensor, extra)
  const time = stamp && clockSet ? stampMs(value, stamp.at) : undefined
  if (time !== undefined) {
    draft.deviceTime = time
    extra['timestamp_utc'] = formatUtc(time)
  }
  return content(draft)
}

/** Numbers that the device itself does not stand by stay in `extra`, where no alarm is made of them. */
function measured(value: DataView, status: Field | undefined, sensor: Field | undefined, extra: Extra): Draft {
  const draft: Draft = {}
  const measurement = status === undefined ? 0 : value.getUint16(status.at, true)
  const device = sensor === undefined ? 0 : value.getUint16(sensor.at, true) | (value.getUint8(sensor.at + 2) << 16)
  if (status) extra['measurement_status'] = measurement
  if (sensor) extra['device_status'] = device
  if (status || sensor) extra['conditions'] = conditionsOf(measurement, device)
  if ((measurement & FROM_STORAGE) !== 0) draft.stale = true
  const spo2 = percent(sfloat(value.getUint16(1, true)))
  const pulse = bpm(sfloat(value.getUint16(3, true)))
  if (pulse !== undefined) extra['pulse_rate_bpm'] = pulse
  const isMeasured = (measurement & NO_MEASUREMENT) === 0 && (device & NO_SENSOR) === 0
  if (isMeasured && spo2 !== undefined) draft.spo2Pct = spo2
  else if (spo2 !== undefined) extra['spo2_pct'] = spo2
  if (isMeasured && pulse !== undefined) draft.heartRateBpm = pulse
  if (Object.keys(extra).length > 0) draft.extra = extra
  return draft
}

function keepPair(value: DataView, { at }: Field, extra: Extra, speed: 'fast_' | 'slow_'): void {
  const spo2 = percent(sfloat(value.getUint16(at, true)))
  const pulse = bpm(sfloat(value.getUint16(at + 2, true)))
  if (spo2 !== undefined) extra[`spo2_${speed}pct`] = spo2
  if (pulse !== undefined) extra[`pulse_rate_${speed}bpm`] = pulse
}

function keepAmplitude(value: DataView, field: Field | undefined, extra: Extra): void {
  const index = field === undefined ? undefined : sfloat(value.getUint16(field.at, true))
  if (index !== undefined) extra['pulse_amplitude_index_pct'] = index
}

/** Zero is what a device shows that finds no pulse: not a measurement of a living body. */
const percent = (value: number | undefined): number | undefined => (value !== undefined && value > 0 && value <= 100 ? value : undefined)
const bpm = (value: number | undefined): number | undefined => (value !== undefined && value > 0 && value <= MAX_BPM ? value : undefined)

function conditionsOf(measurement: number, device: number): string[] {
  const names: string[] = []
  for (const [bit, name] of MEASUREMENT_STATUS) if ((measurement & (1 << bit)) !== 0) names.push(name)
  for (const [bit, name] of DEVICE_STATUS) if ((device & (1 << bit)) !== 0) names.push(name)
  return names
}

/** The profile has no time zone; devices of a site are set to UTC or are off by hours, so nothing may hang on it. */
function stampMs(value: DataView, at: number): number | undefined {
  const year = value.getUint16(at, true)
  const month = value.getUint8(at + 2)
  const day = value.getUint8(at + 3)
  const ofDay = timeOfDayMs(value.getUint8(at + 4), value.getUint8(at + 5), value.getUint8(at + 6))
  // Year, month or day 0 is "unknown"; years before 1970 are no time of a measurement.
  if (ofDay === undefined || year < 1970 || year > 9999 || !isCivilDate(year, month, day)) return undefined
  return daysFromCivil(year, month, day) * DAY_MS + ofDay
}
