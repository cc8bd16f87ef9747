import type { Signal } from '../../firmware-protocols/reading.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import { type AlertKind, alertKindSchema } from '../events/raw-events.ts'
import type { EventLog } from '../log/event-log.ts'
import type { TagState } from '../state/tag-board.ts'
import { type EdgeContext, type EdgeState, stepEdge } from './alert-edges.ts'
import { alertEvent, announcement, collapsed } from './alert-event.ts'
import type { Heard } from './event-maker.ts'
import { createFloodGate, type FloodLimits, type FloodScope, type FloodSum } from './flood-gate.ts'
import { type HeldAlert, HeldAlerts } from './held-alerts.ts'

export const ALERT_EDGES = 'alert-edges'
/** Random addresses with signals must not grow memory; baselines heard longest ago are forgotten first. */
const MAX_STATES = 100_000
/** How many of the oldest are looked at for one that is no standing alarm. */
const FORGET_TRIES = 16
/** Past this, what still stands is told at once and what is over is only counted. */
const MAX_HELD = 10_000
const ALERT_KINDS: ReadonlySet<string> = new Set(alertKindSchema.options)

/** What is saved of an edge: enough to show the alert after a restart, and to tell it if flood control still held it. */
type SavedEdge = EdgeState & {
  readonly alert?: GatewayEvent
  readonly held?: { readonly by: FloodScope['by']; readonly id: string; readonly alerts: number; readonly cleared?: GatewayEvent }
}

/** The first that was heard of a tag's signal while it was not known what had been before. */
interface FirstHearing {
  readonly heard: Heard
  readonly tag: TagState
  readonly signal: Signal
}

/** Turns what tags announce into `TagAlert` events: one per edge, flood-controlled, with the baseline kept in the log. */
export interface AlertDesk {
  /**
   * The event for this signal, none for most. `held`: there is one, told later; it is safe when the state saved in this turn
   * is durable. Saves what must survive a restart, to be committed with the events.
   */
  take(heard: Heard, tag: TagState, signal: Signal): GatewayEvent | 'held' | undefined
  /** Events due by time: sums of ended flood windows, and alerts held in them that still stand. */
  due(monotonicMs: number): readonly GatewayEvent[]
  nextDueMs(): number | undefined
  /** Alerts told before the last stop that nothing has cleared since: levels that are on, and the last of each other form. */
  takeStanding(): readonly GatewayEvent[]
  /**
   * What had been saved is known at last (see `savedIsUnknown`). Gives the events that the first hearings were, seen from there: a
   * rise against the saved counter, a level that is over.
   */
  recall(saved: ReadonlyMap<string, string>): readonly GatewayEvent[]
}

export interface AlertDeskOptions {
  readonly clock: Pick<GatewayClock, 'bootId' | 'quality' | 'wallMs' | 'monotonicMs'>
  readonly log: Pick<EventLog, 'saveState'>
  readonly saved: ReadonlyMap<string, string>
  readonly limits: FloodLimits
  /** `saved` is empty because nothing could be read: `recall` follows, or nothing was ever saved. */
  readonly savedIsUnknown?: boolean
}

