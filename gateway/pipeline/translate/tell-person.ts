import type { Fix } from '../../events/business-events.ts'
import type { EventData, Motion } from '../event-data.ts'
import { type AnyOf, type AnyProcessor, type Context, defineProcessor } from '../processor.ts'

/** The fastest tags known send five fixes a second. */
const DEFAULT_MOVEMENT_EVERY_MS = 200
/** What an alert itself says of its place counts when it is so much younger than what is known of the person. */
const YOUNGER_BY_MS = 10_000
const MAX_TAGS = 8

type In = 'PersonFix' | 'PastFix' | 'WornInfo' | 'WornAlert' | 'TagTakenOff' | 'ZoneEntered' | 'ZoneLeft' | 'DirectoryChanged'
type Out = 'PersonMovement' | 'PersonTelemetry' | 'PersonAlert'
type Told = Context<Out, 'movement'>

interface Person {
  name?: string | undefined
  fix?: Fix | undefined
  speedMps?: Motion['speedMps']
  courseDeg?: Motion['courseDeg']
  /** Pipeline time at which the fix was measured. */
  seenMs: number
  /** Zones that they are in, the innermost first, with the number of zones around each. */
  readonly zones: { readonly id: string; readonly depth: number }[]
  readonly batteries: { readonly tag: string; batteryPct: number; time: number }[]
  /** Pipeline time of the last movement told. */
  movedMs: number | null
  isPending: boolean
  /** Time of the last fix from the past that was told. */
  pastTime: number | null
}

export interface TellPersonOptions {
  /** A person's movement is told at most so often. */
  readonly movementEveryMs?: number
}

/**
 * Tells of people what their tags tell, each event with what a rescuer needs: person, tag, last fix with accuracy and age, zones, floor, battery.
 *
 * A movement waits for the next event or instant, so that the zones which the same fix changes are in it; of several within `movementEveryMs` the
 * newest is told, and the last one always. Fixes from the past (the tag had kept them, or has another wearer since) are told with their own time and
 * change nothing that is known now.
 */
export function tellPerson({ movementEveryMs = DEFAULT_MOVEMENT_EVERY_MS }: TellPersonOptions = {}): AnyProcessor {
  return defineProcessor<In, Out, Person, 'movement'>({
    name: 'tell-person',
    title: 'Movement, telemetry and alerts of people',
    in: ['PersonFix', 'PastFix', 'WornInfo', 'WornAlert', 'TagTakenOff', 'ZoneEntered', 'ZoneLeft', 'DirectoryChanged'],
    out: ['PersonMovement', 'PersonTelemetry', 'PersonAlert'],
    timers: ['movement'],
    version: 1,
    key: (event) => (event.type === 'DirectoryChanged' ? personOf(event.data) : event.key),
    initial: () => ({ seenMs: 0, zones: [], batteries: [], movedMs: null, isPending: false, pastTime: null }),
    process(event, state, context) {
      switch (event.type) {
        case 'PersonFix':
          takeFix(event.data, state, context, movementEveryMs)
          break
        case 'PastFix':
          tellPast(event, state, context, movementEveryMs)
          break
        case 'WornInfo':
          tellTelemetry(event, state, context)
          break
        case 'WornAlert':
          tellAlert(event, state, context)
          break
        case 'TagTakenOff':
          forget(state, event.data.tag)
          break
        case 'ZoneEntered':
          enter(state, event.data.zone, event.data.parents.length)
          break
        case 'ZoneLeft':
          leave(state, event.data.zone)
          break
        case 'DirectoryChanged':
          takeEntry(event.data, state)
          break
      }
    },
    onTimer: (_name, state, context) => tellMovement(state, context)
  })
}

function personOf({ change }: EventData['DirectoryChanged']): string | undefined {
  return change.kind === 'person' ? change.person : undefined
}

function takeFix({ fix, speedMps, courseDeg }: EventData['PersonFix'], state: Person, context: Told, everyMs: number): void {
  const { nowMs } = context
  state.fix = fix
  state.speedMps = speedMps
  state.courseDeg = courseDeg
  state.seenMs = nowMs - Math.max(0, context.wallMs - fix.time)
  if (state.isPending) return
  state.isPending = true
  context.setTimer('movement', state.movedMs === null ? nowMs : Math.max(nowMs, state.movedMs + everyMs))
}

function tellMovement(state: Person, context: Told): void {
  state.isPending = false
  state.movedMs = context.nowMs
  if (state.fix === undefined) return
  emitMovement(context, placed(state.fix, state), context.nowMs - state.seenMs, state, state)
}

function tellPast(event: AnyOf<'PastFix'>, state: Person, context: Told, everyMs: number): void {
  if (state.pastTime !== null && Math.abs(event.time - state.pastTime) < everyMs) return
  state.pastTime = event.time
  const { fix } = event.data
  emitMovement(context, fix, Math.max(0, context.wallMs - fix.time), event.data)
}

function emitMovement(context: Told, fix: Fix, ageMs: number, { speedMps, courseDeg }: Motion, state?: Person): void {
  const batteryPct = state === undefined ? undefined : batteryOf(state, fix.tag)
  context.emit('PersonMovement', {
    key: context.key,
    time: fix.time,
    source: fix.source,
    data: {
      person: context.key,
      fix,
      fixAgeMs: Math.round(ageMs),
      speedMps,
      courseDeg,
      batteryPct
    }
  })
}

