import type { Anchor, Dimensions, Located } from './fix.ts'
import { fixAlone, heightPrior, type LoneFix, loneFix, type Misfit, measureMisfit, misfitFactor } from './fix-alone.ts'
import { radius68 } from './horizontal-accuracy.ts'
import type { LocationSettings } from './location-settings.ts'
import { fillPrior } from './range-prior.ts'
import { RangeSolver } from './range-solver.ts'
import { FIRST_LINK, MAX_LINKS, newTrack, STATES_OF_LINK, TAG_DELAY, type Track } from './track.ts'
import { TrackFilter } from './track-filter.ts'

/** Ranges of one instant, checked: each anchor once, finite, not negative. */
export interface RangeSet {
  readonly timeS: number
  readonly dims: Dimensions
  /** The anchor of each range. */
  readonly anchors: readonly Anchor[]
  readonly rangesM: readonly number[]
}

/** For how many sets of ranges their agreement is remembered. */
const MISFIT_SETS = 30
/** The noise is known when 68 % of the ranges come as near to what was expected as its deviation says; by so much a range takes it up or down. */
const NOISE_STEP = 0.03
const MAX_LOG_NOISE = 3
/** Three times what is assumed, until it is known: noise taken for obstacles is not soon forgotten. */
const FIRST_LOG_NOISE = 1.1
/** How long a tag is carried at one height. */
const HEIGHT_LASTS_S = 300
/** A range too long that is worth less than this has met an obstacle: what comes and goes in it is looked for anew. */
const OBSTACLE_WEIGHT = 0.2
/** A range worth less than this is not believed. */
const BELIEVED_WEIGHT = 0.1
/** So many sets in a row of which most ranges are not believed, and it is the track that is wrong. */
const CONTRADICTIONS_TO_RESTART = 3
/** Of what the ranges disagree by beyond the assumption, the part that moves the place: the rest is common to all. */
const SHARE_IN_PLACE = 0.3

/**
 * Ranges into fixes: each set alone, or through the filter of its tag. One instance serves one thread and any number of tags.
 *
 * The filter (docs/location.md) takes the ranges themselves, so that two of them help as well. Each set is first solved for the most
 * likely place with what is known beforehand, by a loss that lets ranges be too long; the weights that come out of it then go into the
 * update of place, velocity and delays.
 */
export class RangeTracker {
  readonly #settings: LocationSettings
  readonly #solver: RangeSolver
  readonly #filter: TrackFilter
  readonly #alone: LoneFix = loneFix()
  readonly #misfit: Misfit = { squares: 0, expected: 0 }
  /** First state of the link of each range in the set. */
  #links = new Int32Array(16)

  constructor(settings: LocationSettings) {
    this.#settings = settings
    this.#solver = new RangeSolver(settings.longTail, settings.shortTail)
    this.#filter = new TrackFilter(settings)
  }

