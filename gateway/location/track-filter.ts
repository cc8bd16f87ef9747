import type { LocationSettings } from './location-settings.ts'
import { FIRST_LINK, MAX_LINKS, STATES_OF_LINK, TAG_DELAY, type Track, triangle } from './track.ts'

/** An error of a link beyond three deviations, squared, is an obstacle's. */
const OBSTACLE_SQUARES = 9
/** (10 km)²: a tag not heard for a year is anywhere, and numbers stay in hand. */
const MAX_PLACE_VARIANCE = 1e8
const MAX_STATES = FIRST_LINK + STATES_OF_LINK * MAX_LINKS

/**
 * The linear algebra of one tag's filter: place and velocity, and for each anchor a delay that lasts. It works in a matrix of its own
 * into which a track is loaded and from which it is stored; one instance serves one thread.
 *
 * Velocity forgets itself (Ornstein-Uhlenbeck), so that a tag that is not heard for an hour is lost by a walk, not by a rocket.
 */
export class TrackFilter {
  states = 0
  readonly mean = new Float64Array(MAX_STATES)
  /** Rows of MAX_STATES; symmetric. */
  readonly covariance = new Float64Array(MAX_STATES * MAX_STATES)
  readonly #gain = new Float64Array(MAX_STATES)
  readonly #settings: LocationSettings

  constructor(settings: LocationSettings) {
    this.#settings = settings
  }

  load(track: Track): void {
    const states = FIRST_LINK + STATES_OF_LINK * track.links.length
    this.states = states
    this.mean.set(track.mean.subarray(0, states))
    const { covariance } = this
    const packed = track.covariance
    let k = 0
    for (let row = 0; row < states; row++) {
      for (let column = 0; column <= row; column++) {
        const value = packed[k++] ?? 0
        covariance[row * MAX_STATES + column] = value
        covariance[column * MAX_STATES + row] = value
      }
    }
  }

  store(track: Track): void {
    const { states, covariance } = this
    const size = triangle(states)
    if (track.mean.length < states) {
      // Anchors come by and by; a little room saves most of the moves.
      const room = Math.min(states + 2, MAX_STATES)
      track.mean = new Float64Array(room)
      track.covariance = new Float32Array(triangle(room))
    } else if (track.covariance.length < size) track.covariance = new Float32Array(triangle(track.mean.length))
    for (let row = 0; row < states; row++) track.mean[row] = this.mean[row] ?? 0
    const packed = track.covariance
    let k = 0
    for (let row = 0; row < states; row++) {
      for (let column = 0; column <= row; column++) packed[k++] = covariance[row * MAX_STATES + column] ?? 0
    }
  }

  at(row: number, column: number): number {
    return this.covariance[row * MAX_STATES + column] ?? 0
  }

  /** One more variance for one state, independent of all that is known. */
  loosen(state: number, variance: number): void {
    const at = state * MAX_STATES + state
    this.covariance[at] = (this.covariance[at] ?? 0) + variance
  }

  /** A state of which nothing is known but its spread. */
  reset(state: number, mean: number, variance: number): void {
    if (state >= this.states) this.states = state + 1
    this.mean[state] = mean
    for (let other = 0; other < this.states; other++) {
      this.covariance[state * MAX_STATES + other] = 0
      this.covariance[other * MAX_STATES + state] = 0
    }
    this.covariance[state * MAX_STATES + state] = variance
  }

  /** Time goes by. Exact for any length of it. */
  predict(seconds: number): void {
    if (seconds <= 0) return
    const { speedSdMps, speedLastsS } = this.#settings
    const keep = Math.exp(-seconds / speedLastsS)
    const reach = speedLastsS * (1 - keep)
    const speedVariance = speedSdMps * speedSdMps
    const lostSpeed = speedVariance * (1 - keep * keep)
    const both = speedVariance * speedLastsS * (1 - keep) * (1 - keep)
    const lostPlace = 2 * speedVariance * speedLastsS * (seconds - 2 * reach + (speedLastsS * (1 - keep * keep)) / 2)
    this.#shift(keep, reach)
    const axes = this.at(5, 5) > 0 ? 3 : 2
    for (let axis = 0; axis < axes; axis++) {
      this.loosen(axis, Math.min(Math.max(lostPlace, 0), MAX_PLACE_VARIANCE))
      this.loosen(axis + 3, lostSpeed)
      const [place, speed] = [axis * MAX_STATES + axis + 3, (axis + 3) * MAX_STATES + axis]
      this.covariance[place] = (this.covariance[place] ?? 0) + both
      this.covariance[speed] = (this.covariance[speed] ?? 0) + both
    }
    const { tagDelayM, tagDelayLastsS, linkDelayM, linkDelayLastsS, reflectionM, reflectionLastsS } = this.#settings
    this.relax(TAG_DELAY, Math.exp(-seconds / tagDelayLastsS), 0, tagDelayM * tagDelayM)
    const forgetReflection = Math.exp(-seconds / reflectionLastsS)
    const forgetDelay = Math.exp(-seconds / linkDelayLastsS)
    for (let state = FIRST_LINK; state < this.states; state += STATES_OF_LINK) {
      // An obstacle goes at once: until then its error hardly fades, but becomes uncertain.
      const mean = this.mean[state] ?? 0
      const isObstacle = mean * mean > OBSTACLE_SQUARES * reflectionM * reflectionM
      if (isObstacle) this.relax(state, forgetReflection, mean * forgetReflection, mean * mean)
      else this.relax(state, forgetReflection, 0, reflectionM * reflectionM)
      this.relax(state + 1, forgetDelay, 0, linkDelayM * linkDelayM)
    }
  }