export function createAlertDesk({ clock, log, saved, limits, savedIsUnknown = false }: AlertDeskOptions): AlertDesk {
  const states = new Map<string, EdgeState>()
  const gate = createFloodGate(limits)
  const held = new HeldAlerts()
  let standing: GatewayEvent[] = []
  let firstHearings: Map<string, FirstHearing> | undefined = savedIsUnknown ? new Map() : undefined
  for (const [key, text] of saved) load(key, JSON.parse(text) as SavedEdge)

  function load(key: string, { alert, held: mark, ...state }: SavedEdge): void {
    states.set(key, state)
    if (alert === undefined) return
    if (mark === undefined) standing.push(alert)
    else holdAgain(key, alert, mark)
  }

  function holdAgain(key: string, alert: GatewayEvent, mark: NonNullable<SavedEdge['held']>): void {
    const { by, id, alerts, cleared } = mark
    const scope = gate.resume(by, id, alert.key, alerts, clock.monotonicMs())
    held.hold(key, { raised: alert, scope, alerts, ...(cleared === undefined ? {} : { cleared }) })
  }

  function save(key: string, state: EdgeState, told?: GatewayEvent): void {
    const item = held.get(key)
    const text = item === undefined ? { ...state, alert: told } : { ...state, alert: item.raised, held: markOf(item) }
    log.saveState(ALERT_EDGES, key, JSON.stringify(text))
  }

  function remember(key: string, state: EdgeState): void {
    // Re-inserting keeps the map in order of last hearing, so the first key is the one to forget.
    states.delete(key)
    states.set(key, state)
    if (states.size > MAX_STATES) forgetOne()
  }

  /** A standing alarm that is forgotten would never be told as over, so it goes last. */
  function forgetOne(): void {
    for (let tries = 1; ; tries += 1) {
      const [oldest] = states
      if (oldest === undefined) return
      const [key, state] = oldest
      states.delete(key)
      if (tries < FORGET_TRIES && (state.on === true || held.get(key) !== undefined)) {
        states.set(key, state)
        continue
      }
      if (held.get(key) === undefined) log.saveState(ALERT_EDGES, key, undefined)
      return
    }
  }

  /** Of baselines only: what was an alert by itself has been told. */
  function noteFirst(key: string, isFirst: boolean, isBaseline: boolean, hearing: FirstHearing): void {
    if (firstHearings === undefined) return
    if (isFirst && isBaseline && firstHearings.size < MAX_HELD) firstHearings.set(key, hearing)
    // A level that has changed since is told as it is now.
    else if (!isBaseline && hearing.signal.form === 'level') firstHearings.delete(key)
  }

  /** What a first hearing was, seen from what had been saved. */
  function recallOne(key: string, text: string, first: FirstHearing | undefined): GatewayEvent | undefined {
    const now = states.get(key)
    const known = JSON.parse(text) as SavedEdge
    if (now === undefined) {
      load(key, known)
      return undefined
    }
    const { alert, held: mark, ...before } = known
    if (alert !== undefined && mark !== undefined && held.get(key) === undefined) {
      holdAgain(key, alert, mark)
      save(key, now)
    }
    if (first === undefined) return undefined
    const { edge } = stepEdge(before, first.signal, hearing(first.heard, clock.bootId))
    if (edge === undefined) return undefined
    const event = alertEvent(clock, first.heard, first.tag, first.signal, edge)
    const told = edge.edge === 'cleared' ? event : judge(key, first.heard, first.signal, event)
    save(key, now, edge.edge === 'cleared' || told === 'held' ? undefined : event)
    return told === 'held' ? undefined : told
  }

  /** Told by itself or held back, as flood control says. */
  function judge(key: string, heard: Heard, signal: Signal, raised: GatewayEvent): GatewayEvent | 'held' {
    const verdict = gate.judge(raised.key, heard.source, signal.kind as AlertKind, heard.delivery.monotonicMs)
    if (verdict.kind !== 'hold') {
      // Told now, it need not be told again when the minute is over.
      held.drop(key)
      return verdict.kind === 'pass' ? raised : collapsed(raised, announcement(verdict.scope, raised.key))
    }
    const item = { raised, scope: verdict.scope, alerts: (held.get(key)?.alerts ?? 0) + 1 }
    if (held.size < MAX_HELD || held.get(key) !== undefined) {
      held.hold(key, item)
      return 'held'
    }
    held.note(item)
    return signal.form === 'level' ? raised : 'held'
  }

  function tellGroup(sum: FloodSum, events: GatewayEvent[]): void {
    const group = held.release(sum)
    if (group === undefined) return
    const stands = ([key, item]: [string, HeldAlert]): boolean => item.cleared === undefined && states.get(key)?.on === true
    const items = [...group.items]
    const standing = items.filter(stands)
    const shown = lastSos(standing) ?? standing.at(-1)?.[1] ?? lastSos(items) ?? group.last
    for (const [, item] of standing) if (item !== shown) events.push(item.raised)
    events.push(collapsed(shown.raised, sum))
    if (shown.cleared !== undefined) events.push(shown.cleared)
    for (const [key, item] of items) {
      const state = states.get(key)
      if (state === undefined) log.saveState(ALERT_EDGES, key, undefined)
      else save(key, state, item.cleared === undefined ? item.raised : undefined)
    }
  }

  return {
    take(heard, tag, signal) {
      if (!ALERT_KINDS.has(signal.kind)) return undefined
      const key = `${tag.id} ${signal.kind} ${signal.slot ?? ''}`
      const isFirst = !states.has(key)
      const { state, edge, save: mustSave } = stepEdge(states.get(key), signal, hearing(heard, clock.bootId))
      noteFirst(key, isFirst, edge === undefined, { heard, tag, signal })
      remember(key, state)
      if (edge === undefined) {
        if (mustSave) save(key, state)
        return undefined
      }
      const event = alertEvent(clock, heard, tag, signal, edge)
      if (edge.edge === 'cleared') {
        const item = held.get(key)
        // Whoever was not told that it began is told that it ended only with the sum, if at all.
        if (item !== undefined) held.hold(key, { ...item, cleared: event })
        save(key, state)
        return item === undefined ? event : 'held'
      }
      const told = judge(key, heard, signal, event)
      save(key, state, told === 'held' ? undefined : event)
      return told
    },
    due(monotonicMs) {
      const events: GatewayEvent[] = []
      for (const sum of gate.expire(monotonicMs)) tellGroup(sum, events)
      return events
    },
    nextDueMs: () => gate.nextEndMs(),
    recall(late) {
      const firsts = firstHearings
      firstHearings = undefined
      return [...late].flatMap(([key, text]) => recallOne(key, text, firsts?.get(key)) ?? [])
    },
    takeStanding() {
      const taken = standing
      standing = []
      return taken
    }
  }
}

function markOf({ scope, alerts, cleared }: HeldAlert): SavedEdge['held'] {
  return { by: scope.by, id: scope.id, alerts, ...(cleared === undefined ? {} : { cleared }) }
}

function lastSos(items: readonly [string, HeldAlert][]): HeldAlert | undefined {
  return items.findLast(([, { raised }]) => 'kind' in raised.data && raised.data.kind === 'sos')?.[1]
}

/** Who heard it and when, as the edges need it. */
function hearing({ delivery, source }: Heard, bootId: string): EdgeContext {
  return { receivedAt: delivery.receivedAt, monotonicMs: delivery.monotonicMs, bootId, receiver: delivery.receiver ?? source }
}
