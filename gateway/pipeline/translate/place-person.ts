import type { Fix } from '../../events/business-events.ts'
import { type AnyOf, type AnyProcessor, type Context, defineProcessor } from '../processor.ts'
import { bestFix, type Candidate } from './best-fix.ts'

/** Tags of one person times systems that see them; of more, the one unseen for longest makes room. */
const MAX_CANDIDATES = 8

type Told = Context<'PersonFix' | 'PersonUnplaced', never>

interface Placed {
  readonly candidates: Candidate[]
  /** Which of them has the person; -1: none. */
  present: number
  /** When the fix that was told last was measured, pipeline time. */
  toldMs: number | null
}

/**
 * Where a person is: the best fix among their tags and the systems that see them (`bestFix`). Every fix of the one that has the person is told; the
 * others wait until theirs is better. What is told never goes back in time. A tag that is taken off takes its fixes with it, and with the last of them it
 * is told that nothing is known.
 */
export function placePerson(): AnyProcessor {
  return defineProcessor<'WornFix' | 'TagTakenOff', 'PersonFix' | 'PersonUnplaced', Placed>({
    name: 'place-person',
    title: 'Where a person is, by the best of their tags',
    in: ['WornFix', 'TagTakenOff'],
    out: ['PersonFix', 'PersonUnplaced'],
    version: 1,
    key: (event) => event.key,
    initial: () => ({ candidates: [], present: -1, toldMs: null }),
    process(event, state, context) {
      if (event.type === 'WornFix') takeFix(event, state, context)
      else if (takeOff(event.data.tag, state)) tellPresent(event.time, state, context)
    }
  })
}

function takeFix(event: AnyOf<'WornFix'>, state: Placed, context: Told): void {
  const { fix, speedMps, courseDeg } = event.data
  const { nowMs, wallMs } = context
  const seenMs = nowMs - Math.max(0, wallMs - fix.time)
  const { candidates } = state
  const place = placeOf(state, fix)
  const known = candidates[place]
  if (known !== undefined && known.seenMs > seenMs && isOf(known, fix)) return
  if (known === undefined || !isOf(known, fix)) candidates[place] = { fix, speedMps, courseDeg, seenMs }
  else {
    // Written into: an object of each tag that is replaced with every fix outlives the young ones, and is dear to collect.
    known.fix = fix
    known.speedMps = speedMps
    known.courseDeg = courseDeg
    known.seenMs = seenMs
  }
  if (candidates.length === 1) state.present = 0
  else state.present = bestFix(candidates, nowMs, state.present)
  if (state.present !== place || (state.toldMs !== null && seenMs < state.toldMs)) return
  state.toldMs = seenMs
  context.emit('PersonFix', { key: context.key, time: event.time, source: event.source, data: event.data })
}

const isOf = (candidate: Candidate, { tag, source }: Fix): boolean => candidate.fix.tag === tag && candidate.fix.source === source

/** Where the last fix of this tag by this system stands, or its next one is to stand. */
function placeOf({ candidates, present }: Placed, fix: Fix): number {
  let oldest = -1
  let oldestMs = Number.POSITIVE_INFINITY
  for (let place = 0; place < candidates.length; place++) {
    const candidate = candidates[place]
    if (candidate === undefined) continue
    if (isOf(candidate, fix)) return place
    if (place === present || candidate.seenMs >= oldestMs) continue
    oldest = place
    oldestMs = candidate.seenMs
  }
  return candidates.length < MAX_CANDIDATES ? candidates.length : oldest
}

/** True: the tag was the one that had the person. */
function takeOff(tag: string, state: Placed): boolean {
  const { candidates } = state
  const had = candidates[state.present]
  let kept = 0
  for (const candidate of candidates) {
    if (candidate.fix.tag === tag) continue
    candidates[kept] = candidate
    kept += 1
  }
  candidates.length = kept
  state.present = had === undefined ? -1 : candidates.indexOf(had)
  return had !== undefined && state.present < 0
}

/** The person goes over to the best of the other tags, at the time at which that one saw them. */
function tellPresent(time: number, state: Placed, context: Told): void {
  state.present = bestFix(state.candidates, context.nowMs, -1)
  const best = state.candidates[state.present]
  if (best === undefined) {
    context.emit('PersonUnplaced', { key: context.key, time, data: { person: context.key } })
    context.drop()
    return
  }
  if (state.toldMs !== null && best.seenMs < state.toldMs) return
  state.toldMs = best.seenMs
  const { fix, speedMps, courseDeg } = best
  const data = { person: context.key, fix, speedMps, courseDeg }
  context.emit('PersonFix', { key: context.key, time: Math.min(time, fix.time), data })
}
