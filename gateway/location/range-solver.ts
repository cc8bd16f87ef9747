import { type Symmetric3, solve3, symmetric3, type Vector3, vector3 } from './symmetric3.ts'

/** A place, and by how much all ranges of the tag are too long alike. */
export interface PlaceAndDelay extends Vector3 {
  delayM: number
}

/** Information about them: with the place, across, and of the delay. */
export interface PlaceAndDelayInformation extends Symmetric3 {
  xd: number
  yd: number
  zd: number
  dd: number
}

/** Each stage admits less of a tail than the one before: the first finds the valley, the last the place in it. */
const STAGES = [8, 2.5, 1]
const STEPS_PER_STAGE = 8
/** A stage ends when a step is shorter than this; the last one of a place looked for alone is exact. */
const NEAR_M = 1e-3
const EXACT_M = 1e-5

const placeAndDelay = (): PlaceAndDelay => ({ x: 0, y: 0, z: 0, delayM: 0 })
const placeAndDelayInformation = (): PlaceAndDelayInformation => ({ ...symmetric3(), xd: 0, yd: 0, zd: 0, dd: 0 })

/**
 * The most likely place for a set of ranges and what is known beforehand: damped Gauss-Newton on a loss that lets a range be too long.
 *
 *   cost(p, delay) = Σ loss((range − |p − anchor| − delay) / sd) + ½ (p − prior)ᵀ · priorInformation · (p − prior), with the delay beside p
 *   loss(u) = ½ u² / (1 + u² / tail²) of a range too long (Geman-McClure: by any amount costs no more than tail² / 2),
 *             ½ tail² · ln(1 + u² / tail²) of one too short (Cauchy), with tails of their own
 *
 * One instance serves one thread: it is filled, refined and read, and allocates nothing but room for more ranges.
 */
export class RangeSolver {
  count = 0
  anchorX = new Float64Array(16)
  anchorY = new Float64Array(16)
  anchorZ = new Float64Array(16)
  /** Measured, less the delay that is known of the anchor. */
  rangeM = new Float64Array(16)
  sdM = new Float64Array(16)
  /** After `refine`: what the ranges are worth (0..1), and by how much they are longer than the distance. */
  weight = new Float64Array(16)
  residualM = new Float64Array(16)
  readonly prior: PlaceAndDelay = placeAndDelay()
  readonly priorInformation: PlaceAndDelayInformation = placeAndDelayInformation()
  readonly point: PlaceAndDelay = placeAndDelay()
  /** Inverse of the covariance of `point`'s place, whatever the delay. */
  readonly information: Symmetric3 = symmetric3()
  /** Negative log-likelihood of `point`, of which only differences mean something. */
  cost = 0

  readonly #longTail: number
  readonly #shortTail: number
  readonly #all: PlaceAndDelayInformation = placeAndDelayInformation()
  readonly #gradient: PlaceAndDelay = placeAndDelay()
  readonly #reduced: Vector3 = vector3()
  readonly #step: Vector3 = vector3()
  readonly #trial: PlaceAndDelay = placeAndDelay()

  constructor(longTail: number, shortTail: number) {
    this.#longTail = longTail
    this.#shortTail = shortTail
  }

  /** Room for so many ranges; what was there is gone. */
  begin(count: number): void {
    this.count = count
    if (count <= this.rangeM.length) return
    const size = 2 * count
    this.anchorX = new Float64Array(size)
    this.anchorY = new Float64Array(size)
    this.anchorZ = new Float64Array(size)
    this.rangeM = new Float64Array(size)
    this.sdM = new Float64Array(size)
    this.weight = new Float64Array(size)
    this.residualM = new Float64Array(size)
  }

  /** Goes downhill from a place. `gradually`: from a distant guess; else the place is near already. */
  refine(x: number, y: number, z: number, gradually: boolean): void {
    const { point } = this
    point.x = x
    point.y = y
    point.z = z
    point.delayM = this.prior.delayM
    if (!gradually) {
      this.#descend(this.#longTail, NEAR_M)
      return
    }
    for (const stage of STAGES) this.#descend(stage * this.#longTail, stage === 1 ? EXACT_M : NEAR_M)
  }

