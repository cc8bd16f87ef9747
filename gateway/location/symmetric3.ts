/** A vector that is written into, because it is used several times for each range that arrives. */
export interface Vector3 {
  x: number
  y: number
  z: number
}

/** A symmetric 3 × 3 matrix that is written into. */
export interface Symmetric3 {
  xx: number
  xy: number
  xz: number
  yy: number
  yz: number
  zz: number
}

export const vector3 = (): Vector3 => ({ x: 0, y: 0, z: 0 })
export const symmetric3 = (): Symmetric3 => ({ xx: 0, xy: 0, xz: 0, yy: 0, yz: 0, zz: 0 })

/** Solves `(m + damping · diag(m)) · out = v` by Cholesky. False: the matrix is not positive, and `out` is as it was. */
export function solve3(m: Symmetric3, v: Vector3, damping: number, out: Vector3): boolean {
  const grow = 1 + damping
  const floor = 1e-14 * (m.xx + m.yy + m.zz)
  const a = m.xx * grow
  if (!(a > floor)) return false
  const l00 = Math.sqrt(a)
  const l10 = m.xy / l00
  const l20 = m.xz / l00
  const b = m.yy * grow - l10 * l10
  if (!(b > floor)) return false
  const l11 = Math.sqrt(b)
  const l21 = (m.yz - l20 * l10) / l11
  const c = m.zz * grow - l20 * l20 - l21 * l21
  if (!(c > floor)) return false
  const l22 = Math.sqrt(c)
  const u0 = v.x / l00
  const u1 = (v.y - l10 * u0) / l11
  const u2 = (v.z - l20 * u0 - l21 * u1) / l22
  out.z = u2 / l22
  out.y = (u1 - l21 * out.z) / l11
  out.x = (u0 - l10 * out.y - l20 * out.z) / l00
  return true
}

/** Inverse by cofactors. False: singular as far as numbers of this size can tell, and `out` is as it was. */
export function invert3(m: Symmetric3, out: Symmetric3): boolean {
  const { xx, xy, xz, yy, yz, zz } = m
  const cxx = yy * zz - yz * yz
  const cxy = xz * yz - xy * zz
  const cxz = xy * yz - xz * yy
  const determinant = xx * cxx + xy * cxy + xz * cxz
  const trace = xx + yy + zz
  if (!(determinant > 1e-20 * trace * trace * trace)) return false
  out.xx = cxx / determinant
  out.xy = cxy / determinant
  out.xz = cxz / determinant
  out.yy = (xx * zz - xz * xz) / determinant
  out.yz = (xy * xz - xx * yz) / determinant
  out.zz = (xx * yy - xy * xy) / determinant
  return true
}

/** Eigenvalues, greatest first, and their unit vectors. */
export interface Eigen3 {
  readonly values: readonly [number, number, number]
  readonly vectors: readonly [readonly number[], readonly number[], readonly number[]]
}

const PAIRS = [
  [0, 1],
  [0, 2],
  [1, 2]
] as const

/** By Jacobi's rotations, which are exact to rounding for a matrix this small. */
export function eigen3(m: Symmetric3): Eigen3 {
  const a = [
    [m.xx, m.xy, m.xz],
    [m.xy, m.yy, m.yz],
    [m.xz, m.yz, m.zz]
  ]
  const columns = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1]
  ]
  const enough = 1e-30 * (m.xx * m.xx + m.yy * m.yy + m.zz * m.zz)
  for (let sweep = 0; sweep < 12; sweep++) {
    let off = 0
    for (const [p, q] of PAIRS) off += (a[p]?.[q] ?? 0) ** 2
    if (!(off > enough)) break
    for (const [p, q] of PAIRS) rotate(a, columns, p, q)
  }
  const found = [0, 1, 2].map((k) => ({ value: a[k]?.[k] ?? 0, vector: columns.map((row) => row[k] ?? 0) }))
  found.sort((left, right) => right.value - left.value)
  const [first, second, third] = found
  return {
    values: [first?.value ?? 0, second?.value ?? 0, third?.value ?? 0],
    vectors: [first?.vector ?? [], second?.vector ?? [], third?.vector ?? []]
  }
}

/** One rotation in the plane of axes p and q that takes the element between them to zero. */
function rotate(a: readonly number[][], columns: readonly number[][], p: number, q: number): void {
  const [rowP, rowQ] = [a[p], a[q]]
  const off = rowP?.[q] ?? 0
  if (rowP === undefined || rowQ === undefined || off === 0) return
  const theta = ((rowQ[q] ?? 0) - (rowP[p] ?? 0)) / (2 * off)
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const cosine = 1 / Math.sqrt(t * t + 1)
  const sine = t * cosine
  for (const row of a) turn(row, p, q, cosine, sine)
  for (let k = 0; k < 3; k++) {
    const [up, uq] = [rowP[k] ?? 0, rowQ[k] ?? 0]
    rowP[k] = cosine * up - sine * uq
    rowQ[k] = sine * up + cosine * uq
  }
  for (const row of columns) turn(row, p, q, cosine, sine)
}

function turn(row: number[], p: number, q: number, cosine: number, sine: number): void {
  const [up, uq] = [row[p] ?? 0, row[q] ?? 0]
  row[p] = cosine * up - sine * uq
  row[q] = sine * up + cosine * uq
}
