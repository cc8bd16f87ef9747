import type { PlanView, Point, TagView } from '../state/snapshot.ts'

/**
 * What can be drawn together: positions in one frame of coordinates. A plan holds those of its sources; any other local frame
 * is drawn by itself, and fixes on the Earth in one tangent plane, so that positions of two systems never share a picture.
 */
export interface PlanFrame {
  /** `plan`, `local:<frame or source>` or `earth`. */
  readonly id: string
  readonly kind: 'plan' | 'local' | 'earth'
  /** The frame's or source's name; null for plan and Earth. */
  readonly name: string | null
  readonly tags: readonly PlacedTag[]
  readonly bounds: Bounds
}

export interface PlacedTag {
  readonly tag: TagView
  /** Metres in the frame; for the Earth east and north of a point near by. */
  readonly at: Point
}

export interface Bounds {
  readonly minX: number
  readonly minY: number
  readonly maxX: number
  readonly maxY: number
}

const METRES_PER_DEGREE = 111_320
/** Bounds without a plan snap to this, so that the picture does not breathe with every step. */
const SNAP_M = 10
/** So that one tag, or a plan of no extent, still makes a picture. */
const SMALLEST_EXTENT_M = 10

/** Frames with something to draw, the plan first, then the one with most tags. */
export function planFrames(plan: PlanView | null, tags: readonly TagView[]): readonly PlanFrame[] {
  const placed = new Map<string, PlacedTag[]>()
  const earthTags: TagView[] = []
  const add = (id: string, tag: TagView, at: Point): void => {
    const list = placed.get(id)
    if (list === undefined) placed.set(id, [{ tag, at }])
    else list.push({ tag, at })
  }
  for (const tag of tags) {
    if (tag.position !== undefined) add(localFrameId(plan, tag), tag, tag.position)
    else if (tag.geo !== undefined) earthTags.push(tag)
  }
  for (const { tag, at } of onTangentPlane(earthTags)) add('earth', tag, at)

  const frames = [...placed].filter(([id]) => id !== 'plan').map(([id, list]) => frameOf(id, list))
  frames.sort((a, b) => b.tags.length - a.tags.length || a.id.localeCompare(b.id))
  if (plan === null) return frames
  const outline = [plan.outline, ...plan.rooms.map((room) => room.outline), plan.anchors].flat()
  const planFrame: PlanFrame = { id: 'plan', kind: 'plan', name: null, tags: placed.get('plan') ?? [], bounds: boundsOf(outline) }
  return [planFrame, ...frames]
}

/** Tags that are heard but whose place is not known. */
export function unplacedTags(tags: readonly TagView[]): readonly TagView[] {
  return tags.filter((tag) => tag.position === undefined && tag.geo === undefined)
}

function localFrameId(plan: PlanView | null, tag: TagView): string {
  const frame = tag.position?.frame
  if (plan !== null && frame === undefined && tag.source !== null && plan.sources.includes(tag.source)) return 'plan'
  return `local:${frame ?? tag.source ?? ''}`
}

function frameOf(id: string, tags: readonly PlacedTag[]): PlanFrame {
  const exact = boundsOf(tags.map(({ at }) => at))
  const bounds = {
    minX: Math.floor(exact.minX / SNAP_M) * SNAP_M,
    minY: Math.floor(exact.minY / SNAP_M) * SNAP_M,
    maxX: Math.ceil(exact.maxX / SNAP_M) * SNAP_M,
    maxY: Math.ceil(exact.maxY / SNAP_M) * SNAP_M
  }
  if (id === 'earth') return { id, kind: 'earth', name: null, tags, bounds }
  return { id, kind: 'local', name: id.slice('local:'.length), tags, bounds }
}

function onTangentPlane(tags: readonly TagView[]): readonly PlacedTag[] {
  const geos = tags.flatMap((tag) => (tag.geo === undefined ? [] : [{ tag, geo: tag.geo }]))
  if (geos.length === 0) return []
  // Rounded, so that the origin stays while tags walk about.
  const originLat = Math.round((geos.reduce((sum, { geo }) => sum + geo.latitudeDeg, 0) / geos.length) * 100) / 100
  const originLon = Math.round((geos[0]?.geo.longitudeDeg ?? 0) * 100) / 100
  const cosine = Math.cos((originLat * Math.PI) / 180)
  return geos.map(({ tag, geo }) => {
    const eastDeg = ((geo.longitudeDeg - originLon + 540) % 360) - 180
    return { tag, at: { x: eastDeg * METRES_PER_DEGREE * cosine, y: (geo.latitudeDeg - originLat) * METRES_PER_DEGREE } }
  })
}

function boundsOf(points: readonly Point[]): Bounds {
  let minX = Number.POSITIVE_INFINITY
  let minY = Number.POSITIVE_INFINITY
  let maxX = Number.NEGATIVE_INFINITY
  let maxY = Number.NEGATIVE_INFINITY
  for (const { x, y } of points) {
    minX = Math.min(minX, x)
    minY = Math.min(minY, y)
    maxX = Math.max(maxX, x)
    maxY = Math.max(maxY, y)
  }
  if (points.length === 0) return { minX: 0, minY: 0, maxX: SMALLEST_EXTENT_M, maxY: SMALLEST_EXTENT_M }
  const growX = Math.max(0, SMALLEST_EXTENT_M - (maxX - minX)) / 2
  const growY = Math.max(0, SMALLEST_EXTENT_M - (maxY - minY)) / 2
  return { minX: minX - growX, minY: minY - growY, maxX: maxX + growX, maxY: maxY + growY }
}

/** Metres (y upwards) to pixels (y downwards): as large as fits, in the middle, the same scale both ways. */
export interface Projection {
  readonly pxPerM: number
  toPx(at: Point): Point
  /** As `toPx`, but never outside the picture: a tag beyond the edge is shown at the edge. */
  toPxInside(at: Point): { readonly px: Point; readonly outside: boolean }
}

export function project(bounds: Bounds, widthPx: number, heightPx: number, marginPx: number): Projection {
  const innerWidth = Math.max(1, widthPx - 2 * marginPx)
  const innerHeight = Math.max(1, heightPx - 2 * marginPx)
  const pxPerM = Math.min(innerWidth / (bounds.maxX - bounds.minX), innerHeight / (bounds.maxY - bounds.minY))
  const left = (widthPx - (bounds.maxX - bounds.minX) * pxPerM) / 2
  const top = (heightPx - (bounds.maxY - bounds.minY) * pxPerM) / 2
  const toPx = (at: Point): Point => ({ x: left + (at.x - bounds.minX) * pxPerM, y: top + (bounds.maxY - at.y) * pxPerM })
  const edge = marginPx / 2
  return {
    pxPerM,
    toPx,
    toPxInside(at) {
      const px = toPx(at)
      const inside = { x: Math.min(widthPx - edge, Math.max(edge, px.x)), y: Math.min(heightPx - edge, Math.max(edge, px.y)) }
      return { px: inside, outside: inside.x !== px.x || inside.y !== px.y }
    }
  }
}

/** A round length (1, 2 or 5 times a power of ten metres) that is at most `maxPx` long. */
export function scaleBarM(pxPerM: number, maxPx: number): number {
  const most = maxPx / pxPerM
  const power = 10 ** Math.floor(Math.log10(most))
  const step = [5, 2].find((candidate) => candidate * power <= most) ?? 1
  return step * power
}
