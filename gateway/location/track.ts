import type { Dimensions } from './fix.ts'

/** Where the tag's own delay stands in the state, after place and velocity. */
export const TAG_DELAY = 6
/** The links to the anchors follow from here, each with two states: what comes and goes, and what stays. */
export const FIRST_LINK = 7
export const STATES_OF_LINK = 2
/** As many anchors as a tag hears at once, and some more; the one not heard for longest makes room. */
export const MAX_LINKS = 20

/** What a track is fed with; the two do not mix, since the links mean anchors in one and axes in the other. */
export type TrackKind = 'ranges' | 'positions'

/** What one tag's filter remembers. Plain data: it is kept in checkpoints and given back bit for bit. */
export interface Track {
  readonly kind: TrackKind
  timeS: number
  dims: Dimensions
  /** [x, y, z, vx, vy, vz, delay of the tag, delay of each link …], metres and m/s. */
  mean: Float64Array
  /** Covariance of `mean`, lower triangle by rows. */
  covariance: Float32Array
  /** Ids of the anchors whose delays are followed, in the order of the state, and when each was last heard. */
  readonly links: string[]
  readonly heardS: number[]
  /** How badly the ranges of the last while agree among themselves, and the factor of the variances that follows from it. */
  squares: number
  expected: number
  misfit: number
  /** Logarithm of how much larger the noise of the ranges is than was assumed. */
  logNoise: number
  /** Sets of ranges in a row that contradict the track. */
  contradictions: number
}

export const newTrack = (kind: TrackKind, timeS: number, dims: Dimensions): Track => ({
  kind,
  timeS,
  dims,
  mean: new Float64Array(0),
  covariance: new Float32Array(0),
  links: [],
  heardS: [],
  squares: 0,
  expected: 0,
  misfit: 1,
  logNoise: 0,
  contradictions: 0
})

export const triangle = (states: number): number => (states * (states + 1)) / 2

/** JSON form of a track. */
export interface SavedTrack {
  readonly kind: TrackKind
  readonly timeS: number
  readonly dims: Dimensions
  readonly mean: readonly number[]
  readonly covariance: readonly number[]
  readonly links: readonly string[]
  readonly heardS: readonly number[]
  readonly squares: number
  readonly expected: number
  readonly misfit: number
  readonly logNoise: number
  readonly contradictions: number
}

export function saveTrack(track: Track): SavedTrack {
  const states = FIRST_LINK + STATES_OF_LINK * track.links.length
  return {
    ...track,
    mean: Array.from(track.mean.subarray(0, states)),
    covariance: Array.from(track.covariance.subarray(0, triangle(states))),
    links: [...track.links],
    heardS: [...track.heardS]
  }
}

export function restoreTrack(saved: SavedTrack): Track {
  return {
    ...saved,
    mean: Float64Array.from(saved.mean),
    covariance: Float32Array.from(saved.covariance),
    links: [...saved.links],
    heardS: [...saved.heardS]
  }
}
