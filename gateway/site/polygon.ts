/** Areas with holes in the plane of a frame, metres. */

export type Vertex = readonly [x: number, y: number]
/** Not closed: the last vertex is joined to the first. */
export type Ring = readonly Vertex[]
/** The outer ring counter-clockwise, then the holes clockwise, as GeoJSON has them. */
export type Polygon = readonly Ring[]

export const MAX_VERTICES = 1000

/** Positive for counter-clockwise rings, m². Taken about the first vertex, for the coordinates of national grids are large. */
export function signedAreaM2(ring: Ring): number {
  const [[x0, y0] = [0, 0]] = ring
  let twice = 0
  for (let index = 0; index < ring.length; index++) {
    const [ax, ay] = ring[index] ?? [0, 0]
    const [bx, by] = ring[(index + 1) % ring.length] ?? [0, 0]
    twice += (ax - x0) * (by - y0) - (bx - x0) * (ay - y0)
  }
  return twice / 2
}

/** The same area with open rings that turn the way they should. */
export function normalPolygon(rings: readonly Ring[]): Polygon {
  return rings.map((ring, index) => {
    const [first, last] = [ring[0], ring.at(-1)]
    const isClosed = ring.length > 1 && first !== undefined && last !== undefined && first[0] === last[0] && first[1] === last[1]
    const open = isClosed ? ring.slice(0, -1) : ring
    return signedAreaM2(open) > 0 === (index === 0) ? open : open.toReversed()
  })
}

/** Even-odd rule over all rings, so that holes are outside. On an edge either may come out. */
export function isWithin(polygon: Polygon, x: number, y: number): boolean {
  let within = false
  for (const ring of polygon) {
    let [px, py] = ring.at(-1) ?? [0, 0]
    for (const [qx, qy] of ring) {
      if (qy > y !== py > y && x < ((px - qx) * (y - qy)) / (py - qy) + qx) within = !within
      px = qx
      py = qy
    }
  }
  return within
}

/** What is wrong with an area; undefined: it is one. */
export function polygonFault(polygon: Polygon): string | undefined {
  const [outer, ...holes] = polygon
  if (outer === undefined) return 'has no ring of vertices'
  if (polygon.reduce((sum, ring) => sum + ring.length, 0) > MAX_VERTICES) return `has more than ${MAX_VERTICES} vertices`
  for (const [index, ring] of polygon.entries()) {
    const which = index === 0 ? 'the outer ring' : `hole ${index}`
    if (ring.length < 3) return `has fewer than three vertices (${which})`
    if (Math.abs(signedAreaM2(ring)) < 1e-6) return `has no area (${which})`
  }
  const edges = polygon.flatMap((ring, of) =>
    ring.map((from, index): Edge => ({ of, index, count: ring.length, from, to: ring[(index + 1) % ring.length] ?? from }))
  )
  const crossing = firstCrossing(edges)
  if (crossing !== undefined) return `has edges that cross or touch near ${crossing[0]} ${crossing[1]}`
  const astray = holes.findIndex((hole) => hole.some(([x, y]) => !isWithin([outer], x, y)))
  if (astray >= 0) return `has hole ${astray + 1} outside of the outer ring`
  const nested = holes.findIndex((hole, index) => holes.some((other, at) => at !== index && hole.some(([x, y]) => isWithin([other], x, y))))
  return nested >= 0 ? `has hole ${nested + 1} within another hole` : undefined
}

interface Edge {
  /** Ring and place in it. */
  readonly of: number
  readonly index: number
  readonly count: number
  readonly from: Vertex
  readonly to: Vertex
}

function firstCrossing(edges: readonly Edge[]): Vertex | undefined {
  for (const [at, one] of edges.entries())
    for (const other of edges.slice(at + 1)) if (!areNeighbours(one, other) && meet(one, other)) return other.from
  return undefined
}

/** Neighbours share a vertex; that they fold back on each other shows at the next but one, or as a ring without area. */
const areNeighbours = (a: Edge, b: Edge): boolean =>
  a.of === b.of && ((a.index + 1) % a.count === b.index || (b.index + 1) % b.count === a.index)

function meet(a: Edge, b: Edge): boolean {
  const d1 = side(a, b.from)
  const d2 = side(a, b.to)
  const d3 = side(b, a.from)
  const d4 = side(b, a.to)
  if (d1 * d2 < 0 && d3 * d4 < 0) return true
  return (
    (d1 === 0 && isBeside(a, b.from)) ||
    (d2 === 0 && isBeside(a, b.to)) ||
    (d3 === 0 && isBeside(b, a.from)) ||
    (d4 === 0 && isBeside(b, a.to))
  )
}

const side = ({ from, to }: Edge, [x, y]: Vertex): number =>
  Math.sign((to[0] - from[0]) * (y - from[1]) - (to[1] - from[1]) * (x - from[0]))

const isBeside = ({ from, to }: Edge, [x, y]: Vertex): boolean =>
  Math.min(from[0], to[0]) <= x && x <= Math.max(from[0], to[0]) && Math.min(from[1], to[1]) <= y && y <= Math.max(from[1], to[1])
