import type { Dimensions } from './fix.ts'
import { radius68 } from './horizontal-accuracy.ts'
import type { LocationSettings } from './location-settings.ts'
import type { RangeSolver } from './range-solver.ts'
import { startPoints } from './start-points.ts'
import { invert3, type Symmetric3, symmetric3, type Vector3, vector3 } from './symmetric3.ts'

/** Beyond this an answer is none: no site is so large, and the geometry told nothing. */
const MAX_ACCURACY_M = 10_000
/** How likely another place must be, as a share, to count for the accuracy, and to be as good as the first: then there is no fix. */
const OTHER_SHARE = 0.25
const EQUAL_SHARE = 0.4

/** A place from one set of ranges, without a past. Written into. */
export interface LoneFix {
  readonly point: Vector3
  readonly covariance: Symmetric3
  readonly misfit: Misfit
  accuracyM: number
  /** Why there is none; what stands in the other fields then means nothing. */
  error: string | undefined
}

export const loneFix = (): LoneFix => ({
  point: vector3(),
  covariance: symmetric3(),
  misfit: { squares: 0, expected: 0 },
  accuracyM: 0,
  error: undefined
})

/** One range without line of sight says that such are about, not how far off the others are. */
const MAX_SQUARE = 25

interface Valley {
  readonly point: Vector3
  readonly cost: number
}

/**
 * The most likely place for the ranges in the solver, alone. Afterwards the solver's weights and residuals are those at that place.
 * `sdM` of the ranges must be set.
 */
export function fixAlone(solver: RangeSolver, dims: Dimensions, settings: LocationSettings, out: LoneFix): void {
  out.error = tooFew(solver.count, dims)
  if (out.error !== undefined) return
  const height = heightPrior(solver, dims, settings)
  const { places, directionless } = startPoints(solver, dims, height)
  if (directionless) {
    out.error = `the ranges are all to one place${dims === 2 ? ' on the ground' : ''}: they tell how far the tag is, not where`
    return
  }
  const valleys = places.map((place) => descend(solver, place)).sort((a, b) => a.cost - b.cost)
  const [best] = valleys
  if (best === undefined || !Number.isFinite(best.cost)) {
    out.error = 'no place fits these ranges'
    return
  }
  solver.refine(best.point.x, best.point.y, best.point.z, false)
  Object.assign(out.point, solver.point)
  if (!invert3(solver.information, out.covariance)) {
    out.error = degenerate(dims)
    return
  }
  measureMisfit(solver, dims, out.misfit)
  widen(out.covariance, misfitFactor(out.misfit))
  out.accuracyM = radius68(out.covariance.xx, out.covariance.xy, out.covariance.yy)
  if (!(out.accuracyM < MAX_ACCURACY_M)) out.error = degenerate(dims)
  else out.error = otherPlace(valleys, best, dims, out)
}

function tooFew(count: number, dims: Dimensions): string | undefined {
  if (count > dims) return undefined
  const told = count === 0 ? 'there are no ranges' : count === 1 ? 'there is one range' : `there are ${count} ranges`
  return `${told}: ${dims} dimensions need ${dims + 1}`
}

/** The height is told by the ranges, or held where tags are carried. */
export function heightPrior(solver: RangeSolver, dims: Dimensions, settings: LocationSettings): number {
  const { prior, priorInformation: known } = solver
  const zz = dims === 2 ? settings.heightSdM ** -2 : 0
  Object.assign(known, { xx: 0, xy: 0, xz: 0, yy: 0, yz: 0, zz, xd: 0, yd: 0, zd: 0, dd: settings.tagDelayM ** -2 })
  Object.assign(prior, { x: 0, y: 0, z: settings.carryingHeightM, delayM: 0 })
  return settings.carryingHeightM
}

function descend(solver: RangeSolver, from: Vector3): Valley {
  solver.refine(from.x, from.y, from.z, true)
  return { point: { ...solver.point }, cost: solver.cost }
}

/** How badly the ranges agree at the solver's place: squares of their normalised residuals, and how many are to be expected. */
export interface Misfit {
  squares: number
  expected: number
}

export function measureMisfit(solver: RangeSolver, dims: Dimensions, out: Misfit): void {
  const { point, prior, priorInformation: known } = solver
  let squares = known.zz * (point.z - prior.z) ** 2 + known.dd * (point.delayM - prior.delayM) ** 2
  for (let i = 0; i < solver.count; i++) {
    const u = (solver.residualM[i] ?? 0) / (solver.sdM[i] ?? 1)
    squares += Math.min(u * u, MAX_SQUARE)
  }
  out.squares = squares
  // Ranges, and what is known beforehand of height and delay, less what was solved for.
  out.expected = Math.max(solver.count + (dims === 2 ? 2 : 1) - 4, 0)
}

/** How much wider than assumed the errors are, as a factor of the variance: the assumption counts as two ranges do, since one set says little. */
export const misfitFactor = ({ squares, expected }: Misfit): number => (2 + squares) / (2 + expected)

function widen(m: Symmetric3, by: number): void {
  m.xx *= by
  m.xy *= by
  m.xz *= by
  m.yy *= by
  m.yz *= by
  m.zz *= by
}

const degenerate = (dims: Dimensions): string =>
  dims === 2
    ? 'the anchors stand so that the ranges do not tell the place: they need to be around the tag, not in one line'
    : 'the anchors stand so that the ranges do not tell the place: at least one must be off the plane of the others'

/** Told when the ranges fit another place as well; one that is less likely, or not far, counts for the accuracy instead. */
function otherPlace(valleys: readonly Valley[], best: Valley, dims: Dimensions, fix: LoneFix): string | undefined {
  for (const { point, cost } of valleys) {
    const apart = Math.hypot(point.x - best.point.x, point.y - best.point.y, dims === 3 ? point.z - best.point.z : 0)
    const share = 1 / (1 + Math.exp(cost - best.cost))
    const sd = dims === 3 ? Math.hypot(fix.accuracyM, Math.sqrt(fix.covariance.zz)) : fix.accuracyM
    if (share < OTHER_SHARE) continue
    if (share >= EQUAL_SHARE && apart > 2 * sd) return twoPlaces(best.point, point, dims)
    fix.accuracyM = Math.max(fix.accuracyM, Math.hypot(point.x - best.point.x, point.y - best.point.y))
  }
  return undefined
}

function twoPlaces(one: Vector3, other: Vector3, dims: Dimensions): string {
  const places = `${show(one, dims)} or ${show(other, dims)}`
  return dims === 2
    ? `the tag may be on either side of the line of the anchors: ${places}; another anchor off that line is needed`
    : `the tag may be on either side of the plane of the anchors: ${places}; another anchor off that plane is needed, or "dims":2`
}

const show = (p: Vector3, dims: Dimensions): string => `(${p.x.toFixed(2)}, ${p.y.toFixed(2)}${dims === 3 ? `, ${p.z.toFixed(2)}` : ''})`
