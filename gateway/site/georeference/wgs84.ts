/** WGS84: degrees and heights on its ellipsoid, and the earth-centred axes. Formulas: EPSG Guidance Note 7-2, section 4.1.1. */

/** A place on the earth: degrees, and metres above the ellipsoid (not above the sea). */
export interface Wgs84Point {
  readonly lat: number
  readonly lon: number
  readonly alt: number
}

/** Earth-centred, earth-fixed: metres from the middle of the earth; X through 0° N 0° E, Y through 0° N 90° E, Z through the north pole. */
export interface EarthPoint {
  readonly x: number
  readonly y: number
  readonly z: number
}

const SEMI_MAJOR_M = 6_378_137
const FLATTENING = 1 / 298.257_223_563
const SEMI_MINOR_M = SEMI_MAJOR_M * (1 - FLATTENING)
/** Squares of the first and the second eccentricity. */
const E2 = FLATTENING * (2 - FLATTENING)
const SECOND_E2 = E2 / (1 - E2)

const RAD_PER_DEG = Math.PI / 180

export const toRadians = (degrees: number): number => degrees * RAD_PER_DEG
export const toDegrees = (radians: number): number => radians / RAD_PER_DEG

/** Radius of curvature in the prime vertical: from the surface along its normal to the earth's axis. */
const normalRadiusM = (sinLat: number): number => SEMI_MAJOR_M / Math.sqrt(1 - E2 * sinLat * sinLat)

export function toEarth({ lat, lon, alt }: Wgs84Point): EarthPoint {
  const sinLat = Math.sin(toRadians(lat))
  const cosLat = Math.cos(toRadians(lat))
  const radiusM = normalRadiusM(sinLat)
  const fromAxisM = (radiusM + alt) * cosLat
  return {
    x: fromAxisM * Math.cos(toRadians(lon)),
    y: fromAxisM * Math.sin(toRadians(lon)),
    z: (radiusM * (1 - E2) + alt) * sinLat
  }
}

/**
 * Bowring's method by the reduced latitude. The first step is off by micrometres at most within 100 km of the surface, the repetition takes
 * that away. Latitude by `atan2` and height by projection on the normal have no weak place, not at the poles nor on the equator. On the
 * axis itself, where every meridian meets, the longitude is 0.
 */
export function fromEarth({ x, y, z }: EarthPoint): Wgs84Point {
  const fromAxisM = Math.hypot(x, y)
  let reduced = Math.atan2(z * SEMI_MAJOR_M, fromAxisM * SEMI_MINOR_M)
  let lat = 0
  for (let step = 0; step < 2; step++) {
    const sin = Math.sin(reduced)
    const cos = Math.cos(reduced)
    lat = Math.atan2(z + SECOND_E2 * SEMI_MINOR_M * sin * sin * sin, fromAxisM - E2 * SEMI_MAJOR_M * cos * cos * cos)
    reduced = Math.atan2(SEMI_MINOR_M * Math.sin(lat), SEMI_MAJOR_M * Math.cos(lat))
  }
  const sinLat = Math.sin(lat)
  const alt = fromAxisM * Math.cos(lat) + z * sinLat - SEMI_MAJOR_M * Math.sqrt(1 - E2 * sinLat * sinLat)
  return { lat: toDegrees(lat), lon: toDegrees(Math.atan2(y, x)), alt }
}
