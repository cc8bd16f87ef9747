/**
 * The vocabulary in which every codec speaks: what one frame says about one device, in SI units, before anybody has
 * thought about it. A field that the protocol marks "not available" is absent, never 0 and never null.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Metres in the positioning system's own frame; axes as the system defines them. */
export interface LocalPosition {
  readonly x: number
  readonly y: number
  readonly z?: number
}

/** WGS84. Altitude is height above mean sea level; the ellipsoid height is `altitudeM + geoidSeparationM`. */
export interface GeoPosition {
  readonly latitudeDeg: number
  readonly longitudeDeg: number
  readonly altitudeM?: number
  readonly geoidSeparationM?: number
}

export interface Range {
  /** Id of the anchor or receiver, normalised as tag ids are. */
  readonly anchor: string
  readonly rangeM: number
  /** The vendor's figure, 0..100. */
  readonly quality?: number
  readonly anchorPosition?: LocalPosition
  readonly anchorPositionQuality?: number
  readonly rssiDbm?: number
}

/** A gas as its detector tells it: one of the quantities, in the unit the detector measures. */
export interface GasConcentration {
  /** Lower-case formula or name: `co`, `h2s`, `o2`, `ch4`, `co2`, `ex` (combustible, as a whole). */
  readonly gas: string
  readonly ppm?: number
  readonly mgPerM3?: number
  /** Percent of the volume (oxygen). */
  readonly volumePct?: number
  /** Percent of the lower explosive limit. */
  readonly lelPct?: number
}

/** Samples of acceleration at a steady rate, for the judgement of falls. */
export interface AccelWindow {
  /** Milliseconds from the first sample to the frame's own time (`deviceTime`, or arrival). */
  readonly ageMs: number
  readonly rateHz: number
  /** x, y, z of each sample, m/s². */
  readonly samplesMps2: readonly (readonly [number, number, number])[]
}

/** A device's answer to a command that was sent to it. */
export interface CommandAnswer {
  /** What the command carried. */
  readonly id: string
  readonly accepted: boolean
  readonly why?: string
}

/** What a tag can raise. `motion` is a hint (a movement counter), never an alert by itself. `fault`: it says that it is blind or broken. */
export type SignalKind =
  | 'sos'
  | 'fall'
  | 'impact'
  | 'motionless'
  | 'helmet-off'
  | 'gas'
  | 'tamper'
  | 'low-battery'
  | 'motion'
  | 'button'
  | 'fault'

/**
 * How a tag announces something. Radio loses most frames, so tags repeat levels, counters and ages; one keyed step of the
 * gateway turns them into edges. `slot` tells apart several sources of one kind on one tag (button 1, button 2).
 */
export type Signal = {
  readonly kind: SignalKind
  readonly slot?: string
} & (
  | { readonly form: 'level'; readonly on: boolean }
  /**
   * Wraps at `modulus` (2^bits); the same counter may also be told with fewer of its bits. `active`: the frame also says "triggered now".
   * `boot`: low 16 bits of a number that rises with each start of the tag, and within which the counter never goes back.
   */
  | { readonly form: 'counter'; readonly count: number; readonly modulus: number; readonly active?: boolean; readonly boot?: number }
  /** Seconds since it happened, as the tag says; `saturatesAtS` reads as "never, or too long ago". */
  | { readonly form: 'age'; readonly ageS: number; readonly saturatesAtS?: number }
  /** A frame that is itself the event; `id` tells repeats of it apart where the protocol has one. */
  | { readonly form: 'event'; readonly id?: string }
)

export interface Reading {
  /** Normalised short id of the tag (lower-case hex without separators where it is hex); absent where the link implies it. */
  readonly tag?: string
  /** Normalised short id of an infrastructure device (anchor, receiver, gateway), when the frame is about one. */
  readonly device?: string
  readonly position?: LocalPosition
  readonly geo?: GeoPosition
  /** `false`: the protocol marks this fix as unusable. Such a reading never becomes a movement. */
  readonly usable?: boolean
  /** The vendor's figure, 0..100. */
  readonly quality?: number
  readonly accuracyM?: number
  readonly speedMps?: number
  readonly courseDeg?: number
  /** Where the device points (not where it goes), degrees from the frame's or true north, clockwise. */
  readonly headingDeg?: number
  readonly velocityMps?: LocalPosition
  /** Storey, as the positioning system numbers it; may be fractional. */
  readonly floor?: number
  readonly ranges?: readonly Range[]
  /** The device's own time stamp, epoch milliseconds. It drives no timer. */
  readonly deviceTime?: number
  /** The frame repeats old data (an MQTT retained message, a polled record of a silent tag). */
  readonly stale?: boolean
  readonly batteryPct?: number
  readonly batteryV?: number
  readonly temperatureDegC?: number
  readonly humidityPct?: number
  readonly pressurePa?: number
  /** [x, y, z]; a component that the sensor does not give is null. */
  readonly accelMps2?: readonly [number | null, number | null, number | null]
  /** [x, y, z]. */
  readonly gyroRadps?: readonly [number | null, number | null, number | null]
  readonly accelWindow?: AccelWindow
  readonly movementCount?: number
  /** The device says that it moves, or that it lies still. */
  readonly moving?: boolean
  readonly charging?: boolean
  readonly heartRateBpm?: number
  readonly spo2Pct?: number
  readonly helmetWorn?: boolean
  readonly illuminanceLux?: number
  readonly co2Ppm?: number
  readonly gases?: readonly GasConcentration[]
  /** The frame's own sequence number, as sent (wraps). */
  readonly sequence?: number
  readonly txPowerDbm?: number
  /** Who heard the tag, where the frame tells it (a BLE or LoRaWAN gateway's message); short id as of a device. */
  readonly receiver?: string
  /** Strength at that receiver, or at the one the link implies. */
  readonly rssiDbm?: number
  /** Namespace of the ids in this reading, where it differs from the codec's (a BLE address in a vendor's message). */
  readonly idNamespace?: string
  readonly commandAnswers?: readonly CommandAnswer[]
  readonly signals?: readonly Signal[]
  /** For an infrastructure device: is it there. */
  readonly online?: boolean
  /** For a machine: is it on. */
  readonly running?: boolean
  /** Whatever else the frame says; snake_case keys with unit suffixes (`_m`, `_s`, `_deg`, `_utc` as ISO 8601 …). */
  readonly extra?: { readonly [key: string]: Json }
}
