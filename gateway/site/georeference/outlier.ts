import { type FitModel, fitPlane, missOf, type PlaneFit, type PointPair } from './similarity.ts'

/**
 * How well control points are usually measured (total station, RTK), in each direction. It counts as `PRIOR_FREEDOM` observations beside the
 * residuals, for those of three or four points alone say too little: two may agree by chance.
 */
export const USUAL_ERROR_M = 0.03
const PRIOR_FREEDOM = 4
/** Chance of a good set in which a point is named all the same. */
const FALSE_NAMES = 0.01
/** The point is named only if leaving out any other leaves more than so many times its variance. */
const CLEARLY_WORSE = 4

/** Standard deviation of one coordinate that a fit speaks for, m. */
export const deviationM = ({ squaresM2, freedom }: Pick<PlaneFit, 'squaresM2' | 'freedom'>): number =>
  Math.sqrt((squaresM2 + PRIOR_FREEDOM * USUAL_ERROR_M ** 2) / (freedom + PRIOR_FREEDOM))

export interface Outlier {
  readonly index: number
  /** Distance from where all the others say that it lies. */
  readonly missM: number
  /** The fit of the others. */
  readonly others: PlaneFit
}

/**
 * The one point that does not go with the others, if there is one: each is left out in turn, and the distance from where the rest puts it is
 * judged against how well the rest agrees (F distribution). With four points or more the scale is free; failing that, and with
 * three points, the metres of the frame are taken for metres. Two points cannot contradict each other.
 */
export function findOutlier(points: readonly PointPair[]): Outlier | undefined {
  return (
    (points.length >= 4 ? leaveOneOut(points, 'similarity') : undefined) ?? (points.length >= 3 ? leaveOneOut(points, 'rigid') : undefined)
  )
}

function leaveOneOut(points: readonly PointPair[], model: FitModel): Outlier | undefined {
  const fits = points.map((_, index) => fitPlane(points.toSpliced(index, 1), model))
  const ranked = [...fits.keys()].sort((a, b) => varianceOf(fits[a]) - varianceOf(fits[b]))
  const [index = 0, next = 0] = ranked
  const others = fits[index]
  const point = points[index]
  if (others === undefined || point === undefined || !Number.isFinite(others.a)) return undefined
  if (varianceOf(fits[next]) <= CLEARLY_WORSE * varianceOf(others)) return undefined
  const { distanceM: missM } = missOf(others, point)
  const count = points.length
  const fromMiddleM2 = (point.x - others.middleX) ** 2 + (point.y - others.middleY) ** 2
  const variance = varianceOf(others) * (1 + 1 / (count - 1) + fromMiddleM2 / others.spreadM2)
  return chanceOf(missM ** 2 / 2 / variance, others.freedom + PRIOR_FREEDOM) * count < FALSE_NAMES ? { index, missM, others } : undefined
}

/** Likewise for heights, of which only the shift is fitted: `offsetsM` are measured minus frame. */
export function findHeightOutlier(offsetsM: readonly number[]): { readonly index: number; readonly missM: number } | undefined {
  const count = offsetsM.length
  if (count < 3) return undefined
  const rests = offsetsM.map((_, index) => {
    const others = offsetsM.toSpliced(index, 1)
    const middleM = others.reduce((sum, each) => sum + each, 0) / others.length
    const squaresM2 = others.reduce((sum, each) => sum + (each - middleM) ** 2, 0)
    const freedom = others.length - 1
    return { index, missM: (offsetsM[index] ?? 0) - middleM, variance: deviationM({ squaresM2, freedom }) ** 2, freedom }
  })
  const [best, next] = rests.toSorted((a, b) => a.variance - b.variance)
  if (best === undefined || next === undefined || next.variance <= CLEARLY_WORSE * best.variance) return undefined
  const ratio = best.missM ** 2 / 2 / (best.variance * (1 + 1 / (count - 1)))
  return chanceOf(ratio, best.freedom + PRIOR_FREEDOM) * count < FALSE_NAMES ? { index: best.index, missM: best.missM } : undefined
}

const varianceOf = (fit: PlaneFit | undefined): number =>
  fit === undefined || !Number.isFinite(fit.a) ? Number.POSITIVE_INFINITY : deviationM(fit) ** 2

/** Chance that an F-distributed value with 2 and `freedom` degrees of freedom exceeds `ratio`; for heights (1 degree) it errs to the safe side. */
const chanceOf = (ratio: number, freedom: number): number => (1 + (2 * ratio) / freedom) ** (-freedom / 2)
