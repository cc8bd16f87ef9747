import { addChange, type WearingChange, wearerAt } from '../../site/directory/wearers.ts'
import { type AnyOf, type AnyProcessor, type Context, defineProcessor, EVERY_KEY } from '../processor.ts'
import { heardBy, isObserved, type Listener, type ListenerName, markAlive, markDead, removeListeners } from './listeners.ts'
import { allowedSilenceMs, learnGap, newRhythm, type Rhythm, relearn, settle } from './rhythm.ts'
import type { Limits, SignalLossSettings } from './signal-settings.ts'

/** What a tag said of its charger, and a fix in a parking zone, hold for so long before its last frame. */
const STATEMENT_HOLDS_MS = 30 * 60_000
/** A battery that low has been announced, and this one is another. */
const FRESH_BATTERY_PCT = 50

/** Who wears it now is asked, not who wore it once. */
const MAX_WEARING = 6

const IN = [
  'TagMovement',
  'TagInfo',
  'TagAlert',
  'TagFix',
  'SourceLost',
  'SourceRestored',
  'ReceiverChanged',
  'GatewayWasBlind',
  'DirectoryChanged'
] as const
type In = AnyOf<(typeof IN)[number]>
type Out = 'SignalLost' | 'SignalRestored'
type Timer = 'silent' | 'forget'
type Hearing = AnyOf<'TagMovement' | 'TagInfo' | 'TagAlert'>
type Fix = AnyOf<'TagFix'>['data']['fix']
type Ctx = Context<Out, Timer>

/**
 * `new`: never heard. `heard`: listened to, and judged when the timer fires. `lost`: told as lost. `parked`: silent, where silence is no alarm.
 * `unobserved`: nobody that heard it is alive.
 */
export type SignalStatus = 'new' | 'heard' | 'lost' | 'parked' | 'unobserved'

/** One tag. Times ending in `Ms` are pipeline time, those ending in `At` wall clock. */
export interface SignalState {
  status: SignalStatus
  heardMs: number
  heardAt: number
  /** Since the last hearing: when watching began anew, after nobody had listened for a while. 0: watched all the time. */
  resumedMs: number
  /** Silence watched since the last hearing in stretches that were broken off, without the first. */
  watchedMs: number
  rhythm: Rhythm
  limits: Limits
  listeners: Listener[]
  /** Who wore it since when; sorted. */
  readonly wearing: WearingChange[]
  fix?: Fix
  fixMs: number
  inParking: boolean
  charging: boolean
  chargingMs: number
  moving: boolean
  announcedOff: boolean
  batteryAlert: boolean
  batteryPct?: number
}

/**
 * Tells tags that have gone silent, and their return.
 *
 * Silence is measured by arrival, in pipeline time, and only while somebody listens: the time for which the gateway was blind or every listener of a
 * tag dead counts for nothing, and afterwards the tag has its whole allowance once more. Only once: when watching is broken off
 * again before the tag was heard, what was watched adds up, so that no link that comes and goes hides a tag that has died.
 */
export function signalLoss(settings: SignalLossSettings): AnyProcessor {
  return defineProcessor<(typeof IN)[number], Out, SignalState, Timer>({
    name: 'signal-loss',
    title: 'Tells tags that have gone silent, by their own rhythm, and their return',
    in: IN,
    out: ['SignalLost', 'SignalRestored'],
    timers: ['silent', 'forget'],
    version: 1,
    key: keyOf,
    initial: () => initialState(settings),
    process: (event, state, context) => process(event, state, context, settings),
    onTimer(name, state, context) {
      if (name === 'forget') context.drop()
      else fallSilent(state, context, settings)
    }
  })
}

function keyOf(event: In): string | undefined | typeof EVERY_KEY {
  switch (event.type) {
    case 'TagMovement':
    case 'TagInfo':
    case 'TagAlert':
      return event.data.stale === true || event.data.redelivered === true ? undefined : event.data.tag
    case 'TagFix':
      return event.data.fix.tag
    case 'DirectoryChanged': {
      const { change } = event.data
      return change.kind === 'bound' || change.kind === 'unbound' ? change.tag : undefined
    }
    default:
      return EVERY_KEY
  }
}

function initialState({ floorMs, ceilingMs }: SignalLossSettings): SignalState {
  return {
    status: 'new',
    heardMs: 0,
    heardAt: 0,
    resumedMs: 0,
    watchedMs: 0,
    rhythm: newRhythm(0),
    limits: { floorMs, ceilingMs },
    listeners: [],
    wearing: [],
    fixMs: 0,
    inParking: false,
    charging: false,
    chargingMs: 0,
    moving: false,
    announcedOff: false,
    batteryAlert: false
  }
}

