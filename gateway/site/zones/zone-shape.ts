import type { Polygon } from '../polygon.ts'
import type { Floor, Zone } from '../site-model.ts'

/** A zone made ready for many questions. */
export interface ZoneShape {
  readonly zone: Zone
  /** Zones around it, the innermost first; not drawn ones but parents. */
  readonly parents: readonly string[]
  /** Heights in its frame; none: at any height, or its floors have their heights in another frame. */
  readonly heights: readonly { readonly fromZ: number; readonly toZ: number }[]
  /** Edges as x0 y0 x1 y1, of all rings one after another. */
  readonly edges: readonly number[]
  readonly minX: number
  readonly minY: number
  readonly maxX: number
  readonly maxY: number
}

/** A place in a zone's frame. */
export interface Place {
  x: number
  y: number
  /** NaN: not known. */
  z: number
  /** Undefined: not known. */
  floor: string | undefined
}

export function zoneShape(zone: Zone, parents: readonly string[], floors: readonly Floor[]): ZoneShape {
  const edges = edgesOf(zone.polygon)
  let [minX, minY, maxX, maxY] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const [x, y] of zone.polygon.flat()) {
    minX = Math.min(minX, x)
    minY = Math.min(minY, y)
    maxX = Math.max(maxX, x)
    maxY = Math.max(maxY, y)
  }
  return { zone, parents, heights: heightsOf(zone, floors), edges, minX, minY, maxX, maxY }
}

function heightsOf(zone: Zone, floors: readonly Floor[]): ZoneShape['heights'] {
  const { floors: ids, fromZ = Number.NEGATIVE_INFINITY, toZ = Number.POSITIVE_INFINITY } = zone
  return ids === undefined ? [{ fromZ, toZ }] : floors.filter((floor) => ids.includes(floor.id) && floor.frame === zone.frame)
}

const edgesOf = (polygon: Polygon): readonly number[] =>
  polygon.flatMap((ring) => ring.flatMap(([x, y], at) => [x, y, ...(ring[(at + 1) % ring.length] ?? [x, y])]))

/** Whether the place is over the zone, whatever its height. By the even-odd rule, so that holes are outside; an edge counts for one of its sides. */
export function isOver({ edges, minX, minY, maxX, maxY }: ZoneShape, x: number, y: number): boolean {
  if (x < minX || x > maxX || y < minY || y > maxY) return false
  let within = false
  for (let at = 0; at < edges.length; at += 4) {
    const y0 = edges[at + 1] ?? 0
    const y1 = edges[at + 3] ?? 0
    if (y0 > y === y1 > y) continue
    const x0 = edges[at] ?? 0
    if (x < (((edges[at + 2] ?? 0) - x0) * (y - y0)) / (y1 - y0) + x0) within = !within
  }
  return within
}

/** Metres to the nearest edge, on either side of it; edges of holes count. */
export function edgeDistanceM({ edges }: ZoneShape, x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < edges.length; at += 4) {
    const x0 = edges[at] ?? 0
    const y0 = edges[at + 1] ?? 0
    const ex = (edges[at + 2] ?? 0) - x0
    const ey = (edges[at + 3] ?? 0) - y0
    const along = ((x - x0) * ex + (y - y0) * ey) / (ex * ex + ey * ey)
    const part = along <= 0 ? 0 : along >= 1 ? 1 : along
    const dx = x - x0 - part * ex
    const dy = y - y0 - part * ey
    const squared = dx * dx + dy * dy
    if (squared < least) least = squared
  }
  return Math.sqrt(least)
}

/** Whether a place is on one of the zone's floors or between its heights. The floor that a fix names goes first; what is not known does not speak against it. */
export function isAtHeight({ zone, heights }: ZoneShape, { z, floor }: Place): boolean {
  if (zone.floors !== undefined && floor !== undefined) return zone.floors.includes(floor)
  if (Number.isNaN(z) || heights.length === 0) return true
  for (const { fromZ, toZ } of heights) if (z >= fromZ && z < toZ) return true
  return false
}
