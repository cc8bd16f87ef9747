import { topocentricAt } from './topocentric.ts'
import { toRadians, type Wgs84Point } from './wgs84.ts'

/** A position in a local frame: metres; z up. Seen from above, x points to the right of y. */
export interface FramePoint {
  readonly x: number
  readonly y: number
  readonly z: number
}

/** Ties a local frame to WGS84, both ways. Pure, and cheap enough for every position (one to three microseconds). */
export interface Georeference {
  /** Undefined where the point lies outside of what a map projection can express. */
  toWgs84(point: FramePoint): Wgs84Point | undefined
  toFrame(point: Wgs84Point): FramePoint | undefined
}

/** How a level frame lies in the axes east, north, up of its origin. */
export interface Placement {
  /** Compass direction of the frame's y axis: degrees clockwise from true north at the origin. */
  readonly headingDeg: number
  /** Metres on the ground for one metre of the frame, in all three directions. */
  readonly scale: number
  /** Where the frame's zero lies. */
  readonly eastM: number
  readonly northM: number
  readonly upM: number
}

/** The frame's zero is the origin itself. */
export const atOrigin = (headingDeg: number): Placement => ({ headingDeg, scale: 1, eastM: 0, northM: 0, upM: 0 })

/** A frame whose z axis is the normal of the ellipsoid at `origin`. */
export function levelFrame(origin: Wgs84Point, { headingDeg, scale, eastM, northM, upM }: Placement): Georeference {
  const axes = topocentricAt(origin)
  const cos = Math.cos(toRadians(headingDeg))
  const sin = Math.sin(toRadians(headingDeg))
  return {
    toWgs84({ x, y, z }) {
      return axes.fromEnu({
        eastM: eastM + scale * (cos * x + sin * y),
        northM: northM + scale * (cos * y - sin * x),
        upM: upM + scale * z
      })
    },
    toFrame(point) {
      const enu = axes.toEnu(point)
      const east = (enu.eastM - eastM) / scale
      const north = (enu.northM - northM) / scale
      return { x: cos * east - sin * north, y: sin * east + cos * north, z: (enu.upM - upM) / scale }
    }
  }
}
