import type { Fix } from '../../events/business-events.ts'
import { placeIn, type ZoneFrame, type ZoneMap } from '../../site/zones/zone-map.ts'
import { edgeDistanceM, isAtHeight, isOver, type Place, type ZoneShape } from '../../site/zones/zone-shape.ts'
import type { EventData } from '../event-data.ts'
import { type AnyOf, type AnyProcessor, type Context, defineProcessor, EVERY_KEY } from '../processor.ts'
import { shareOf } from './zone-evidence.ts'
import { leavesAt, newTracked, type PresenceState, type Tracked, type Weighed, weighCandidate, weighInside } from './zone-presence.ts'
import type { ZoneCrossingSettings } from './zone-settings.ts'

/** Fixes that are older than the latest are passed over; if for so long only such come, it is the clock that was set back. */
const CLOCK_SET_BACK_MS = 60_000
/** A floor that was named for so long is believed. */
const FLOOR_STEADY_MS = 2_000
/** No accuracy is better than this: distances are divided by it. */
const LEAST_ACCURACY_M = 0.01

/** In place of a time: somebody has left, and others may be due. */
const DONE = Number.NEGATIVE_INFINITY

type ZoneContext = Context<'ZoneEntered' | 'ZoneLeft', 'zones'>
type Taken = AnyOf<
  'PersonFix' | 'PersonUnplaced' | 'DirectoryChanged' | 'SourceLost' | 'SourceRestored' | 'GatewayWasBlind' | 'ZonesChanged'
>
type LeaveReason = EventData['ZoneLeft']['reason']

/**
 * Tells which zones a person enters and leaves, each level for itself, the outer ones first on the way in and last on the way out. Who is in a zone is in
 * its parents, too, even where it is drawn beyond them: a parent is left when its own decision and all its children say so.
 *
 * @param zones as they are now; with other zones the processor is made anew, its state is restored, and `ZonesChanged` has everybody judged again
 */
export function personZones(zones: ZoneMap, settings: ZoneCrossingSettings): AnyProcessor {
  const judge = new ZoneJudge(zones, settings)
  return defineProcessor({
    name: 'person-zones',
    title: 'Tells which zones people enter and leave',
    in: ['PersonFix', 'PersonUnplaced', 'DirectoryChanged', 'SourceLost', 'SourceRestored', 'GatewayWasBlind', 'ZonesChanged'],
    out: ['ZoneEntered', 'ZoneLeft'],
    timers: ['zones'],
    version: 1,
    key: (event) => keyOf(event),
    initial: (): PresenceState => ({ zones: [], fix: null, nowMs: 0, floor: null, floorSince: 0, silentFromMs: null, dueMs: null }),
    process: (event, state, context) => judge.take(event, state, context),
    onTimer(_name, state, context) {
      state.dueMs = null
      judge.leave(state, context, context.wallMs)
    }
  })
}

function keyOf(event: Taken): string | undefined | typeof EVERY_KEY {
  if (event.type === 'PersonFix' || event.type === 'PersonUnplaced') return event.data.person
  if (event.type !== 'DirectoryChanged') return EVERY_KEY
  const { change, overruled } = event.data
  return overruled !== true && change.kind === 'person' && change.removed === true ? change.person : undefined
}

class ZoneJudge {
  readonly #map: ZoneMap
  readonly #settings: ZoneCrossingSettings
  /** Used anew for each fix: places in the frames of the zones, undefined where it has none. */
  readonly #places: Map<string, Place | undefined>
  readonly #spare: readonly { readonly frame: ZoneFrame; readonly place: Place }[]
  /** What was weighed may change when the person leaves. */
  #isDue = false
  readonly #weighed: Weighed = { accuracyM: 0, share: 0, nowMs: 0, isFloorSteady: true }

  constructor(map: ZoneMap, settings: ZoneCrossingSettings) {
    this.#map = map
    this.#settings = settings
    this.#spare = map.frames.map((frame) => ({ frame, place: { x: 0, y: 0, z: Number.NaN, floor: undefined } }))
    this.#places = new Map()
  }

  take(event: Taken, state: PresenceState, context: ZoneContext): void {
    if (event.type === 'PersonFix') this.#takeFix(event.data.fix, state, context)
    else if (event.type === 'DirectoryChanged' || event.type === 'PersonUnplaced') this.#forget(state, context, event.time)
    else if (event.type === 'ZonesChanged') this.#takeZones(state, context, event.time)
    else this.#takeSilence(event, state, context)
  }