/**
 * The fix with the zones that the person is in, in place of those that the fix lies in by itself: a zone is left later than a fix leaves it, lest
 * anybody flickers on its edge.
 */
function placed(fix: Fix, { zones }: Person): Fix {
  if (zones.length === 0 && fix.zones === undefined) return fix
  return { ...fix, zones: zones.length === 0 ? undefined : zones.map(({ id }) => id) }
}

const TOLD_OF_INFO = [
  'temperatureDegC',
  'humidityPct',
  'heartRateBpm',
  'spo2Pct',
  'helmetWorn',
  'moving',
  'charging',
  'co2Ppm',
  'gases'
] as const

function tellTelemetry(event: AnyOf<'WornInfo'>, state: Person, context: Told): void {
  const { info } = event.data
  const { batteryPct, tag, deviceTime } = info
  if (batteryPct !== undefined) keepBattery(state, tag, batteryPct, event.time)
  const told: Record<string, unknown> = { person: context.key, tag }
  let isEmpty = batteryPct === undefined
  for (const name of TOLD_OF_INFO) {
    const value = info[name]
    if (value === undefined) continue
    told[name] = value
    isEmpty = false
  }
  // Raw acceleration and the like say nothing of a person yet.
  if (isEmpty) return
  if (deviceTime !== undefined) told['deviceTime'] = deviceTime
  if (info.stale === true) told['stale'] = true
  Object.assign(told, lastKnown(state, context, tag, batteryPct))
  const data = told as EventData['PersonTelemetry']
  context.emit('PersonTelemetry', { key: context.key, time: event.time, source: event.source, data })
}

function tellAlert(event: AnyOf<'WornAlert'>, state: Person, context: Told): void {
  const { alert, handedOver } = event.data
  const { tag, kind, slot, edge, count, batteryPct } = alert
  if (batteryPct !== undefined) keepBattery(state, tag, batteryPct, event.time)
  context.emit('PersonAlert', {
    key: context.key,
    time: event.time,
    source: event.source,
    data: {
      person: context.key,
      tag,
      name: state.name,
      kind,
      slot,
      edge,
      count,
      handedOver,
      ...lastKnown(state, context, tag, batteryPct, event)
    }
  })
}

interface LastKnown {
  readonly lastFix?: Fix
  readonly fixAgeMs?: number
  readonly batteryPct: number | undefined
}

/** Of an alert: its own place, where that is much younger or the only one. */
function lastKnown(state: Person, context: Told, tag: string, batteryPct: number | undefined, event?: AnyOf<'WornAlert'>): LastKnown {
  const battery = batteryPct ?? batteryOf(state, tag)
  const own = event?.data.alert.lastFix
  const fixAgeMs = state.fix === undefined ? Number.POSITIVE_INFINITY : Math.round(context.nowMs - state.seenMs)
  if (event !== undefined && own !== undefined && (own.position ?? own.geo) !== undefined) {
    const time = Math.round(event.time - own.ageMs)
    const ageMs = Math.round(Math.max(0, context.wallMs - time))
    if (ageMs + YOUNGER_BY_MS < fixAgeMs) {
      const { position, geo, accuracyM } = own
      const lastFix: Fix = {
        tag,
        source: event.source,
        method: position === undefined ? 'gnss' : 'given',
        time,
        accuracyM,
        position,
        geo
      }
      return { lastFix, fixAgeMs: ageMs, batteryPct: battery }
    }
  }
  return state.fix === undefined ? { batteryPct: battery } : { lastFix: placed(state.fix, state), fixAgeMs, batteryPct: battery }
}

function keepBattery({ batteries }: Person, tag: string, batteryPct: number, time: number): void {
  const known = batteries.find((each) => each.tag === tag)
  if (known === undefined) {
    if (batteries.length >= MAX_TAGS) batteries.shift()
    batteries.push({ tag, batteryPct, time })
  } else if (time >= known.time) {
    known.batteryPct = batteryPct
    known.time = time
  }
}

const batteryOf = ({ batteries }: Person, tag: string): number | undefined => batteries.find((each) => each.tag === tag)?.batteryPct

function forget({ batteries }: Person, tag: string): void {
  const place = batteries.findIndex((each) => each.tag === tag)
  if (place >= 0) batteries.splice(place, 1)
}

function enter({ zones }: Person, id: string, depth: number): void {
  if (zones.some((zone) => zone.id === id)) return
  const place = zones.findIndex((zone) => zone.depth < depth)
  zones.splice(place < 0 ? zones.length : place, 0, { id, depth })
}

function leave({ zones }: Person, id: string): void {
  const place = zones.findIndex((zone) => zone.id === id)
  if (place >= 0) zones.splice(place, 1)
}

/** Someone who is taken out of the directory while a tag is bound to them is still told of, by the name last known. */
function takeEntry({ change, overruled }: EventData['DirectoryChanged'], state: Person): void {
  if (overruled !== true && change.kind === 'person' && change.removed !== true) state.name = change.name
}