  alone(set: RangeSet): Located {
    this.#fill(set)
    const fix = this.#alone
    fixAlone(this.#solver, set.dims, this.#settings, fix)
    if (fix.error !== undefined) return { error: fix.error }
    const { x, y, z } = fix.point
    return { x, y, z, accuracyM: fix.accuracyM, used: this.#used(set) }
  }

  /** The first fix of a tag, and the track that begins with it. */
  begin(set: RangeSet): { readonly fix: Located; readonly track?: Track } {
    const fix = this.alone(set)
    if ('error' in fix) return { fix }
    const track = newTrack('ranges', set.timeS, set.dims)
    return { fix: this.#restart(track, set), track }
  }

  /** A set of ranges of a tag that is being followed; not from before the track's time, and of its dimensions. */
  follow(track: Track, set: RangeSet): Located {
    if (set.anchors.length === 0) return { error: 'there are no ranges' }
    const filter = this.#filter
    const { heightSdM, carryingHeightM } = this.#settings
    filter.load(track)
    const elapsedS = set.timeS - track.timeS
    track.timeS = set.timeS
    filter.predict(elapsedS)
    if (track.dims === 2) filter.relax(2, Math.exp(-elapsedS / HEIGHT_LASTS_S), carryingHeightM, heightSdM ** 2)
    this.#assignLinks(track, set)
    this.#watchMisfit(track, set)
    this.#expect(track, set)
    this.#solver.refine(filter.mean[0] ?? 0, filter.mean[1] ?? 0, filter.mean[2] ?? 0, false)
    return this.#contradicts() ? this.#doubt(track, set) : this.#update(track, set)
  }

  /** A track begins at the place that `alone` has just found. */
  #restart(track: Track, set: RangeSet): Located {
    const filter = this.#filter
    const { speedSdMps, heightSdM, carryingHeightM, tagDelayM } = this.#settings
    const { point, covariance } = this.#alone
    // Wide: the ranges that found the place are about to be taken in.
    const wide = 100 * (covariance.xx + covariance.yy + 0.01)
    Object.assign(track, { ...newTrack('ranges', set.timeS, set.dims), mean: track.mean, covariance: track.covariance })
    filter.states = 0
    filter.reset(0, point.x, wide)
    filter.reset(1, point.y, wide)
    filter.reset(2, set.dims === 3 ? point.z : carryingHeightM, set.dims === 3 ? wide : heightSdM ** 2)
    for (let axis = 0; axis < 3; axis++) filter.reset(3 + axis, 0, axis < set.dims ? speedSdMps ** 2 : 0)
    filter.reset(TAG_DELAY, 0, tagDelayM ** 2)
    this.#assignLinks(track, set)
    track.logNoise = FIRST_LOG_NOISE
    Object.assign(this.#misfit, this.#alone.misfit)
    this.#learnMisfit(track)
    return this.#update(track, set)
  }

  #contradicts(): boolean {
    const { weight, count } = this.#solver
    let refused = 0
    for (let i = 0; i < count; i++) if ((weight[i] ?? 0) < BELIEVED_WEIGHT) refused++
    return 2 * refused > count
  }

  /** Either these ranges are wrong or the track is: it goes on without them, less sure, until they insist. */
  #doubt(track: Track, set: RangeSet): Located {
    const filter = this.#filter
    track.contradictions++
    let offM = 0
    for (let i = 0; i < this.#solver.count; i++) offM = Math.max(offM, Math.abs(this.#solver.residualM[i] ?? 0))
    if (track.contradictions >= CONTRADICTIONS_TO_RESTART && !('error' in this.alone(set))) return this.#restart(track, set)
    filter.store(track)
    return { ...this.#fix(track, set, offM), used: [] }
  }

  /** Takes the ranges in, linearised and weighed as the solver left them. */
  #update(track: Track, set: RangeSet): Located {
    const filter = this.#filter
    const solver = this.#solver
    const noise = this.#noiseVariance(track)
    track.contradictions = 0
    for (let i = 0; i < solver.count; i++) if (this.#metObstacle(i)) filter.loosen(this.#links[i] ?? 0, (solver.residualM[i] ?? 0) ** 2)
    for (let i = 0; i < solver.count; i++) {
      const variance = this.#metObstacle(i) ? noise : noise / Math.max(solver.weight[i] ?? 1, 1e-3)
      this.#observe(i, set.rangesM[i] ?? 0, variance)
    }
    filter.store(track)
    return this.#fix(track, set, 0)
  }

  #metObstacle(i: number): boolean {
    return (this.#solver.residualM[i] ?? 0) > 0 && (this.#solver.weight[i] ?? 1) < OBSTACLE_WEIGHT
  }

  #observe(i: number, rangeM: number, variance: number): void {
    const solver = this.#solver
    const { x: px, y: py, z: pz } = solver.point
    const { mean } = this.#filter
    const link = this.#links[i] ?? 0
    const ex = px - (solver.anchorX[i] ?? 0)
    const ey = py - (solver.anchorY[i] ?? 0)
    const ez = pz - (solver.anchorZ[i] ?? 0)
    const distance = Math.sqrt(ex * ex + ey * ey + ez * ez)
    // At the anchor itself a distance has no direction.
    if (distance < 1e-9) return
    const jx = ex / distance
    const jy = ey / distance
    const jz = ez / distance
    const moved = jx * ((mean[0] ?? 0) - px) + jy * ((mean[1] ?? 0) - py) + jz * ((mean[2] ?? 0) - pz)
    this.#filter.observe(jx, jy, jz, 1, link, rangeM - distance - moved - this.#delay(link), variance)
  }

  #fix(track: Track, set: RangeSet, offM: number): Located {
    const filter = this.#filter
    const radius = radius68(filter.at(0, 0), filter.at(0, 1), filter.at(1, 1))
    return {
      x: filter.mean[0] ?? 0,
      y: filter.mean[1] ?? 0,
      z: filter.mean[2] ?? 0,
      accuracyM: Math.hypot(radius * this.#widening(track), offM),
      used: this.#used(set)
    }
  }

  /** The filter assumes how wide the lasting errors are; what the ranges disagree by among themselves tells it better. */
  #widening(track: Track): number {
    const { rangeErrorM, reflectionM, linkDelayM } = this.#settings
    const assumed = reflectionM * reflectionM + linkDelayM * linkDelayM
    const lasting = track.misfit * rangeErrorM * rangeErrorM - this.#noiseVariance(track)
    return Math.sqrt(Math.max(1, (SHARE_IN_PLACE * lasting) / assumed))
  }

  #noiseVariance(track: Track): number {
    return (this.#settings.rangeNoiseM * Math.exp(track.logNoise)) ** 2
  }

  /** What the filter knows of the range's error: of the tag, and of the link. */
  #delay(link: number): number {
    const { mean } = this.#filter
    return (mean[TAG_DELAY] ?? 0) + (mean[link] ?? 0) + (mean[link + 1] ?? 0)
  }