  /** Everything that is due, children before their parents; then the timer for what is due next. */
  leave(state: PresenceState, context: ZoneContext, time: number): void {
    let nextMs = this.#leaveNext(state, context, time)
    while (nextMs === DONE) nextMs = this.#leaveNext(state, context, time)
    if (nextMs === Number.POSITIVE_INFINITY) {
      if (state.dueMs !== null) context.cancelTimer('zones')
      state.dueMs = null
    } else if (state.dueMs !== nextMs) {
      context.setTimer('zones', nextMs)
      state.dueMs = nextMs
    }
  }

  /** Lets the person leave one zone that is due; without one it gives when the next will be. */
  #leaveNext(state: PresenceState, context: ZoneContext, time: number): number {
    let nextMs = Number.POSITIVE_INFINITY
    // From the innermost on, which mostly settles the others: what is due no sooner need not be looked at.
    for (let at = state.zones.length - 1; at >= 0; at--) {
      const tracked = state.zones[at]
      const shape = tracked === undefined ? undefined : this.#map.shapes.get(tracked.zone)
      if (tracked === undefined || shape === undefined || tracked.enteredAt === null) continue
      const { atMs, reason } = leavesAt(tracked, shape, this.#settings, state.silentFromMs)
      if (atMs >= nextMs || this.#holdsChild(tracked.zone, state.zones)) continue
      nextMs = atMs
      if (atMs > context.nowMs) continue
      this.#tellLeft(tracked, reason, state, context, time)
      return DONE
    }
    return nextMs
  }

  #takeFix(fix: Fix, state: PresenceState, context: ZoneContext): void {
    const before = state.fix?.time ?? Number.NEGATIVE_INFINITY
    if (fix.time < before && context.nowMs - state.nowMs <= CLOCK_SET_BACK_MS) return
    state.nowMs = context.nowMs
    // A timer that is set too early by now sets itself anew: fixes that change nothing need not move it.
    this.#isDue = state.silentFromMs === null
    state.silentFromMs = context.nowMs
    state.fix = fix
    if (fix.floor !== undefined && fix.floor !== state.floor) {
      state.floorSince = state.floor === null ? 0 : fix.time
      state.floor = fix.floor
    }
    this.#weigh(fix, fix.time < before ? 1 : shareOf(fix.time - before), state, context)
    if (this.#isDue) this.leave(state, context, fix.time)
  }

  #weigh(fix: Fix, share: number, state: PresenceState, context: ZoneContext): void {
    const weighed = this.#weighed
    weighed.accuracyM = Math.max(fix.accuracyM ?? this.#settings.assumedAccuracyM, LEAST_ACCURACY_M)
    weighed.share = share
    weighed.nowMs = context.nowMs
    weighed.isFloorSteady = Math.abs(fix.time - state.floorSince) >= FLOOR_STEADY_MS
    for (const { frame, place } of this.#spare) this.#places.set(frame.frame, placeIn(this.#map, frame, fix, place) ? place : undefined)
    // Backwards, for it may remove the one that it looks at; what it adds, the parents of a zone, needs no weighing.
    for (let at = state.zones.length - 1; at >= 0; at--) {
      const tracked = state.zones[at]
      if (tracked !== undefined) this.#weighTracked(tracked, at, fix, state, context)
    }
    for (const { frame, place } of this.#spare) {
      if (this.#places.get(frame.frame) === undefined) continue
      for (const shape of frame.grid.near(place.x, place.y)) {
        if (find(state.zones, shape.zone.id) !== undefined || !isOver(shape, place.x, place.y) || !isAtHeight(shape, place)) continue
        const tracked = newTracked(shape.zone.id, null)
        state.zones.push(tracked)
        if (weighCandidate(tracked, shape, place, weighed)) this.#enter(shape, fix, state, context)
      }
    }
  }

  #weighTracked(tracked: Tracked, at: number, fix: Fix, state: PresenceState, context: ZoneContext): void {
    const shape = this.#map.shapes.get(tracked.zone)
    if (shape === undefined) {
      if (tracked.enteredAt === null) state.zones.splice(at, 1)
      else this.#tellLeft(tracked, 'zone-removed', state, context, fix.time)
      return
    }
    const place = this.#places.get(shape.zone.frame)
    if (tracked.enteredAt !== null) {
      weighInside(tracked, shape, place, this.#weighed, this.#settings)
      if (tracked.outMs !== null || tracked.overEdgeMs !== null) this.#isDue = true
    } else if (weighCandidate(tracked, shape, place, this.#weighed)) this.#enter(shape, fix, state, context)
    else if (tracked.evidence <= 0) state.zones.splice(at, 1)
  }

  #enter(shape: ZoneShape, fix: Fix, state: PresenceState, context: ZoneContext): void {
    this.#isDue = true
    for (let level = shape.parents.length - 1; level >= -1; level--) {
      const inner = level < 0 ? shape : this.#map.shapes.get(shape.parents[level] ?? '')
      if (inner === undefined) continue
      const { id } = inner.zone
      let tracked = find(state.zones, id)
      if (tracked === undefined) {
        tracked = newTracked(id, fix.time)
        state.zones.push(tracked)
      } else if (tracked.enteredAt !== null) continue
      else tracked.enteredAt = fix.time
      const data = { person: context.key, zone: id, parents: [...inner.parents], fix, ...this.#distance(inner, fix) }
      context.emit('ZoneEntered', { key: context.key, time: fix.time, data })
    }
  }

  #tellLeft(tracked: Tracked, reason: LeaveReason, state: PresenceState, context: ZoneContext, time: number): void {
    this.#isDue = true
    state.zones.splice(state.zones.indexOf(tracked), 1)
    const { fix } = state
    if (fix === null || tracked.enteredAt === null) return
    const shape = this.#map.shapes.get(tracked.zone)
    const where = shape === undefined ? { parents: [] } : { parents: [...shape.parents], ...this.#distance(shape, fix) }
    const data = { person: context.key, zone: tracked.zone, fix, enteredAt: tracked.enteredAt, reason, ...where }
    context.emit('ZoneLeft', { key: context.key, time, data })
  }

  #distance(shape: ZoneShape, fix: Fix): { distanceM?: number } {
    const frame = this.#map.frames.find((each) => each.frame === shape.zone.frame)
    const place: Place = { x: 0, y: 0, z: Number.NaN, floor: undefined }
    if (frame === undefined || !placeIn(this.#map, frame, fix, place)) return {}
    return { distanceM: Math.round(edgeDistanceM(shape, place.x, place.y) * 1_000) / 1_000 }
  }

  #holdsChild(zone: string, all: readonly Tracked[]): boolean {
    for (const other of all) {
      if (other.enteredAt !== null && this.#map.shapes.get(other.zone)?.parents.includes(zone) === true) return true
    }
    return false
  }

  /** Where a tag lies that was taken off says nothing of the person; with another tag their next fix says where they are. */
  #forget(state: PresenceState, context: ZoneContext, time: number): void {
    const depth = ({ zone }: Tracked): number => this.#map.shapes.get(zone)?.parents.length ?? 0
    for (const tracked of state.zones.toSorted((a, b) => depth(b) - depth(a))) this.#tellLeft(tracked, 'unbound', state, context, time)
    context.drop()
  }

  #takeZones(state: PresenceState, context: ZoneContext, time: number): void {
    if (state.fix === null) return
    // The same fix again proves nothing new: only what it puts beyond doubt changes.
    this.#weigh(state.fix, 0, state, context)
    for (const { zone, enteredAt } of [...state.zones]) {
      const shape = enteredAt === null ? undefined : this.#map.shapes.get(zone)
      for (const parent of shape?.parents.toReversed() ?? []) {
        const outer = this.#map.shapes.get(parent)
        if (outer !== undefined) this.#enter(outer, state.fix, state, context)
      }
    }
    this.leave(state, context, time)
  }

  /** Silence says nothing of a person whom nobody could have heard. */
  #takeSilence(event: AnyOf<'SourceLost' | 'SourceRestored' | 'GatewayWasBlind'>, state: PresenceState, context: ZoneContext): void {
    if (this.#settings.leaveWhenUnobserved) return
    if (event.type === 'GatewayWasBlind') {
      if (state.silentFromMs !== null) state.silentFromMs = Math.max(state.silentFromMs, event.data.toMs)
    } else if (event.data.sourceId !== state.fix?.source) return
    else state.silentFromMs = event.type === 'SourceLost' ? null : context.nowMs
    this.leave(state, context, context.wallMs)
  }
}

function find(zones: readonly Tracked[], id: string): Tracked | undefined {
  for (const tracked of zones) if (tracked.zone === id) return tracked
  return undefined
}
