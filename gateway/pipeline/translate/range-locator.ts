import type { Anchor, Located } from '../../location/fix.ts'
import type { LocationSettings } from '../../location/location-settings.ts'
import { type RangeSet, RangeTracker } from '../../location/range-tracker.ts'
import type { EventData } from '../event-data.ts'
import { KeptTrack, keptTrack, type PackedTrack } from './kept-track.ts'
import type { SiteLookup } from './site-lookup.ts'

type Ranges = NonNullable<EventData['TagMovement']['ranges']>

export interface Ranged {
  track?: KeptTrack | PackedTrack | undefined
}

export interface RangeFix {
  readonly located: Located
  /** Frame of the anchors. */
  readonly frame: string | undefined
  readonly floor: string | undefined
  readonly floorZ: number
}

const MAX_RANGES = 20

/** Fixes of tags by ranges to anchors: those that installers have placed, or places that the ranges bring along. */
export class RangeLocator {
  readonly #site: SiteLookup
  readonly #tracker: RangeTracker

  constructor(site: SiteLookup, settings: LocationSettings) {
    this.#site = site
    this.#tracker = new RangeTracker(settings)
  }

  /**
   * @param timeS pipeline time; not before that of the track
   * @param isKept false: a fix alone, which the track does not learn of
   */
  locate(ranges: Ranges, state: Ranged, timeS: number, dims: 2 | 3, isKept: boolean): RangeFix {
    const { frame, floor } = this.#nearest(ranges)
    // In two dimensions tags are held at carrying height above the floor on which the nearest anchor is: heights count from there, in the track as well.
    const floorZ = dims === 2 ? this.#site.floorZ(floor) : 0
    const set = this.#set(ranges, frame, floorZ, timeS, dims)
    if (!isKept) return { located: this.#tracker.alone(set), frame, floor, floorZ }
    const kept = state.track === undefined ? undefined : keptTrack(state.track)
    if (kept !== undefined && kept.track.dims === dims) {
      state.track = kept
      return { located: this.#tracker.follow(kept.track, set), frame, floor, floorZ }
    }
    const { fix, track } = this.#tracker.begin(set)
    state.track = track === undefined ? undefined : new KeptTrack(track)
    return { located: fix, frame, floor, floorZ }
  }

  #nearest(ranges: Ranges): { readonly frame: string | undefined; readonly floor: string | undefined } {
    let best: { readonly frame: string; readonly floor?: string | undefined } | undefined
    let leastM = Number.POSITIVE_INFINITY
    for (const { anchor: id, rangeM } of ranges) {
      const anchor = this.#site.anchor(id)
      if (anchor === undefined || rangeM >= leastM) continue
      best = anchor
      leastM = rangeM
    }
    return { frame: best?.frame, floor: best?.floor }
  }

  /** Of one frame only, each anchor once; what cannot be a range is left out. */
  #set(ranges: Ranges, frame: string | undefined, floorZ: number, timeS: number, dims: 2 | 3): RangeSet {
    const anchors: Anchor[] = []
    const rangesM: number[] = []
    for (const { anchor: id, rangeM, anchorPosition } of ranges) {
      if (!(rangeM >= 0 && rangeM < 1e6) || anchors.length >= MAX_RANGES || anchors.some((each) => each.id === id)) continue
      const placed = this.#site.anchor(id)
      const place = placed === undefined ? (frame === undefined ? anchorPosition : undefined) : placed.frame === frame ? placed : undefined
      if (place === undefined) continue
      anchors.push({ id, x: place.x, y: place.y, z: (place.z ?? 0) - floorZ })
      rangesM.push(rangeM)
    }
    return { timeS, dims, anchors, rangesM }
  }
}
