import type { Fix } from '../../events/business-events.ts'
import { isFix, type Located } from '../../location/fix.ts'
import { DEFAULT_LOCATION_SETTINGS, type LocationSettings } from '../../location/location-settings.ts'
import { PositionTracker } from '../../location/position-tracker.ts'
import type { Georeference } from '../../site/georeference/level-frame.ts'
import type { SiteModel } from '../../site/site-model.ts'
import { ZoneFinder } from '../../site/zones/zone-finder.ts'
import type { ZoneMap } from '../../site/zones/zone-map.ts'
import { type AnyOf, type AnyProcessor, type Context, defineProcessor } from '../processor.ts'
import { KeptTrack, keptTrack, type PackedTrack } from './kept-track.ts'
import type { LocateSource } from './locate-settings.ts'
import { type Ranged, RangeLocator } from './range-locator.ts'
import { type Hearings, ReceiverLocator } from './receiver-hearings.ts'
import { SiteLookup } from './site-lookup.ts'

/** Of positioning systems and satellite receivers that do not say how good they are. */
const GIVEN_ACCURACY_M = 1
const GNSS_ACCURACY_M = 10
/** A tag that was not heard for so long is where it is found again, whatever its filter expected. */
const FORGET_AFTER_MS = 3_600_000
/** Systems that see one tag; the one that has not for longest makes room. */
const MAX_SOURCES = 4
/** Stands for all receivers, whichever source they belong to. */
const RECEIVERS = ''
const NO_SETTINGS: LocateSource = {}

export interface LocateOptions {
  readonly site: Pick<SiteModel, 'anchor' | 'receiver' | 'floor'>
  /** Ties of frames to the earth, by the frame's name. */
  readonly georeferences: ReadonlyMap<string, Georeference>
  /** Zones as they are now; absent: fixes do not say in which they lie. With other zones the processor is made anew. */
  readonly zones?: ZoneMap
  /** By the source's id. */
  readonly sources: Readonly<Record<string, LocateSource>>
  readonly settings?: LocationSettings
}

/** What is remembered of a tag as one source sees it. */
interface Seen extends Ranged, Hearings {
  readonly source: string
  /** Filter of positions that the system gives; `track` is that of ranges. */
  given?: KeptTrack | PackedTrack | undefined
  /** Pipeline time at which the newest fix was measured. */
  fixMs: number | null
  /** Frames that gave no place since the last that did, and why the last of them did not. */
  unlocated: number
  why?: string | undefined
}

interface Tag {
  readonly seen: Seen[]
}

type Event = AnyOf<'TagMovement' | 'TagInfo'>
type Told = Context<'TagFix', 'forget'>
interface Place {
  readonly method: Fix['method']
  readonly accuracyM: number
  readonly frame?: string | undefined
  readonly x?: number
  readonly y?: number
  readonly z?: number | undefined
  readonly geo?: Fix['geo']
  readonly floor?: string | undefined
}

/**
 * Every fix of a tag, in metres of a frame and on the earth, with its floor, zones and an accuracy that can be believed. A position that the system gives stays as it
 * is, unless its source is to be smoothed; ranges are solved; a tag of which only receivers tell is placed by them.
 *
 * A fix keeps the time at which it was measured. One that is older than the newest of its source is told as `past` and never touches a filter; repeated
 * data of unknown age are no fix at all, since nobody could say how long ago that was.
 */
export function locate(options: LocateOptions): AnyProcessor {
  const locator = new Locator(options)
  return defineProcessor<'TagMovement' | 'TagInfo', 'TagFix', Tag, 'forget'>({
    name: 'locate',
    title: 'Where a tag is, from positions, ranges or receivers',
    in: ['TagMovement', 'TagInfo'],
    out: ['TagFix'],
    timers: ['forget'],
    version: 1,
    key: (event) => event.key,
    initial: () => ({ seen: [] }),
    process(event, state, context) {
      const isUsable = event.data.stale !== true || event.data.deviceTime !== undefined
      if (isUsable) locator.take(event, state, context)
      // A stranger's device that tells nothing of its place leaves nothing behind.
      if (state.seen.length === 0) context.drop()
      else context.setTimer('forget', context.nowMs + FORGET_AFTER_MS)
    },
    onTimer: (_name, _state, context) => context.drop()
  })
}

