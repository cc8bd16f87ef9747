import { STANDARD_GRAVITY_MPS2 } from '../kit/gravity.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Json, LocalPosition } from '../reading.ts'
import type { CdpMeaning } from './cdp-items.ts'

const RADIANS = Math.PI / 180
const PA_PER_MBAR = 100
const FULL_SCALE_32 = 2_147_483_647
const FULL_SCALE_16 = 32_767
/** Quaternions are in fixed point of 30 bits (vendor's example code). */
const QUATERNION_ONE = 2 ** 30
const UNKNOWN_U8 = 255
const UNKNOWN_U16 = 65_535
export const FLAG_INACTIVE = 0x80
export const FLAG_NOT_CALCULATED = 0x40

const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0)

function take(extra: Extra, name: string): number {
  const value = numberOf(extra[name])
  delete extra[name]
  return value
}

/** raw x scale / full scale, by the width of the raw value */
function scaled(extra: Extra, factor: number): [number, number, number] {
  const unit = (take(extra, 'scale') * factor) / FULL_SCALE_32
  return [take(extra, 'x') * unit, take(extra, 'y') * unit, take(extra, 'z') * unit]
}

function applyPosition(draft: Draft, extra: Extra): void {
  const position = extra['position_m']
  if (typeof position === 'object' && position !== null) draft.position = position as unknown as LocalPosition
  delete extra['position_m']
  if (extra['quality_pct'] !== undefined) {
    const quality = numberOf(extra['quality_pct'])
    if (quality <= 100) draft.quality = quality
  }
  if (extra['flags'] === undefined) return
  const flags = take(extra, 'flags')
  extra['inactive'] = (flags & FLAG_INACTIVE) !== 0
  extra['not_calculated'] = (flags & FLAG_NOT_CALCULATED) !== 0
  if ((flags & FLAG_NOT_CALCULATED) !== 0) draft.usable = false
}

const COLORS = 'WYBG'

/** Three colours of two bits each, as the LED blinks them. */
const pattern = (value: Json): string => [4, 2, 0].map((shift) => COLORS[(numberOf(value) >> shift) & 3] ?? '').join('')

function applyHardware(draft: Draft, extra: Extra): void {
  const batteryPct = take(extra, 'battery_pct')
  if (batteryPct <= 100) draft.batteryPct = batteryPct
  draft.temperatureDegC = take(extra, 'temperature_degC')
  if (extra['minutes_remaining'] === UNKNOWN_U16) delete extra['minutes_remaining']
  if (extra['cpu_pct'] === UNKNOWN_U8) delete extra['cpu_pct']
  const patterns = extra['error_patterns']
  if (Array.isArray(patterns)) extra['error_patterns'] = patterns.map(pattern)
}

/** Puts what the vocabulary has a field for into it, and the rest into units. */
export function applyMeaning(meaning: CdpMeaning, draft: Draft, extra: Extra): void {
  switch (meaning) {
    case 'position':
      applyPosition(draft, extra)
      return
    case 'hardware':
      applyHardware(draft, extra)
      return
    case 'accel':
      draft.accelMps2 = scaled(extra, STANDARD_GRAVITY_MPS2)
      return
    case 'gyro':
      draft.gyroRadps = scaled(extra, RADIANS)
      return
    case 'magnetic': {
      const [x, y, z] = scaled(extra, 1)
      extra['magnetic_ut'] = { x, y, z }
      return
    }
    case 'pressure':
      draft.pressurePa = (take(extra, 'value') * take(extra, 'scale') * PA_PER_MBAR) / FULL_SCALE_32
      return
    case 'temperature':
      // To the hundredth: the scale of 16 bits is no finer.
      draft.temperatureDegC = Math.round((take(extra, 'value') * take(extra, 'scale') * 100) / FULL_SCALE_16) / 100
      return
    case 'quaternion':
      extra['quaternion'] = ['x', 'y', 'z', 'w'].map((axis) => take(extra, axis) / QUATERNION_ONE)
      return
    default:
  }
}
