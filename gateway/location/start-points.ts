import type { Dimensions } from './fix.ts'
import type { RangeSolver } from './range-solver.ts'
import { eigen3, symmetric3, type Vector3, vector3 } from './symmetric3.ts'

export interface StartPoints {
  /**
   * Where the tag may be, by closed form: in the plane (line, for 2 dimensions) that fits the anchors best, and the same distance to either side of
   * it, and where the differences of the squared ranges put it. Anchors in one plane cannot tell the sides apart.
   */
  readonly places: readonly Vector3[]
  /** Anchors at one and the same place tell a distance, and no direction. */
  readonly directionless: boolean
}

/**
 * Squared ranges are quadratic in the place with the same square in each; their differences are linear. Solved in the axes of the
 * anchors' own spread, so that a direction in which they hardly differ does not spoil the others.
 */
export function startPoints(solver: RangeSolver, dims: Dimensions, heightM: number): StartPoints {
  const centre = weightedCentre(solver)
  const spread = symmetric3()
  const right = vector3()
  const mean = meanHalfSquare(solver, centre, dims, heightM)
  for (let i = 0; i < solver.count; i++) {
    const weight = weightOf(solver, i)
    const x = (solver.anchorX[i] ?? 0) - centre.x
    const y = (solver.anchorY[i] ?? 0) - centre.y
    const z = dims === 3 ? (solver.anchorZ[i] ?? 0) - centre.z : 0
    spread.xx += weight * x * x
    spread.xy += weight * x * y
    spread.xz += weight * x * z
    spread.yy += weight * y * y
    spread.yz += weight * y * z
    spread.zz += weight * z * z
    const pull = weight * (halfSquare(solver, i, centre, dims, heightM) - mean)
    right.x += pull * x
    right.y += pull * y
    right.z += pull * z
  }
  const { values, vectors } = eigen3(spread)
  const places: Vector3[] = []
  const inPlane = { x: centre.x, y: centre.y, z: dims === 3 ? centre.z : heightM }
  const least = 1e-12 * values[0]
  for (let k = 0; k < dims - 1; k++) {
    if ((values[k] ?? 0) > least) move(inPlane, vectors[k] ?? [], along(right, vectors[k] ?? []) / (values[k] ?? 1))
  }
  const normal = vectors[dims - 1] ?? []
  const across = values[dims - 1] ?? 0
  if (across > least) places.push(moved(inPlane, normal, along(right, normal) / across))
  const side = distanceFromPlane(solver, inPlane, dims, heightM)
  places.push(moved(inPlane, normal, side), moved(inPlane, normal, -side))
  return { places, directionless: !((values[dims - 2] ?? 0) > 0) }
}

/** A squared range is as uncertain as it is long. */
function weightOf(solver: RangeSolver, i: number): number {
  const d = (solver.rangeM[i] ?? 0) + (solver.sdM[i] ?? 1)
  return 1 / (d * d)
}

function weightedCentre(solver: RangeSolver): Vector3 {
  const centre = vector3()
  let sum = 0
  for (let i = 0; i < solver.count; i++) {
    const weight = weightOf(solver, i)
    sum += weight
    centre.x += weight * (solver.anchorX[i] ?? 0)
    centre.y += weight * (solver.anchorY[i] ?? 0)
    centre.z += weight * (solver.anchorZ[i] ?? 0)
  }
  return { x: centre.x / sum, y: centre.y / sum, z: centre.z / sum }
}

/** (|anchor|² − range²) / 2 from the centre; for 2 dimensions with the range along the ground. */
function halfSquare(solver: RangeSolver, i: number, centre: Vector3, dims: Dimensions, heightM: number): number {
  const x = (solver.anchorX[i] ?? 0) - centre.x
  const y = (solver.anchorY[i] ?? 0) - centre.y
  const z = (solver.anchorZ[i] ?? 0) - (dims === 3 ? centre.z : heightM)
  const d = solver.rangeM[i] ?? 0
  if (dims === 3) return (x * x + y * y + z * z - d * d) / 2
  return (x * x + y * y - Math.max(d * d - z * z, 0)) / 2
}

function meanHalfSquare(solver: RangeSolver, centre: Vector3, dims: Dimensions, heightM: number): number {
  let sum = 0
  let weights = 0
  for (let i = 0; i < solver.count; i++) {
    const weight = weightOf(solver, i)
    sum += weight * halfSquare(solver, i, centre, dims, heightM)
    weights += weight
  }
  return sum / weights
}

/** What remains of the ranges across the plane. */
function distanceFromPlane(solver: RangeSolver, inPlane: Vector3, dims: Dimensions, heightM: number): number {
  let sum = 0
  let weights = 0
  for (let i = 0; i < solver.count; i++) {
    const weight = weightOf(solver, i)
    const x = (solver.anchorX[i] ?? 0) - inPlane.x
    const y = (solver.anchorY[i] ?? 0) - inPlane.y
    const z = (solver.anchorZ[i] ?? 0) - (dims === 3 ? inPlane.z : heightM)
    const d = solver.rangeM[i] ?? 0
    sum += weight * (d * d - x * x - y * y - z * z)
    weights += weight
  }
  return Math.sqrt(Math.max(sum / weights, 0))
}

const along = (v: Vector3, axis: readonly number[]): number => v.x * (axis[0] ?? 0) + v.y * (axis[1] ?? 0) + v.z * (axis[2] ?? 0)

function move(p: Vector3, axis: readonly number[], by: number): void {
  p.x += by * (axis[0] ?? 0)
  p.y += by * (axis[1] ?? 0)
  p.z += by * (axis[2] ?? 0)
}

function moved(p: Vector3, axis: readonly number[], by: number): Vector3 {
  const place = { ...p }
  move(place, axis, by)
  return place
}
