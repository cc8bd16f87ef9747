import { readCrs } from './crs-definition.ts'
import type { FramePoint, Georeference } from './level-frame.ts'
import { openProjection, type Projection } from './projection.ts'
import type { Refusal } from './refusal.ts'
import { topocentricAt } from './topocentric.ts'

export interface ProjectedFrame {
  readonly ok: true
  readonly georeference: Georeference
  readonly warnings: readonly string[]
}

const NO_OFFSET: FramePoint = { x: 0, y: 0, z: 0 }
/** Within the zone that a projection is made for, its scale is nearer to 1 than this. */
const USUAL_SCALE_ERROR = 0.005

/**
 * A frame whose axes are easting and northing of a map projection, moved by `offset`: its zero lies at `offset` of the projected system. Heights
 * pass through: alt = z + offset.z, metres above the ellipsoid.
 */
export function projectedFrame(crs: string, offset: FramePoint = NO_OFFSET): ProjectedFrame | Refusal {
  const definition = readCrs(crs)
  if (!definition.ok) return definition
  const projection = openProjection(definition.proj)
  if (projection === undefined)
    return {
      ok: false,
      what: 'the parameters of this projection do not go together',
      remedy: 'compare it with what `projinfo -o PROJ` gives'
    }
  const georeference = moved(projection, offset)
  const isPlaced = offset.x !== 0 || offset.y !== 0
  const scale = isPlaced ? scaleAtZero(georeference) : 1
  if (scale === undefined)
    return {
      ok: false,
      what: `the frame's zero, at easting ${offset.x} and northing ${offset.y}, lies outside of what this projection can express`,
      remedy: 'check offset: x is the easting and y the northing, in metres, and both may carry the number of a zone in front'
    }
  return { ok: true, georeference, warnings: scaleWarnings(scale) }
}

function moved(projection: Projection, offset: FramePoint): Georeference {
  return {
    toWgs84({ x, y, z }) {
      const place = projection.toWgs84(x + offset.x, y + offset.y, z + offset.z)
      return place === undefined ? undefined : { ...place, alt: z + offset.z }
    },
    toFrame(point) {
      const place = projection.fromWgs84(point)
      return place === undefined ? undefined : { x: place.eastingM - offset.x, y: place.northingM - offset.y, z: point.alt - offset.z }
    }
  }
}

/** Metres on the ground for one metre of the frame at its zero; undefined where there is no way there and back. */
function scaleAtZero({ toWgs84, toFrame }: Georeference): number | undefined {
  const zero = toWgs84({ x: 0, y: 0, z: 0 })
  const east = toWgs84({ x: 1, y: 0, z: 0 })
  const back = zero === undefined ? undefined : toFrame(zero)
  if (zero === undefined || east === undefined || back === undefined || Math.hypot(back.x, back.y) > 0.001) return undefined
  const { eastM, northM } = topocentricAt(zero).toEnu(east)
  return Math.hypot(eastM, northM)
}

function scaleWarnings(scale: number): readonly string[] {
  if (Math.abs(scale - 1) < USUAL_SCALE_ERROR) return []
  return [
    `one metre of the frame is ${scale.toPrecision(4)} m on the ground there: this projection does not keep lengths (web maps do not), or offset lies far outside of its zone`
  ]
}