function process(event: In, state: SignalState, context: Ctx, settings: SignalLossSettings): void {
  switch (event.type) {
    case 'TagMovement':
      hear(event, state, context, settings)
      return
    case 'TagInfo':
      noteInfo(event.data, state, context.nowMs)
      // Said of the tag, and as a rule not by it.
      if (event.data.online !== false) hear(event, state, context, settings)
      return
    case 'TagAlert':
      if (event.data.batteryPct !== undefined) state.batteryPct = event.data.batteryPct
      if (event.data.kind === 'low-battery') state.batteryAlert = event.data.edge === 'raised'
      hear(event, state, context, settings)
      return
    case 'TagFix':
      noteFix(event.data, state, context, settings)
      return
    case 'SourceLost':
      loseListener({ source: event.data.sourceId }, state, context, settings)
      return
    case 'SourceRestored':
      // With a reason it is not back: it is no longer configured.
      if (event.data.reason !== undefined) removeListeners(state.listeners, event.data.sourceId)
      else regainListener({ source: event.data.sourceId }, state, context, settings)
      return
    case 'ReceiverChanged':
      if (event.data.online) regainListener(event.data, state, context, settings)
      else loseListener(event.data, state, context, settings)
      return
    case 'GatewayWasBlind':
      if (state.status !== 'heard') return
      breakOff(state, Math.min(context.nowMs, event.data.fromMs))
      resume(state, event.data.toMs, context, settings)
      return
    case 'DirectoryChanged':
      noteBinding(event.data, state)
  }
}

/** A frame of the tag. One that was so long on its way that the tag may have fallen silent since says nothing. */
function hear(event: Hearing, state: SignalState, context: Ctx, settings: SignalLossSettings): void {
  const { nowMs } = context
  const ageMs = context.wallMs - event.time
  const atMs = ageMs > 0 ? nowMs - ageMs : nowMs
  const before = state.status
  if (ageMs >= (before === 'new' ? state.limits.ceilingMs : allowed(state, nowMs, settings))) return
  const isWatched = (before === 'heard' || before === 'lost' || before === 'parked') && state.resumedMs === 0
  const isNew = heardBy(state.listeners, event.source ?? '', event.data.receiver ?? '', atMs, isWatched)
  if (isNew && settings.sources.size > 0) state.limits = strictest(state.listeners, settings)
  if (before === 'new') state.rhythm = newRhythm(atMs)
  else if (atMs <= state.heardMs) {
    hearAgain(isNew, state, context, settings)
    return
  }
  const gapMs = atMs - state.heardMs
  if (isWatched) learnGap(state.rhythm, gapMs, atMs, state.limits.ceilingMs)
  state.heardMs = atMs
  state.heardAt = event.time
  state.resumedMs = 0
  state.watchedMs = 0
  state.announcedOff = false
  state.status = isObserved(state.listeners, atMs, state.limits.ceilingMs) ? 'heard' : 'unobserved'
  if (before === 'lost') tellRestored(event, state, context, gapMs)
  if (state.status !== 'heard') return
  if (before !== 'heard') context.cancelTimer('forget')
  context.setTimer('silent', atMs + allowed(state, nowMs, settings))
}

/** Nothing newer than is known, but who heard it may be new: another source has the same frame, or an older one. */
function hearAgain(isNew: boolean, state: SignalState, context: Ctx, settings: SignalLossSettings): void {
  if (state.status === 'unobserved') observeAgain(state, context, settings)
  else if (isNew && state.status === 'heard' && state.resumedMs === 0) {
    context.setTimer('silent', state.heardMs + allowed(state, context.nowMs, settings))
  }
}

function strictest(listeners: readonly Listener[], settings: SignalLossSettings): Limits {
  let floorMs = Number.POSITIVE_INFINITY
  let ceilingMs = Number.POSITIVE_INFINITY
  for (const { source } of listeners) {
    const own = settings.sources.get(source) ?? settings
    floorMs = Math.min(floorMs, own.floorMs)
    ceilingMs = Math.min(ceilingMs, own.ceilingMs)
  }
  return { floorMs, ceilingMs }
}

function allowed(state: SignalState, nowMs: number, { learningMs }: SignalLossSettings): number {
  return allowedSilenceMs(state.rhythm, nowMs, learningMs, state.limits)
}

function noteInfo(data: AnyOf<'TagInfo'>['data'], state: SignalState, nowMs: number): void {
  if (data.online === false) state.announcedOff = true
  if (data.batteryPct !== undefined) {
    state.batteryPct = data.batteryPct
    if (data.batteryPct >= FRESH_BATTERY_PCT) state.batteryAlert = false
  }
  if (data.charging !== undefined) {
    state.charging = data.charging
    state.chargingMs = nowMs
  }
  if (data.moving !== undefined) {
    if (state.moving && !data.moving) settle(state.rhythm)
    state.moving = data.moving
  }
}

