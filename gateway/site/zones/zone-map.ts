import type { Fix } from '../../events/business-events.ts'
import type { Georeference } from '../georeference/level-frame.ts'
import type { Wgs84Point } from '../georeference/wgs84.ts'
import type { Floor, Zone } from '../site-model.ts'
import { ZoneGrid } from './zone-grid.ts'
import { type Place, type ZoneShape, zoneShape } from './zone-shape.ts'

/** The zones of one frame, and how a fix comes into it. */
export interface ZoneFrame {
  readonly frame: string
  readonly grid: ZoneGrid
  /** Of a frame that is tied to the earth; `heightM`: the ellipsoidal height of its zero. */
  readonly tie: { readonly georeference: Georeference; readonly heightM: number } | undefined
}

export interface ZoneMap {
  readonly shapes: ReadonlyMap<string, ZoneShape>
  readonly frames: readonly ZoneFrame[]
  /** Of every frame that is tied, with or without zones. */
  readonly ties: ReadonlyMap<string, Georeference>
}

/**
 * Makes zones ready for fixes. Expects zones whose parents are a tree and that passed their checks (`checkSite`); a parent that is not there counts as none.
 *
 * @param ties frames that are tied to the earth
 */
export function zoneMap(zones: readonly Zone[], floors: readonly Floor[], ties: ReadonlyMap<string, Georeference>): ZoneMap {
  const byId = new Map(zones.map((zone) => [zone.id, zone]))
  const shapes = new Map(zones.map((zone) => [zone.id, zoneShape(zone, parentsOf(zone, byId), floors)]))
  const frames = [...new Set(zones.map(({ frame }) => frame))].map((frame): ZoneFrame => {
    const georeference = ties.get(frame)
    return {
      frame,
      grid: new ZoneGrid([...shapes.values()].filter(({ zone }) => zone.frame === frame)),
      tie: georeference === undefined ? undefined : { georeference, heightM: georeference.toWgs84({ x: 0, y: 0, z: 0 })?.alt ?? 0 }
    }
  })
  return { shapes, frames, ties }
}

function parentsOf(zone: Zone, byId: ReadonlyMap<string, Zone>): readonly string[] {
  const parents: string[] = []
  for (let at = parentOf(zone, byId); at !== undefined && at !== zone && !parents.includes(at.id); at = parentOf(at, byId))
    parents.push(at.id)
  return parents
}

const parentOf = ({ parent }: Zone, byId: ReadonlyMap<string, Zone>): Zone | undefined =>
  parent === undefined ? undefined : byId.get(parent)

/**
 * Puts a fix into the frame of zones; false: it cannot be expressed there. A position of the frame itself goes first, then WGS84, then a
 * position of another frame by way of the earth. Heights come from local positions only: those of satellites are too far off to tell floors.
 */
export function placeIn(map: ZoneMap, { frame, tie }: ZoneFrame, fix: Fix, place: Place): boolean {
  const { position } = fix
  place.z = Number.NaN
  place.floor = fix.floor
  if (position !== undefined && position.frame === frame) {
    place.x = position.x
    place.y = position.y
    place.z = position.z ?? Number.NaN
    return true
  }
  if (tie === undefined) return false
  const earth = onEarth(map, fix, tie.heightM)
  const point = earth === undefined ? undefined : tie.georeference.toFrame(earth)
  if (point === undefined) return false
  place.x = point.x
  place.y = point.y
  if (fix.geo === undefined && position?.z !== undefined) place.z = point.z
  return true
}

/** @param heightM taken for the height: what satellites say of it would move the place sideways, too */
function onEarth(map: ZoneMap, { geo, position }: Fix, heightM: number): Wgs84Point | undefined {
  if (geo !== undefined) return { lat: geo.latitudeDeg, lon: geo.longitudeDeg, alt: heightM }
  if (position?.frame === undefined) return undefined
  return map.ties.get(position.frame)?.toWgs84({ x: position.x, y: position.y, z: position.z ?? 0 })
}
