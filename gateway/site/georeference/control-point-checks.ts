/** What control points tell besides the fit: why they give no true tie, and what an installer should look at. */
import { deviationM, findHeightOutlier, findOutlier, type Outlier } from './outlier.ts'
import { type Refusal, refuse } from './refusal.ts'
import { extentOf, fitPlane, type PlaneFit, type PointPair } from './similarity.ts'

/** A control point in both systems. */
export interface MeasuredPair extends PointPair {
  /** How people call it. */
  readonly label: string
  readonly z: number
  readonly upM: number
}

/** What agrees of a set of points: all, or all but the one that does not go with the others. */
export interface Judgement {
  readonly all: PlaneFit
  readonly agreeing: readonly PointPair[]
  readonly clean: PlaneFit
  readonly outlier: Outlier | undefined
}

/** Closer together, points say nothing of a direction. */
const LEAST_SPREAD_M = 0.1
/** A fit that leaves more than this share of the points' spread is no fit. */
const MOST_MISFIT = 0.1
/** A mirror image must agree so many times better to be told from a bad survey. */
const MIRROR_BETTER = 5

export function judge(pairs: readonly PointPair[]): Judgement {
  const all = fitPlane(pairs, 'similarity')
  const outlier = findOutlier(pairs)
  if (outlier === undefined) return { all, agreeing: pairs, clean: all, outlier }
  const agreeing = pairs.toSpliced(outlier.index, 1)
  return { all, agreeing, clean: fitPlane(agreeing, 'similarity'), outlier }
}

/** `swapped`: the same points with lat and lon exchanged, where that is possible. */
export function refusalOf(
  pairs: readonly MeasuredPair[],
  judgement: Judgement,
  swapped: () => readonly PointPair[] | undefined
): Refusal | undefined {
  return (
    atOnePlace(pairs) ??
    mirrored(pairs, judgement) ??
    misfit(judgement, swapped) ??
    onOneLine(judgement) ??
    zPointsDown(pairs, judgement.all)
  )
}

const onGround = (pairs: readonly PointPair[]) => pairs.map(({ eastM, northM }) => ({ x: eastM, y: northM }))

function atOnePlace(pairs: readonly PointPair[]): Refusal | undefined {
  const remedy = 'measure points that lie far apart'
  if (extentOf(pairs).spreadM < LEAST_SPREAD_M) return refuse('all control points lie at one place of the frame (x, y)', remedy)
  if (extentOf(onGround(pairs)).spreadM < LEAST_SPREAD_M)
    return refuse('all control points lie at one place of the earth (lat, lon)', remedy)
  return undefined
}

/** Whether the frame's mirror image agrees with the ground while the frame does not, a single bad point set aside. */
function mirrored(pairs: readonly PointPair[], direct: Judgement): Refusal | undefined {
  if (pairs.length < 3) return undefined
  const mirror = judge(pairs.map(({ x, y, eastM, northM }) => ({ x, y: -y, eastM, northM })))
  const better = (image: PlaneFit, frame: PlaneFit) => deviationM(image) * MIRROR_BETTER < deviationM(frame)
  if (!better(mirror.all, direct.all) && !(pairs.length > 3 && better(mirror.clean, direct.clean))) return undefined
  return refuse(
    `the frame is mirrored: its mirror image agrees with the ground to ${metres(deviationM(mirror.clean))}, the frame itself to ${metres(deviationM(direct.all))}`,
    'x and y are swapped, or one of them counts the other way: seen from above, x must point to the right of y; correct it in the positioning system'
  )
}

function misfit({ clean, agreeing }: Judgement, swapped: () => readonly PointPair[] | undefined): Refusal | undefined {
  const restM = Math.sqrt(clean.squaresM2 / agreeing.length)
  const { spreadM } = extentOf(onGround(agreeing))
  if (restM <= MOST_MISFIT * spreadM) return undefined
  const others = swapped()
  return refuse(
    `the control points do not fit: they lie ${metres(restM)} from their places on the ground, where they are ${metres(spreadM)} apart`,
    others !== undefined && others.length > 2 && agreesWell(others)
      ? 'lat and lon are swapped'
      : 'check that each line has the same place in both systems, and that lat and lon are decimal degrees'
  )
}