  #descend(tail: number, enoughM: number): void {
    const { point } = this
    const trial = this.#trial
    const step = this.#step
    let damping = 0
    this.cost = this.#linearise(point, tail)
    for (let count = 0; count < STEPS_PER_STAGE; count++) {
      if (!solve3(this.information, this.#reduced, damping, step)) {
        damping = damping === 0 ? 1e-3 : 10 * damping
        continue
      }
      trial.x = point.x + step.x
      trial.y = point.y + step.y
      trial.z = point.z + step.z
      trial.delayM = point.delayM + this.#delayStep(step)
      const moved = Math.abs(step.x) + Math.abs(step.y) + Math.abs(step.z)
      const cost = this.#linearise(trial, tail)
      if (cost <= this.cost) {
        point.x = trial.x
        point.y = trial.y
        point.z = trial.z
        point.delayM = trial.delayM
        this.cost = cost
        damping /= 8
      } else {
        this.#linearise(point, tail)
        damping = damping === 0 ? 1e-2 : 8 * damping
      }
      if (moved < enoughM) break
    }
  }

  /** What the delay does when the place moves so. */
  #delayStep(step: Vector3): number {
    const m = this.#all
    return (this.#gradient.delayM - m.xd * step.x - m.yd * step.y - m.zd * step.z) / m.dd
  }

  /** Information, gradient, weights and residuals at a place; gives the cost. */
  #linearise(p: PlaceAndDelay, tail: number): number {
    const m = this.#all
    const g = this.#gradient
    const short = (tail * this.#shortTail) / this.#longTail
    let cost = this.#startFromPrior(p)
    for (let i = 0; i < this.count; i++) {
      const ex = p.x - (this.anchorX[i] ?? 0)
      const ey = p.y - (this.anchorY[i] ?? 0)
      const ez = p.z - (this.anchorZ[i] ?? 0)
      const distance = Math.sqrt(ex * ex + ey * ey + ez * ez)
      const sd = this.sdM[i] ?? 1
      const residual = (this.rangeM[i] ?? 0) - distance - p.delayM
      const u = residual / sd
      const square = u * u
      let weight = 1
      if (u > 0) {
        const share = 1 / (1 + square / (tail * tail))
        weight = share * share
        cost += (square * share) / 2
      } else {
        weight = 1 / (1 + square / (short * short))
        cost -= (short * short * Math.log(weight)) / 2
      }
      this.residualM[i] = residual
      this.weight[i] = weight
      // At the anchor itself a distance has no direction.
      const inverse = distance > 1e-9 ? 1 / distance : 0
      const jx = ex * inverse
      const jy = ey * inverse
      const jz = ez * inverse
      const worth = weight / (sd * sd)
      m.xx += worth * jx * jx
      m.xy += worth * jx * jy
      m.xz += worth * jx * jz
      m.yy += worth * jy * jy
      m.yz += worth * jy * jz
      m.zz += worth * jz * jz
      m.xd += worth * jx
      m.yd += worth * jy
      m.zd += worth * jz
      m.dd += worth
      const pull = worth * residual
      g.x += pull * jx
      g.y += pull * jy
      g.z += pull * jz
      g.delayM += pull
    }
    this.#eliminateDelay()
    return cost
  }

  /** Schur's complement: what is left for the place when the delay may be what it likes. */
  #eliminateDelay(): void {
    const m = this.#all
    const g = this.#gradient
    const left = this.information
    const right = this.#reduced
    left.xx = m.xx - (m.xd * m.xd) / m.dd
    left.xy = m.xy - (m.xd * m.yd) / m.dd
    left.xz = m.xz - (m.xd * m.zd) / m.dd
    left.yy = m.yy - (m.yd * m.yd) / m.dd
    left.yz = m.yz - (m.yd * m.zd) / m.dd
    left.zz = m.zz - (m.zd * m.zd) / m.dd
    right.x = g.x - (m.xd * g.delayM) / m.dd
    right.y = g.y - (m.yd * g.delayM) / m.dd
    right.z = g.z - (m.zd * g.delayM) / m.dd
  }

  #startFromPrior(p: PlaceAndDelay): number {
    const { prior, priorInformation: known } = this
    const m = this.#all
    const g = this.#gradient
    const ex = prior.x - p.x
    const ey = prior.y - p.y
    const ez = prior.z - p.z
    const ed = prior.delayM - p.delayM
    m.xx = known.xx
    m.xy = known.xy
    m.xz = known.xz
    m.yy = known.yy
    m.yz = known.yz
    m.zz = known.zz
    m.xd = known.xd
    m.yd = known.yd
    m.zd = known.zd
    m.dd = known.dd
    g.x = known.xx * ex + known.xy * ey + known.xz * ez + known.xd * ed
    g.y = known.xy * ex + known.yy * ey + known.yz * ez + known.yd * ed
    g.z = known.xz * ex + known.yz * ey + known.zz * ez + known.zd * ed
    g.delayM = known.xd * ex + known.yd * ey + known.zd * ez + known.dd * ed
    return (g.x * ex + g.y * ey + g.z * ez + g.delayM * ed) / 2
  }
}
