import { type EarthPoint, fromEarth, toEarth, toRadians, type Wgs84Point } from './wgs84.ts'

/** Metres east, north and up of an origin, along straight axes: what PROJ calls `+proj=topocentric`. */
export interface EnuPoint {
  readonly eastM: number
  readonly northM: number
  readonly upM: number
}

export interface Topocentric {
  toEnu(point: Wgs84Point): EnuPoint
  fromEnu(point: EnuPoint): Wgs84Point
}

/**
 * The axes east, north and up (along the normal of the ellipsoid) at an origin. They are exact at any distance; a plane on which degrees
 * count as metres would be 7.8 m off at 10 km, for the earth falls away below the axes by so much. At a pole the origin's longitude says where east and north are.
 * EPSG method 9837 (geographic to topocentric), Guidance Note 7-2, section 4.1.2.
 */
export function topocentricAt(origin: Wgs84Point): Topocentric {
  const middle = toEarth(origin)
  const sinLat = Math.sin(toRadians(origin.lat))
  const cosLat = Math.cos(toRadians(origin.lat))
  const sinLon = Math.sin(toRadians(origin.lon))
  const cosLon = Math.cos(toRadians(origin.lon))
  return {
    toEnu(point) {
      const earth = toEarth(point)
      const x = earth.x - middle.x
      const y = earth.y - middle.y
      const z = earth.z - middle.z
      const outward = cosLon * x + sinLon * y
      return { eastM: cosLon * y - sinLon * x, northM: cosLat * z - sinLat * outward, upM: cosLat * outward + sinLat * z }
    },
    fromEnu({ eastM, northM, upM }) {
      const outward = cosLat * upM - sinLat * northM
      const earth: EarthPoint = {
        x: middle.x + cosLon * outward - sinLon * eastM,
        y: middle.y + sinLon * outward + cosLon * eastM,
        z: middle.z + cosLat * northM + sinLat * upM
      }
      return fromEarth(earth)
    }
  }
}