const agreesWell = (pairs: readonly PointPair[]): boolean =>
  deviationM(fitPlane(pairs, 'similarity')) < (MOST_MISFIT / MIRROR_BETTER) * extentOf(onGround(pairs)).spreadM

function onOneLine({ agreeing, clean }: Judgement): Refusal | undefined {
  const { offLineM } = extentOf(agreeing)
  if (agreeing.length < 3 || offLineM > 3 * deviationM(clean)) return undefined
  return refuse(
    `the control points lie on one line (within ${metres(offLineM)}), so that a mirrored frame would agree as well`,
    'measure one more, off that line'
  )
}

/** Told only where the heights differ enough to say so. */
function zPointsDown(pairs: readonly MeasuredPair[], { a, b }: PlaneFit): Refusal | undefined {
  if (pairs.length < 3) return undefined
  const scale = Math.hypot(a, b)
  const upwardsM = spreadOf(pairs.map(({ upM, z }) => upM - scale * z))
  const downwardsM = spreadOf(pairs.map(({ upM, z }) => upM + scale * z))
  if (upwardsM < 1 || downwardsM * MIRROR_BETTER > upwardsM) return undefined
  return refuse('z grows downwards while alt grows upwards', 'let the positioning system count z upwards, or measure the heights again')
}

function spreadOf(values: readonly number[]): number {
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length
  return rootMeanSquare(values.map((value) => value - middle))
}

export const rootMeanSquare = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)

/** Whole sentences. `offsetsM`: height above the frame's level zero that each point speaks for. */
export function warningsOf(pairs: readonly MeasuredPair[], judgement: Judgement, offsetsM: readonly number[]): readonly string[] {
  return [aboutNumber(pairs), aboutOutlier(pairs, judgement), aboutScale(judgement), aboutHeights(pairs, offsetsM)].filter(
    (warning) => warning !== undefined
  )
}

function aboutNumber({ length }: readonly MeasuredPair[]): string | undefined {
  return length > 2
    ? undefined
    : 'with two points nothing would show a wrong point or a mirrored frame: measure a third, off the line between them'
}

function aboutOutlier(pairs: readonly MeasuredPair[], { all, outlier }: Judgement): string | undefined {
  if (outlier !== undefined)
    return `${pairs[outlier.index]?.label ?? ''} lies ${metres(outlier.missM)} from where the others say it lies, which agree to ${metres(deviationM(outlier.others))}: measure it again, or leave it out`
  return deviationM(all) > 0.25 ? `the points agree to ${metres(deviationM(all))} only, and none of them alone is to blame` : undefined
}

/** What a scale far from 1 is likely to come from. */
const UNITS: readonly (readonly [scale: number, unit: string])[] = [
  [0.001, 'millimetres'],
  [0.01, 'centimetres'],
  [0.0254, 'inches'],
  [0.3048, 'feet']
]

function aboutScale({ clean, agreeing }: Judgement): string | undefined {
  const scale = Math.hypot(clean.a, clean.b)
  const offM = Math.abs(scale - 1) * extentOf(agreeing).spreadM
  if (Math.abs(scale - 1) < 0.001 || offM < 3 * deviationM(clean)) return undefined
  const unit = UNITS.find(([worth]) => Math.abs(scale / worth - 1) < 0.02)?.[1]
  const guess = unit === undefined ? 'check the points, and that x and y are in metres' : `are x and y in ${unit}? They must be in metres`
  return `one metre of the frame is ${scale.toPrecision(5)} m on the ground: ${guess}`
}

function aboutHeights(pairs: readonly MeasuredPair[], offsetsM: readonly number[]): string | undefined {
  const outlier = findHeightOutlier(offsetsM)
  if (outlier !== undefined)
    return `the height of ${pairs[outlier.index]?.label ?? ''} is ${metres(Math.abs(outlier.missM))} ${outlier.missM > 0 ? 'above' : 'below'} what the others say: measure it again`
  const restM = spreadOf(offsetsM)
  return restM > 0.5 ? `the heights agree to ${metres(restM)} only` : undefined
}

const metres = (value: number): string => `${value.toFixed(value < 0.1 ? 3 : 2)} m`