function noteFix(data: AnyOf<'TagFix'>['data'], state: SignalState, context: Ctx, { parkingZones }: SignalLossSettings): void {
  const { fix } = data
  if (state.fix !== undefined && fix.time < state.fix.time) return
  state.fix = fix
  state.fixMs = context.nowMs - Math.max(0, context.wallMs - fix.time)
  state.inParking = false
  if (parkingZones.size === 0 || fix.zones === undefined) return
  for (const zone of fix.zones) if (parkingZones.has(zone)) state.inParking = true
}

function noteBinding({ at, by, change }: AnyOf<'DirectoryChanged'>['data'], state: SignalState): void {
  if (change.kind !== 'bound' && change.kind !== 'unbound') return
  addChange(state.wearing, { at, by, kind: change.kind, person: change.person })
  if (state.wearing.length > MAX_WEARING) state.wearing.shift()
}

function loseListener(name: ListenerName, state: SignalState, context: Ctx, settings: SignalLossSettings): void {
  if (!markDead(state.listeners, name, context.nowMs) || state.status !== 'heard') return
  if (isObserved(state.listeners, state.heardMs, state.limits.ceilingMs)) {
    // Those that are left may hear it less often: until that is known, the ceiling holds.
    relearn(state.rhythm, context.nowMs)
    context.setTimer('silent', Math.max(state.heardMs, state.resumedMs) + state.limits.ceilingMs - state.watchedMs)
    return
  }
  breakOff(state, context.nowMs)
  state.status = 'unobserved'
  context.setTimer('forget', context.nowMs + settings.forgetAfterMs)
}

function regainListener(name: ListenerName, state: SignalState, context: Ctx, settings: SignalLossSettings): void {
  if (markAlive(state.listeners, name) && state.status === 'unobserved') observeAgain(state, context, settings)
}

function observeAgain(state: SignalState, context: Ctx, settings: SignalLossSettings): void {
  if (!isObserved(state.listeners, state.heardMs, state.limits.ceilingMs)) return
  state.status = 'heard'
  context.cancelTimer('forget')
  resume(state, context.nowMs, context, settings)
}

/**
 * Watching ends at `atMs`. The first stretch since the last hearing is forgiven: a source is dead for a while before that is
 * noticed, and a tag may have spoken when nobody listened.
 */
function breakOff(state: SignalState, atMs: number): void {
  if (state.resumedMs !== 0) state.watchedMs += Math.max(0, atMs - state.resumedMs)
}

function resume(state: SignalState, atMs: number, context: Ctx, settings: SignalLossSettings): void {
  state.resumedMs = atMs
  const leftMs = Math.max(0, state.limits.ceilingMs - state.watchedMs)
  context.setTimer('silent', atMs + Math.min(allowed(state, atMs, settings), leftMs))
}

function fallSilent(state: SignalState, context: Ctx, settings: SignalLossSettings): void {
  if (state.status !== 'heard') return
  context.setTimer('forget', context.nowMs + settings.forgetAfterMs)
  const isCharging = state.charging && state.heardMs - state.chargingMs <= STATEMENT_HOLDS_MS
  const isParked = state.inParking && state.heardMs - state.fixMs <= STATEMENT_HOLDS_MS
  if (isCharging || isParked) {
    state.status = 'parked'
    return
  }
  state.status = 'lost'
  tellLost(state, context, settings)
  // Who hears it when it is back is seen then.
  state.listeners.length = 0
}

function tellLost(state: SignalState, context: Ctx, settings: SignalLossSettings): void {
  const { nowMs, key } = context
  const { batteryPct, fix } = state
  const person = wearerAt(state.wearing, context.wallMs)
  const isLow = state.batteryAlert || (batteryPct !== undefined && batteryPct <= settings.batteryLowPct)
  context.emit('SignalLost', {
    key,
    time: context.wallMs,
    data: {
      tag: key,
      ...(person === undefined ? {} : { person }),
      lastHeardAt: Math.round(state.heardAt),
      silentForMs: Math.round(nowMs - state.heardMs),
      allowedMs: Math.round(allowed(state, nowMs, settings)),
      ...(isLow ? { batteryLow: true as const } : {}),
      ...(state.announcedOff ? { announcedOff: true as const } : {}),
      ...(fix === undefined ? {} : { lastFix: fix, fixAgeMs: Math.round(nowMs - state.fixMs) }),
      ...(batteryPct === undefined ? {} : { batteryPct })
    }
  })
}

function tellRestored(event: Hearing, state: SignalState, context: Ctx, silentForMs: number): void {
  const { fix } = state
  const person = wearerAt(state.wearing, context.wallMs)
  context.emit('SignalRestored', {
    key: context.key,
    time: event.time,
    ...(event.source === undefined ? {} : { source: event.source }),
    data: {
      tag: context.key,
      ...(person === undefined ? {} : { person }),
      silentForMs: Math.round(silentForMs),
      ...(fix === undefined ? {} : { fix })
    }
  })
}