  #fill(set: RangeSet): void {
    const solver = this.#solver
    solver.begin(set.anchors.length)
    for (let i = 0; i < set.anchors.length; i++) {
      const anchor = set.anchors[i]
      solver.anchorX[i] = anchor?.x ?? 0
      solver.anchorY[i] = anchor?.y ?? 0
      solver.anchorZ[i] = anchor?.z ?? 0
      solver.rangeM[i] = set.rangesM[i] ?? 0
      solver.sdM[i] = this.#settings.rangeErrorM
    }
  }

  #watchMisfit(track: Track, set: RangeSet): void {
    if (set.anchors.length <= set.dims) return
    const solver = this.#solver
    const { mean } = this.#filter
    this.#fill(set)
    heightPrior(solver, set.dims, this.#settings)
    solver.refine(mean[0] ?? 0, mean[1] ?? 0, mean[2] ?? 0, false)
    measureMisfit(solver, set.dims, this.#misfit)
    this.#learnMisfit(track)
  }

  #learnMisfit(track: Track): void {
    const keep = 1 - 1 / MISFIT_SETS
    track.squares = keep * track.squares + this.#misfit.squares
    track.expected = keep * track.expected + this.#misfit.expected
    track.misfit = misfitFactor(track)
  }

  /** Fills the solver with what the filter expects of place, tag and links, and learns the noise from how far the ranges are from it. */
  #expect(track: Track, set: RangeSet): void {
    const solver = this.#solver
    const filter = this.#filter
    const { mean } = filter
    const noise = this.#noiseVariance(track)
    fillPrior(filter, solver)
    this.#fill(set)
    let steps = 0
    for (let i = 0; i < solver.count; i++) {
      const link = this.#links[i] ?? 0
      const ex = (mean[0] ?? 0) - (solver.anchorX[i] ?? 0)
      const ey = (mean[1] ?? 0) - (solver.anchorY[i] ?? 0)
      const ez = (mean[2] ?? 0) - (solver.anchorZ[i] ?? 0)
      const distance = Math.max(Math.sqrt(ex * ex + ey * ey + ez * ez), 1e-9)
      const innovation = (set.rangesM[i] ?? 0) - distance - this.#delay(link)
      const variance = filter.expectedVariance(ex / distance, ey / distance, ez / distance, 1, link) + noise
      steps += innovation * innovation > variance ? 0.68 : -0.32
      this.#forgetObstacle(link, innovation, noise)
      solver.rangeM[i] = (set.rangesM[i] ?? 0) - (mean[link] ?? 0) - (mean[link + 1] ?? 0)
      solver.sdM[i] = Math.sqrt(noise + this.#linkVariance(link))
    }
    track.logNoise = Math.min(Math.max(track.logNoise + NOISE_STEP * steps, 0), MAX_LOG_NOISE)
  }

  #linkVariance(link: number): number {
    const filter = this.#filter
    return filter.at(link, link) + 2 * filter.at(link, link + 1) + filter.at(link + 1, link + 1)
  }

  /** A range that is suddenly shorter has lost what made it longer: that is no news of the place. */
  #forgetObstacle(link: number, innovation: number, noise: number): void {
    if (innovation >= 0 || (this.#filter.mean[link] ?? 0) <= 0) return
    if (innovation * innovation > 9 * (noise + this.#linkVariance(link))) this.#filter.reset(link, 0, this.#settings.reflectionM ** 2)
  }

  #assignLinks(track: Track, set: RangeSet): void {
    const { links, heardS } = track
    if (this.#links.length < set.anchors.length) this.#links = new Int32Array(2 * set.anchors.length)
    for (let i = 0; i < set.anchors.length; i++) {
      const id = set.anchors[i]?.id ?? ''
      let place = links.indexOf(id)
      if (place < 0) {
        place = links.length < MAX_LINKS ? links.length : longestUnheard(heardS)
        links[place] = id
        this.#filter.reset(FIRST_LINK + STATES_OF_LINK * place, 0, this.#settings.reflectionM ** 2)
        this.#filter.reset(FIRST_LINK + STATES_OF_LINK * place + 1, 0, this.#settings.linkDelayM ** 2)
      }
      heardS[place] = set.timeS
      this.#links[i] = FIRST_LINK + STATES_OF_LINK * place
    }
  }

  #used(set: RangeSet): string[] {
    const used: string[] = []
    for (let i = 0; i < set.anchors.length; i++) {
      if ((this.#solver.weight[i] ?? 0) >= BELIEVED_WEIGHT) used.push(set.anchors[i]?.id ?? '')
    }
    return used
  }
}

function longestUnheard(heardS: readonly number[]): number {
  let oldest = 0
  for (let link = 1; link < heardS.length; link++) if ((heardS[link] ?? 0) < (heardS[oldest] ?? 0)) oldest = link
  return oldest
}
