import { addChange, type WearingChange, wearerAt } from '../../site/directory/wearers.ts'
import type { EventData } from '../event-data.ts'
import { type AnyOf, type AnyProcessor, type Context, defineProcessor } from '../processor.ts'

type Alert = EventData['TagAlert']
type In = 'TagFix' | 'TagInfo' | 'TagAlert' | 'DirectoryChanged'
type Out = 'WornFix' | 'PastFix' | 'WornInfo' | 'WornAlert' | 'TagTakenOff'

/** A tag does not raise more at once; the oldest makes room. */
const MAX_OPEN = 8
/** An alert without an end (a press, a fall) concerns whoever is given the tag only for so long. */
const HANDED_OVER_WITHIN_MS = 300_000

interface OpenAlert {
  readonly alert: Alert
  readonly time: number
  /** Who was told that it is raised, and is to be told that it is over. */
  readonly told: string[]
}

interface Bound {
  /** Sorted. */
  readonly changes: WearingChange[]
  /** Who wears it now; null: nobody. */
  wearer: string | null
  readonly open: OpenAlert[]
}

/**
 * Who wore the tag *then*: what a tag tells belongs to whoever wore it at the time of the event, however late it comes. A fix from before the
 * tag changed hands is from the past for that person: history, and no news of where they are.
 *
 * An alert that is raised when the tag gets another wearer is told of them, too, and its end to all who were told of it. What no person wears is
 * not told of any; the tag's own events say it.
 */
export function bind(): AnyProcessor {
  return defineProcessor<In, Out, Bound, 'change'>({
    name: 'bind',
    title: 'Whose tag it was at the time',
    in: ['TagFix', 'TagInfo', 'TagAlert', 'DirectoryChanged'],
    out: ['WornFix', 'PastFix', 'WornInfo', 'WornAlert', 'TagTakenOff'],
    timers: ['change'],
    version: 1,
    key(event) {
      if (event.type !== 'DirectoryChanged') return event.key
      const { change } = event.data
      return change.kind === 'bound' || change.kind === 'unbound' ? change.tag : undefined
    },
    initial: () => ({ changes: [], wearer: null, open: [] }),
    process(event, state, context) {
      switch (event.type) {
        case 'TagFix':
          takeFix(event, state, context)
          break
        case 'TagInfo': {
          const person = wearerAt(state.changes, event.time)
          if (person !== undefined)
            context.emit('WornInfo', { key: person, time: event.time, source: event.source, data: { person, info: event.data } })
          break
        }
        case 'TagAlert':
          takeAlert(event, state, context)
          break
        case 'DirectoryChanged':
          takeChange(event.data, state, context)
          break
      }
      // A tag that nobody ever wore leaves nothing behind: strangers' devices are heard by the thousand.
      if (state.changes.length === 0 && state.open.length === 0) context.drop()
    },
    onTimer: (_name, state, context) => settle(state, context)
  })
}

function takeFix(event: AnyOf<'TagFix'>, state: Bound, context: Context<Out, 'change'>): void {
  const { fix, past, speedMps, courseDeg } = event.data
  const person = wearerAt(state.changes, event.time)
  const latest = state.changes[state.changes.length - 1]
  if (latest !== undefined && past !== true && event.time >= latest.at) giveTo(person, event.time, state, context)
  if (person === undefined) return
  const data = { person, fix, speedMps, courseDeg }
  const isNow = past !== true && person === state.wearer
  context.emit(isNow ? 'WornFix' : 'PastFix', { key: person, time: event.time, source: event.source, data })
}

function takeChange({ at, by, change }: EventData['DirectoryChanged'], state: Bound, context: Context<Out, 'change'>): void {
  if (change.kind !== 'bound' && change.kind !== 'unbound') return
  if (addChange(state.changes, { at, by, kind: change.kind, person: change.person })) settle(state, context)
}

/** Brings the wearer up to now, and waits for what is to hold from later on. */
function settle(state: Bound, context: Context<Out, 'change'>): void {
  const { wallMs, nowMs } = context
  giveTo(wearerAt(state.changes, wallMs), wallMs, state, context)
  const next = state.changes.find(({ at }) => at > wallMs)
  if (next === undefined) context.cancelTimer('change')
  else context.setTimer('change', nowMs + next.at - wallMs)
}

function giveTo(person: string | undefined, time: number, state: Bound, context: Context<Out, 'change'>): void {
  const before = state.wearer
  const wearer = person ?? null
  if (wearer === before) return
  state.wearer = wearer
  if (before !== null) context.emit('TagTakenOff', { key: before, time, data: { person: before, tag: context.key } })
  if (person === undefined) return
  for (const open of state.open) {
    const stands = open.alert.announcedAs === 'level' || time - open.time <= HANDED_OVER_WITHIN_MS
    if (!stands || open.told.includes(person)) continue
    open.told.push(person)
    context.emit('WornAlert', { key: person, time: open.time, data: { person, alert: open.alert, handedOver: true } })
  }
}

function takeAlert(event: AnyOf<'TagAlert'>, state: Bound, context: Context<Out, 'change'>): void {
  const { data: alert, time, source } = event
  const place = state.open.findIndex((open) => open.alert.kind === alert.kind && open.alert.slot === alert.slot)
  const [known] = place < 0 ? [] : state.open.splice(place, 1)
  const wearer = wearerAt(state.changes, time)
  const whose = wearer === undefined ? [] : [wearer]
  const told = alert.edge === 'cleared' ? (known?.told ?? whose) : whose
  for (const person of told) context.emit('WornAlert', { key: person, time, source, data: { person, alert } })
  if (alert.edge === 'cleared') return
  if (state.open.length >= MAX_OPEN) state.open.shift()
  // Whoever was told of it before, and not of its end, is told of that one, too.
  state.open.push({ alert, time, told: known === undefined ? told : [...new Set([...known.told, ...told])] })
}
