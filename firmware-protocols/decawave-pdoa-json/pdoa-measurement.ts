import type { DecodeResult } from '../codec.ts'
import type { Extra } from '../kit/json.ts'
import { type Draft, failure } from '../kit/results.ts'

/** Metres per second squared in a thousandth of g. */
const MILLI_G = 0.00980665
/** The sensor's range is 2 g; what is beyond twice that is a raw count of firmware that does not convert. */
const MAX_MILLI_G = 4096
/** A kit has some dozen tags. */
const MAX_REMEMBERED = 4096
const MAX_CM = 1_000_000
const STATIONARY_BIT = 1

/** A 16-bit value that may have been printed without its sign. */
const signed16 = (value: number): number => (value > 32_767 && value <= 65_535 ? value - 65_536 : value)

/**
 * Acceleration, in mg. Old firmware prints raw counts, which have no known scale: they stay as they are, with their sign,
 * under `extra.accel_raw`. A device that was seen to print counts is not believed again, since few of them look like mg.
 */
export class AccelerationReader {
  readonly #countsOf = new Set<string>()

  put(id: string, values: readonly number[], draft: Draft, extra: Extra): void {
    const [x = 0, y = 0, z = 0] = values.map(signed16)
    const areCounts = Math.abs(x) > MAX_MILLI_G || Math.abs(y) > MAX_MILLI_G || Math.abs(z) > MAX_MILLI_G
    if (areCounts && this.#countsOf.size < MAX_REMEMBERED) this.#countsOf.add(id)
    if (areCounts || this.#countsOf.has(id)) extra['accel_raw'] = { x, y, z }
    else draft.accelMps2 = [x * MILLI_G, y * MILLI_G, z * MILLI_G]
  }
}

/** The place in the node's own frame: x to its side, y in front of it. */
export function putPlace(xCm: number, yCm: number, draft: Draft): DecodeResult | undefined {
  if (Math.abs(xCm) > MAX_CM || Math.abs(yCm) > MAX_CM) return failure('VALUE_RANGE', 'a place more than 10 km away')
  draft.position = { x: xCm / 100, y: yCm / 100 }
  return undefined
}

/** Bit 0 says that the device lies still. */
export function putServiceBits(bits: number, draft: Draft, extra: Extra): void {
  extra['service_bits'] = bits
  draft.moving = (bits & STATIONARY_BIT) === 0
}

export function putDistance(distanceCm: number, draft: Draft, extra: Extra): DecodeResult | undefined {
  if (Math.abs(distanceCm) > MAX_CM) return failure('VALUE_RANGE', 'a distance of more than 10 km')
  extra['distance_m'] = distanceCm / 100
  // A node measures for itself alone. Below 0 it is not calibrated.
  if (distanceCm >= 0) draft.ranges = [{ anchor: 'node', rangeM: distanceCm / 100 }]
  return undefined
}
