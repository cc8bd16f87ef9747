/** The tie of a frame by points whose place is known in it and on the earth. */
import { judge, type MeasuredPair, refusalOf, rootMeanSquare, warningsOf } from './control-point-checks.ts'
import { type FramePoint, type Georeference, levelFrame, type Placement } from './level-frame.ts'
import { type Refusal, refuse } from './refusal.ts'
import { missOf } from './similarity.ts'
import { topocentricAt } from './topocentric.ts'
import { fromEarth, toDegrees, toEarth, type Wgs84Point } from './wgs84.ts'

export interface ControlPoint extends FramePoint, Wgs84Point {
  /** What people call it. */
  readonly name?: string | undefined
}

/** Measured minus fitted, m. */
export interface Residual {
  readonly label: string
  readonly eastM: number
  readonly northM: number
  readonly upM: number
  readonly horizontalM: number
}

export interface FrameFit {
  readonly ok: true
  /** Origin of the axes in which `placement` counts: the middle of the points. */
  readonly centroid: Wgs84Point
  readonly placement: Placement
  readonly georeference: Georeference
  /** In the order of the points. */
  readonly residuals: readonly Residual[]
  /** Root mean squares of the residuals. */
  readonly horizontalRmsM: number
  readonly heightRmsM: number
  /** Label of the point that does not go with the others. */
  readonly outlier: string | undefined
  /** What an installer should look at, each a sentence. */
  readonly warnings: readonly string[]
}

/** Leaving out each in turn costs their square. */
export const MAX_CONTROL_POINTS = 1000

/**
 * Least-squares similarity in the topocentric axes at the middle of the points: shift, turn about the vertical and one scale, and a shift of the
 * heights. Never throws: points that cannot give a true tie are refused with the reason.
 */
export function fitControlPoints(points: readonly ControlPoint[]): FrameFit | Refusal {
  if (points.length < 2) return refuse('fewer than two control points', 'measure two at least, better four, near the corners of the frame')
  if (points.length > MAX_CONTROL_POINTS) return refuse(`more than ${MAX_CONTROL_POINTS} control points`, 'leave some out')
  const { centroid, pairs } = measure(points)
  const judgement = judge(pairs)
  const swapped = () =>
    points.every(({ lon }) => Math.abs(lon) <= 90)
      ? measure(points.map((point) => ({ ...point, lat: point.lon, lon: point.lat }))).pairs
      : undefined
  const refusal = refusalOf(pairs, judgement, swapped)
  if (refusal !== undefined) return refusal
  const { all } = judgement
  const scale = Math.hypot(all.a, all.b)
  const offsetsM = pairs.map(({ upM, z }) => upM - scale * z)
  const upM = offsetsM.reduce((sum, each) => sum + each, 0) / offsetsM.length
  const residuals = pairs.map((pair, index) => {
    const { distanceM, ...miss } = missOf(all, pair)
    return { label: pair.label, ...miss, upM: (offsetsM[index] ?? 0) - upM, horizontalM: distanceM }
  })
  const headingDeg = (toDegrees(Math.atan2(all.b, all.a)) + 360) % 360
  const placement = { headingDeg, scale, eastM: all.eastM, northM: all.northM, upM }
  return {
    ok: true,
    centroid,
    placement,
    georeference: levelFrame(centroid, placement),
    residuals,
    horizontalRmsM: rootMeanSquare(residuals.map(({ horizontalM }) => horizontalM)),
    heightRmsM: rootMeanSquare(residuals.map((residual) => residual.upM)),
    outlier: judgement.outlier === undefined ? undefined : pairs[judgement.outlier.index]?.label,
    warnings: warningsOf(pairs, judgement, offsetsM)
  }
}

/** The points in the axes at their middle. */
function measure(points: readonly ControlPoint[]): { readonly centroid: Wgs84Point; readonly pairs: readonly MeasuredPair[] } {
  const centroid = centroidOf(points)
  const axes = topocentricAt(centroid)
  const pairs = points.map((point, index) => {
    const { name = `point ${index + 1}`, x, y, z } = point
    return { label: name, x, y, z, ...axes.toEnu(point) }
  })
  return { centroid, pairs }
}

/** Taken on the earth-centred axes, so that neither the poles nor the 180th meridian are special; the height is the mean of the heights. */
function centroidOf(points: readonly ControlPoint[]): Wgs84Point {
  const sum = { x: 0, y: 0, z: 0 }
  for (const point of points) {
    const earth = toEarth(point)
    sum.x += earth.x / points.length
    sum.y += earth.y / points.length
    sum.z += earth.z / points.length
  }
  const alt = points.reduce((total, point) => total + point.alt / points.length, 0)
  return { ...fromEarth(sum), alt }
}
