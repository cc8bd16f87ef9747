import proj4 from 'proj4'
import type { Wgs84Point } from './wgs84.ts'

/** A map projection with its datum: degrees on WGS84 to metres on the map, both ways. Undefined: outside of what it can express. */
export interface Projection {
  /** The height above the ellipsoid, m, bears on the shift between datums; it is not changed itself. */
  toWgs84(eastingM: number, northingM: number, heightM: number): { readonly lat: number; readonly lon: number } | undefined
  fromWgs84(point: Wgs84Point): { readonly eastingM: number; readonly northingM: number } | undefined
}

/** Undefined: the library does not take these parameters. `proj` has been read by `readCrs`: the library passes over much that it does not know. */
export function openProjection(proj: string): Projection | undefined {
  try {
    const { forward, inverse } = proj4('WGS84', proj)
    return {
      toWgs84(eastingM, northingM, heightM) {
        const [lon, lat] = inverse([eastingM, northingM, heightM])
        return isPlace(lon, lat) && Math.abs(lat) <= 90 ? { lat, lon } : undefined
      },
      fromWgs84({ lat, lon, alt }) {
        const [eastingM, northingM] = forward([lon, lat, alt])
        return isPlace(eastingM, northingM) ? { eastingM, northingM } : undefined
      }
    }
  } catch {
    return undefined
  }
}

const isPlace = (first: number | undefined, second: number | undefined): boolean => Number.isFinite(first) && Number.isFinite(second)
