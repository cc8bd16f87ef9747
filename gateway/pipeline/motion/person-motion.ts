import type { Fix } from '../../events/business-events.ts'
import { type AnyOf, type AnyProcessor, type Context, defineProcessor } from '../processor.ts'
import type { MotionSettings } from './motion-settings.ts'
import { absorb, beginStay, offsetOf, type Stay } from './stay.ts'

/**
 * Errors are taken to lie within three times the stated accuracy: accuracy covers 68 % of them, three times that all but 1 in 30 000 where
 * they are Gaussian, and two such in a row are asked for.
 */
const SURE = 3
/** So many fixes in a row must lie outside. */
const FIXES_OUTSIDE = 2
/** No accuracy is better than this: it is what weights are divided by. */
const LEAST_ACCURACY_M = 0.01

interface MotionState {
  /** Where the person is taken to be. */
  stay: Stay | null
  /** Fixes that lie outside of it: where the person may have gone. */
  apart: Stay | null
  /** The first fix that lay outside, by time and pipeline time; how many have followed without one inside. */
  apartSince: number
  apartNowMs: number
  apartCount: number
  /** Pipeline time at which it was told that the person had stopped, and for how long that had been so. */
  stopped: { readonly nowMs: number; readonly forMs: number } | null
  /** Of the latest fix that was judged: its time, and its pipeline time. */
  lastTime: number
  lastNowMs: number
}
type MotionContext = Context<'PersonStopped' | 'PersonMoving', never>

/**
 * Tells when a person stops, and when they move again.
 *
 * A fix is inside a stay if it lies no further from the mean of the stay's fixes than the radius and three times the accuracy of the difference;
 * fixes outside count once two in a row, over `leaveAfterMs`, lie there. The person has stopped when a fix inside comes `afterMs` after the
 * first one, provided that somebody who had walked at `slowestWalkMps` would be seen outside by now: poor fixes take longer. Only fixes
 * prove that somebody stands still, silence does not.
 */
export function personMotion(settings: MotionSettings): AnyProcessor {
  return defineProcessor({
    name: 'person-motion',
    title: 'Tells when a person stops and moves again',
    in: ['PersonFix', 'PersonUnplaced', 'DirectoryChanged'],
    out: ['PersonStopped', 'PersonMoving'],
    version: 1,
    key: (event) => personOf(event),
    initial: (): MotionState => ({
      stay: null,
      apart: null,
      apartSince: 0,
      apartNowMs: 0,
      apartCount: 0,
      stopped: null,
      lastTime: 0,
      lastNowMs: 0
    }),
    process(event, state, context) {
      if (event.type !== 'PersonFix') context.drop()
      else judge(settings, event.data.fix, state, context)
    }
  })
}

/** Who leaves the directory, or has taken all tags off, is forgotten. */
function personOf(event: AnyOf<'PersonFix' | 'PersonUnplaced' | 'DirectoryChanged'>): string | undefined {
  if (event.type !== 'DirectoryChanged') return event.data.person
  const { change, overruled } = event.data
  return overruled !== true && change.kind === 'person' && change.removed === true ? change.person : undefined
}

function judge(settings: MotionSettings, fix: Fix, state: MotionState, context: MotionContext): void {
  if (fix.position === undefined && fix.geo === undefined) return
  const { longestGapMs } = settings
  const isLate = fix.time < state.lastTime
  // A late fix is passed over. If only such come for long, it is the clock that was set back: they count from then on.
  if (isLate && context.nowMs - state.lastNowMs <= longestGapMs) return
  const isTorn = isLate || fix.time - state.lastTime > longestGapMs
  state.lastTime = fix.time
  state.lastNowMs = context.nowMs
  const accuracyM = Math.max(fix.accuracyM ?? settings.assumedAccuracyM, LEAST_ACCURACY_M)
  if (isTorn) tear(state, fix)
  const { stay } = state
  if (stay === null) {
    state.stay = beginStay(fix, accuracyM) ?? null
    return
  }
  const offset = offsetOf(stay, fix, accuracyM)
  const radiusM = state.stopped === null ? settings.radiusM : settings.leaveRadiusM
  if (offset.comparable && Math.hypot(offset.dx, offset.dy) <= radiusM + SURE * offset.errorM) {
    state.apart = null
    absorb(stay, fix, accuracyM, offset)
    if (state.stopped === null) tellStopped(settings, fix, state, stay, offset.errorM, context)
    return
  }
  goApart(settings, fix, accuracyM, state, context)
  if (state.apartCount < FIXES_OUTSIDE || fix.time - state.apartSince < settings.leaveAfterMs) return
  state.stay = state.apart
  state.apart = null
  if (state.stopped !== null) tellMoving(fix, state, state.stopped, context)
  state.stopped = null
}

/** Nothing is known of the time before this fix. Who had stopped is still where they were, until fixes say otherwise. */
function tear(state: MotionState, { time }: Fix): void {
  state.apart = null
  if (state.stopped === null) state.stay = null
  else if (state.stay !== null) state.stay.lastTime = time
}

/** A fix outside: the place that the person may have gone to. Whoever walks leaves that behind, too. */
function goApart(settings: MotionSettings, fix: Fix, accuracyM: number, state: MotionState, context: MotionContext): void {
  if (state.apart === null) {
    state.apartSince = fix.time
    state.apartNowMs = context.nowMs
    state.apartCount = 0
  }
  state.apartCount += 1
  if (state.apart !== null) {
    const offset = offsetOf(state.apart, fix, accuracyM)
    if (offset.comparable && Math.hypot(offset.dx, offset.dy) <= settings.radiusM + SURE * offset.errorM) {
      absorb(state.apart, fix, accuracyM, offset)
      return
    }
  }
  state.apart = beginStay(fix, accuracyM) ?? null
}

function tellStopped(settings: MotionSettings, fix: Fix, state: MotionState, stay: Stay, errorM: number, context: MotionContext): void {
  const forMs = fix.time - stay.since
  if (forMs < settings.afterMs) return
  // How far from the mean a walk would have led by now; a fix of it could lie so much nearer.
  const walkedM = (settings.slowestWalkMps * (fix.time - stay.meanTime)) / 1_000
  if (walkedM < settings.radiusM + 2 * SURE * errorM) return
  state.stopped = { nowMs: context.nowMs, forMs }
  context.emit('PersonStopped', {
    key: context.key,
    time: fix.time,
    data: { person: context.key, since: stay.since, radiusM: settings.radiusM, fix }
  })
}

function tellMoving(fix: Fix, state: MotionState, stopped: { nowMs: number; forMs: number }, context: MotionContext): void {
  // By pipeline time, which no clock that is set changes.
  const stoppedForMs = Math.max(0, state.apartNowMs - stopped.nowMs + stopped.forMs)
  context.emit('PersonMoving', { key: context.key, time: fix.time, data: { person: context.key, stoppedForMs, fix } })
}
