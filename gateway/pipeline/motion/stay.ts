import type { Fix } from '../../events/business-events.ts'

/** Errors of fixes that follow one another sooner are alike: together they weigh as much as one. */
const INDEPENDENT_AFTER_MS = 1_000

const RAD_PER_DEG = Math.PI / 180
/** WGS84. */
const SEMI_MAJOR_M = 6_378_137
const ECCENTRICITY_SQUARED = 6.694_379_990_141_317e-3

/** Fixes around one spot. Plain values, for it is part of the state. */
export interface Stay {
  /** Local frame that x and y are in; undefined: metres east and north of `latitudeDeg`, `longitudeDeg`. */
  frame?: string
  latitudeDeg: number
  longitudeDeg: number
  /** The spot: mean of the fixes, each weighing by its accuracy and the time since the one before. */
  x: number
  y: number
  /** Sum of the weights, 1/m². */
  weight: number
  /** Mean time of the fixes, by the same weights; epoch milliseconds. */
  meanTime: number
  since: number
  lastTime: number
  floor?: string
}

/** How a fix lies to a stay. */
export interface Offset {
  /** False: on another floor, or in a frame that cannot be compared. */
  comparable: boolean
  dx: number
  dy: number
  /** Standard error of the distance between the fix and the spot, metres; 68 % as all accuracies. */
  errorM: number
}

/** One object for all calls: valid until the next one. */
const offset: Offset = { comparable: false, dx: 0, dy: 0, errorM: 0 }

/** The frame of a position that names none is its source's own. */
const frameOf = ({ position, source }: Fix): string => position?.frame ?? `source ${source ?? ''}`

/** Undefined: the fix says no place. A local frame goes first: it is what was measured. */
export function beginStay(fix: Fix, accuracyM: number): Stay | undefined {
  const { position, geo, time } = fix
  if (position === undefined && geo === undefined) return undefined
  const stay: Stay = {
    latitudeDeg: geo?.latitudeDeg ?? 0,
    longitudeDeg: geo?.longitudeDeg ?? 0,
    x: position?.x ?? 0,
    y: position?.y ?? 0,
    weight: 1 / accuracyM ** 2,
    meanTime: time,
    since: time,
    lastTime: time
  }
  if (position !== undefined) stay.frame = frameOf(fix)
  if (fix.floor !== undefined) stay.floor = fix.floor
  return stay
}

export function offsetOf(stay: Stay, fix: Fix, accuracyM: number): Offset {
  const { position, geo } = fix
  offset.comparable = fix.floor === undefined || stay.floor === undefined || fix.floor === stay.floor
  offset.errorM = Math.sqrt(accuracyM ** 2 + 1 / stay.weight)
  if (stay.frame !== undefined) {
    if (position === undefined || frameOf(fix) !== stay.frame) offset.comparable = false
    else {
      offset.dx = position.x - stay.x
      offset.dy = position.y - stay.y
    }
  } else if (geo === undefined) offset.comparable = false
  else {
    // Radii of curvature: within a kilometre as good as a plane can be.
    const sin = Math.sin(stay.latitudeDeg * RAD_PER_DEG)
    const cos = Math.cos(stay.latitudeDeg * RAD_PER_DEG)
    const flat = 1 - ECCENTRICITY_SQUARED * sin * sin
    const acrossM = SEMI_MAJOR_M / Math.sqrt(flat)
    const turned = geo.longitudeDeg - stay.longitudeDeg
    const east = turned > 180 ? turned - 360 : turned < -180 ? turned + 360 : turned
    offset.dx = east * RAD_PER_DEG * acrossM * cos - stay.x
    offset.dy = ((geo.latitudeDeg - stay.latitudeDeg) * RAD_PER_DEG * acrossM * (1 - ECCENTRICITY_SQUARED)) / flat - stay.y
  }
  return offset
}

/** Counts a fix, whose offset was just taken, into the stay. */
export function absorb(stay: Stay, fix: Fix, accuracyM: number, { dx, dy }: Offset): void {
  const share = Math.min(1, Math.max(0, fix.time - stay.lastTime) / INDEPENDENT_AFTER_MS)
  const weight = share / accuracyM ** 2
  stay.weight += weight
  const part = weight / stay.weight
  stay.x += dx * part
  stay.y += dy * part
  stay.meanTime += (fix.time - stay.meanTime) * part
  stay.lastTime = fix.time
  if (fix.floor !== undefined) stay.floor = fix.floor
}