class Locator {
  readonly #site: SiteLookup
  readonly #zones: ZoneFinder | undefined
  readonly #sources: Readonly<Record<string, LocateSource>>
  readonly #ranges: RangeLocator
  readonly #receivers: ReceiverLocator
  readonly #positions: PositionTracker

  constructor({ site, georeferences, zones, sources, settings = DEFAULT_LOCATION_SETTINGS }: LocateOptions) {
    this.#zones = zones === undefined ? undefined : new ZoneFinder(zones)
    this.#site = new SiteLookup(site, georeferences)
    this.#sources = sources
    this.#ranges = new RangeLocator(this.#site, settings)
    this.#receivers = new ReceiverLocator(this.#site, settings.carryingHeightM)
    this.#positions = new PositionTracker(settings)
  }

  take(event: Event, state: Tag, context: Told): void {
    const measuredMs = context.nowMs - Math.max(0, context.wallMs - event.time)
    const how: LocateSource = (event.source === undefined ? undefined : this.#sources[event.source]) ?? NO_SETTINGS
    if (event.type === 'TagInfo' || !this.#takeMovement(event, state, how, measuredMs, context))
      this.#takeHearing(event, state, how, measuredMs, context)
  }

  /** False: it tells of no place. */
  #takeMovement(event: AnyOf<'TagMovement'>, state: Tag, how: LocateSource, measuredMs: number, context: Told): boolean {
    const { position, geo, ranges } = event.data
    if (position === undefined && geo === undefined && ranges === undefined) return false
    const seen = seenBy(state, event.source ?? 'gateway')
    const isPast = seen.fixMs !== null && measuredMs < seen.fixMs
    let place: Place | string
    if (position !== undefined) place = this.#given(event, position, how, seen, measuredMs, isPast)
    else if (geo !== undefined) place = this.#gnss(event, geo, how)
    else place = this.#ranged(event, ranges ?? [], how, seen, measuredMs, isPast)
    this.#tell(event, place, seen, measuredMs, isPast, context)
    return true
  }

  #takeHearing(event: Event, state: Tag, how: LocateSource, measuredMs: number, context: Told): void {
    const { receiver, rssiDbm } = event.data
    if (receiver === undefined || rssiDbm === undefined || !this.#receivers.knows(receiver)) return
    // Receivers that are sources of their own hear a tag together.
    const seen = seenBy(state, RECEIVERS)
    if (seen.fixMs !== null && measuredMs < seen.fixMs) return
    const fix = this.#receivers.hear(seen, receiver, rssiDbm, measuredMs, how.receivers ?? 'weighted')
    if (fix === undefined) return
    this.#tell(event, this.#placed(fix.located, fix.method, fix.frame, 0, fix.floor), seen, measuredMs, false, context)
  }

  #given(
    event: AnyOf<'TagMovement'>,
    position: NonNullable<Fix['position']>,
    how: LocateSource,
    seen: Seen,
    measuredMs: number,
    isPast: boolean
  ): Place | string {
    const { x, y, z } = position
    const frame = position.frame ?? how.frame
    const accuracyM = event.data.accuracyM ?? how.accuracyM ?? GIVEN_ACCURACY_M
    const floor = this.#site.floorAt(frame, z, event.data.floor)
    if (how.smooth !== true || isPast) return { method: 'given', accuracyM, frame, x, y, z, floor }
    const given = { timeS: measuredMs / 1_000, x, y, ...(z === undefined ? {} : { z }), accuracyM }
    const kept = seen.given === undefined ? undefined : keptTrack(seen.given)
    if (kept !== undefined) {
      seen.given = kept
      const fix = this.#positions.follow(kept.track, given)
      return { method: 'given', accuracyM: fix.accuracyM, frame, x: fix.x, y: fix.y, z: z === undefined ? undefined : fix.z, floor }
    }
    const { fix, track } = this.#positions.begin(given)
    seen.given = new KeptTrack(track)
    return { method: 'given', accuracyM: fix.accuracyM, frame, x: fix.x, y: fix.y, z: z === undefined ? undefined : fix.z, floor }
  }