  /** A state that goes back to its middle by itself: `keep` of its distance remains, and the variance tends to the one given. */
  relax(state: number, keep: number, middle: number, variance: number): void {
    const { covariance: p, mean, states } = this
    mean[state] = middle + keep * ((mean[state] ?? 0) - middle)
    for (let k = 0; k < states; k++) {
      p[state * MAX_STATES + k] = keep * (p[state * MAX_STATES + k] ?? 0)
      p[k * MAX_STATES + state] = keep * (p[k * MAX_STATES + state] ?? 0)
    }
    this.loosen(state, (1 - keep * keep) * variance)
  }

  /** F · P · Fᵀ for the motion part: place takes `reach` seconds of velocity, velocity keeps a part of itself. */
  #shift(keep: number, reach: number): void {
    const { covariance: p, mean, states } = this
    for (let axis = 0; axis < 3; axis++) {
      const velocity = mean[axis + 3] ?? 0
      mean[axis] = (mean[axis] ?? 0) + reach * velocity
      mean[axis + 3] = keep * velocity
      const [place, speed] = [axis * MAX_STATES, (axis + 3) * MAX_STATES]
      for (let k = 0; k < states; k++) {
        const ofSpeed = p[speed + k] ?? 0
        p[place + k] = (p[place + k] ?? 0) + reach * ofSpeed
        p[speed + k] = keep * ofSpeed
      }
    }
    for (let axis = 0; axis < 3; axis++) {
      for (let k = 0; k < states; k++) {
        const [place, speed] = [k * MAX_STATES + axis, k * MAX_STATES + axis + 3]
        const ofSpeed = p[speed] ?? 0
        p[place] = (p[place] ?? 0) + reach * ofSpeed
        p[speed] = keep * ofSpeed
      }
    }
  }

  /** Variance of what `observe` would expect, without the noise. */
  expectedVariance(jx: number, jy: number, jz: number, jd: number, link: number): number {
    return (
      jx * this.#along(0, jx, jy, jz, jd, link) +
      jy * this.#along(1, jx, jy, jz, jd, link) +
      jz * this.#along(2, jx, jy, jz, jd, link) +
      jd * this.#along(TAG_DELAY, jx, jy, jz, jd, link) +
      this.#along(link, jx, jy, jz, jd, link) +
      this.#along(link + 1, jx, jy, jz, jd, link)
    )
  }

  #along(state: number, jx: number, jy: number, jz: number, jd: number, link: number): number {
    const p = this.covariance
    const row = state * MAX_STATES
    const ofPlace = jx * (p[row] ?? 0) + jy * (p[row + 1] ?? 0) + jz * (p[row + 2] ?? 0)
    return ofPlace + jd * (p[row + TAG_DELAY] ?? 0) + (p[row + link] ?? 0) + (p[row + link + 1] ?? 0)
  }

  /**
   * Takes in one measurement: `measured = jx·x + jy·y + jz·z + jd·(delay of the tag) + state[link] + noise`, as an innovation against the present mean.
   */
  observe(jx: number, jy: number, jz: number, jd: number, link: number, innovation: number, noiseVariance: number): void {
    const { covariance: p, mean, states } = this
    const gain = this.#gain
    for (let k = 0; k < states; k++) gain[k] = this.#along(k, jx, jy, jz, jd, link)
    const ofPlace = jx * (gain[0] ?? 0) + jy * (gain[1] ?? 0) + jz * (gain[2] ?? 0)
    const variance = noiseVariance + ofPlace + jd * (gain[TAG_DELAY] ?? 0) + (gain[link] ?? 0) + (gain[link + 1] ?? 0)
    if (!(variance > 0)) return
    for (let k = 0; k < states; k++) {
      const part = (gain[k] ?? 0) / variance
      mean[k] = (mean[k] ?? 0) + part * innovation
      const row = k * MAX_STATES
      for (let other = 0; other < states; other++) p[row + other] = (p[row + other] ?? 0) - part * (gain[other] ?? 0)
    }
  }
}
