/** Least squares in the plane: the shift and turn, with or without a scale, that lay one set of points best on another. */

/** One point in both planes, metres. */
export interface PointPair {
  readonly x: number
  readonly y: number
  readonly eastM: number
  readonly northM: number
}

/** `similarity` fits shift, turn and scale (4 unknowns), `rigid` leaves the scale at 1 (3 unknowns). */
export type FitModel = 'similarity' | 'rigid'

export interface PlaneFit {
  /** Turn and scale: east = a·x + b·y + eastM, north = a·y − b·x + northM. */
  readonly a: number
  readonly b: number
  readonly eastM: number
  readonly northM: number
  /** Sum of the squared distances that are left, m². */
  readonly squaresM2: number
  /** Observations beyond the unknowns. */
  readonly freedom: number
  /** Middle of the points in (x, y), and the sum of their squared distances from it, m². */
  readonly middleX: number
  readonly middleY: number
  readonly spreadM2: number
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * The best fit, in closed form: with both sets about their middles as complex numbers p and q, turn and scale are Σq·p̄ / Σ|p|².
 * Needs two points that differ in (x, y); otherwise turn and scale are not finite.
 */
export function fitPlane(points: readonly PointPair[], model: FitModel): PlaneFit {
  const middleX = mean(points.map(({ x }) => x))
  const middleY = mean(points.map(({ y }) => y))
  const middleEast = mean(points.map(({ eastM }) => eastM))
  const middleNorth = mean(points.map(({ northM }) => northM))
  let along = 0
  let across = 0
  let spreadM2 = 0
  for (const point of points) {
    const x = point.x - middleX
    const y = point.y - middleY
    const east = point.eastM - middleEast
    const north = point.northM - middleNorth
    along += east * x + north * y
    across += east * y - north * x
    spreadM2 += x * x + y * y
  }
  const divisor = model === 'similarity' ? spreadM2 : Math.hypot(along, across)
  const a = along / divisor
  const b = across / divisor
  const eastM = middleEast - a * middleX - b * middleY
  const northM = middleNorth - a * middleY + b * middleX
  const fit = { a, b, eastM, northM, freedom: 2 * points.length - (model === 'similarity' ? 4 : 3), middleX, middleY, spreadM2 }
  // Summed point by point: the closed form of the sum is a difference of great numbers.
  return { ...fit, squaresM2: points.reduce((sum, point) => sum + missOf(fit, point).distanceM ** 2, 0) }
}

/** How far a point lies from where the fit puts it: seen minus fitted. */
export function missOf(fit: Pick<PlaneFit, 'a' | 'b' | 'eastM' | 'northM'>, point: PointPair) {
  const eastM = point.eastM - (fit.a * point.x + fit.b * point.y + fit.eastM)
  const northM = point.northM - (fit.a * point.y - fit.b * point.x + fit.northM)
  return { eastM, northM, distanceM: Math.hypot(eastM, northM) }
}

/** Root mean square distance of points from their middle (`spreadM`), and from the line that lies best between them (`offLineM`). */
export function extentOf(points: readonly { readonly x: number; readonly y: number }[]) {
  const middleX = mean(points.map(({ x }) => x))
  const middleY = mean(points.map(({ y }) => y))
  let xx = 0
  let yy = 0
  let xy = 0
  for (const point of points) {
    const x = point.x - middleX
    const y = point.y - middleY
    xx += x * x
    yy += y * y
    xy += x * y
  }
  const spreadM2 = (xx + yy) / points.length
  // The lesser eigenvalue of the covariance, as determinant over the greater one, which keeps its digits when it is tiny.
  const greater = (xx + yy + Math.hypot(xx - yy, 2 * xy)) / 2
  const lesser = greater === 0 ? 0 : Math.max(0, (xx * yy - xy * xy) / greater)
  return { spreadM: Math.sqrt(spreadM2), offLineM: Math.sqrt(lesser / points.length) }
}