  /** In metres as well where the source has a frame: for zones and floors that are drawn in it. */
  #gnss({ data }: AnyOf<'TagMovement'>, geo: NonNullable<Fix['geo']>, how: LocateSource): Place {
    const accuracyM = data.accuracyM ?? how.accuracyM ?? GNSS_ACCURACY_M
    const { latitudeDeg: lat, longitudeDeg: lon, altitudeM, geoidSeparationM } = geo
    const isHigh = altitudeM !== undefined && geoidSeparationM !== undefined
    const point = this.#site.georeference(how.frame)?.toFrame({ lat, lon, alt: isHigh ? altitudeM + geoidSeparationM : 0 })
    if (point === undefined) return { method: 'gnss', accuracyM, geo }
    const z = isHigh ? point.z : undefined
    return {
      method: 'gnss',
      accuracyM,
      geo,
      frame: how.frame,
      x: point.x,
      y: point.y,
      z,
      floor: this.#site.floorAt(how.frame, z, data.floor)
    }
  }

  #ranged(
    event: AnyOf<'TagMovement'>,
    ranges: NonNullable<AnyOf<'TagMovement'>['data']['ranges']>,
    how: LocateSource,
    seen: Seen,
    measuredMs: number,
    isPast: boolean
  ): Place | string {
    const dims = how.dimensions ?? 2
    const isKept = how.smooth !== false && !isPast
    const { located, frame = how.frame, floor, floorZ } = this.#ranges.locate(ranges, seen, measuredMs / 1_000, dims, isKept)
    const storey = dims === 3 && isFix(located) ? this.#site.floorAt(frame, located.z, event.data.floor) : floor
    return this.#placed(located, 'ranges', frame, floorZ, storey)
  }

  #placed(located: Located, method: Fix['method'], frame: string | undefined, floorZ: number, floor: string | undefined): Place | string {
    if (!isFix(located)) return located.error
    const { x, y, z, accuracyM } = located
    return { method, accuracyM, frame, x, y, z: z + floorZ, floor }
  }

  #tell(event: Event, place: Place | string, seen: Seen, measuredMs: number, isPast: boolean, context: Told): void {
    if (typeof place === 'string') {
      seen.unlocated += 1
      seen.why = place
      return
    }
    seen.unlocated = 0
    if (!isPast) seen.fixMs = measuredMs
    const { method, accuracyM, frame, x, y, z, floor } = place
    const isMetric = x !== undefined && y !== undefined
    const fix: Fix = {
      tag: event.key,
      source: seen.source === RECEIVERS ? undefined : event.source,
      method,
      time: event.time,
      accuracyM,
      position: isMetric ? { x, y, z, frame } : undefined,
      geo: place.geo ?? (isMetric ? this.#onEarth(frame, x, y, z) : undefined),
      floor
    }
    // Shared by all fixes of the zone: nobody writes into events.
    const zones = this.#zones?.find(fix)
    if (zones !== undefined) fix.zones = zones as string[]
    const { speedMps, courseDeg } = event.data
    const data = isPast ? { fix, past: true as const, speedMps, courseDeg } : { fix, speedMps, courseDeg }
    context.emit('TagFix', { key: context.key, time: event.time, source: event.source, data })
  }

  /** Without a height: frames know heights above the ellipsoid, and the geoid of the place is not known here. */
  #onEarth(frame: string | undefined, x: number, y: number, z = 0): Fix['geo'] {
    const point = this.#site.georeference(frame)?.toWgs84({ x, y, z })
    return point === undefined ? undefined : { latitudeDeg: point.lat, longitudeDeg: point.lon }
  }
}

function seenBy({ seen }: Tag, source: string): Seen {
  let oldest = 0
  for (let place = 0; place < seen.length; place++) {
    const each = seen[place]
    if (each?.source === source) return each
    if ((each?.fixMs ?? Number.NEGATIVE_INFINITY) < (seen[oldest]?.fixMs ?? Number.NEGATIVE_INFINITY)) oldest = place
  }
  const fresh: Seen = { source, fixMs: null, unlocated: 0, heard: [], fixedMs: null }
  if (seen.length >= MAX_SOURCES) seen[oldest] = fresh
  else seen.push(fresh)
  return fresh
}
