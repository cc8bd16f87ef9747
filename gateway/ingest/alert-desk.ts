import type { Signal } from '../../firmware-protocols/reading.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import { type AlertKind, alertKindSchema } from '../events/raw-events.ts'
import type { EventLog } from '../log/event-log.ts'
import { type Edge, type EdgeState, stepEdge } from './alert-edges.ts'
import { type Heard, makeEvent } from './event-maker.ts'
import { createFloodGate, type FloodLimits, type FloodScope, type FloodSum, WINDOW_MS } from './flood-gate.ts'
import type { TagState } from './tag-registry.ts'

const PROCESSOR = 'alert-edges'
/** Random addresses with signals must not grow memory; baselines heard longest ago are forgotten first. */
const MAX_STATES = 100_000
const ALERT_KINDS: ReadonlySet<string> = new Set(alertKindSchema.options)

interface HeldAlert {
  readonly heard: Heard
  readonly tag: TagState
  readonly signal: Signal
  readonly edge: Edge
}

/** Turns what tags announce into `TagAlert` events: one per edge, flood-controlled, with the baseline kept in the log. */
export interface AlertDesk {
  /** Events for this signal, none for most. Saves what must survive a restart, to be committed with them. */
  take(heard: Heard, tag: TagState, signal: Signal): GatewayEvent | undefined
  /** Events due by time: sums of ended flood windows, and alerts held in them that still stand. */
  due(monotonicMs: number): readonly GatewayEvent[]
  nextDueMs(): number | undefined
}

export interface AlertDeskOptions {
  readonly clock: Pick<GatewayClock, 'bootId' | 'quality' | 'wallMs' | 'monotonicMs'>
  readonly log: Pick<EventLog, 'saveState'>
  readonly saved: ReadonlyMap<string, string>
  readonly limits: FloodLimits
}

export function createAlertDesk({ clock, log, saved, limits }: AlertDeskOptions): AlertDesk {
  const states = new Map<string, EdgeState>()
  for (const [key, text] of saved) states.set(key, JSON.parse(text) as EdgeState)
  const gate = createFloodGate(limits)
  const held = new Map<string, HeldAlert>()

  function remember(key: string, state: EdgeState, save: boolean): void {
    // Re-inserting keeps the map in order of last hearing, so the first key is the one to forget.
    states.delete(key)
    states.set(key, state)
    if (save) log.saveState(PROCESSOR, key, JSON.stringify(state))
    if (states.size <= MAX_STATES) return
    const [oldest] = states.keys()
    if (oldest === undefined) return
    states.delete(oldest)
    log.saveState(PROCESSOR, oldest, undefined)
  }

  function alert(item: HeldAlert, collapsed: FloodSum | undefined): GatewayEvent {
    const { heard, tag, signal, edge } = item
    return makeEvent(clock, heard, 'TagAlert', 'alarm', tag.tag, edge.time, alertData(item, collapsed, signal))
  }

  return {
    take(heard, tag, signal) {
      if (!ALERT_KINDS.has(signal.kind)) return undefined
      const key = `${tag.tag} ${signal.kind} ${signal.slot ?? ''}`
      const context = { receivedAt: heard.delivery.receivedAt, monotonicMs: heard.delivery.monotonicMs, bootId: clock.bootId }
      const { state, edge, save } = stepEdge(states.get(key), signal, context)
      remember(key, state, save)
      if (edge === undefined) return undefined
      const item: HeldAlert = { heard, tag, signal, edge }
      if (edge.edge === 'cleared') {
        tag.active.delete(signal.kind)
        // Whoever was not told that it began need not be told that it ended.
        return held.delete(key) ? undefined : alert(item, undefined)
      }
      if (signal.form === 'level') tag.active.add(signal.kind)
      const verdict = gate.judge(tag.tag, heard.source, signal.kind as AlertKind, heard.delivery.monotonicMs)
      if (verdict.kind === 'pass') return alert(item, undefined)
      if (verdict.kind === 'announce') return alert(item, announcement(verdict.scope, tag.tag))
      held.set(key, item)
      return undefined
    },
    due(monotonicMs) {
      const events: GatewayEvent[] = []
      for (const sum of gate.expire(monotonicMs)) {
        const concerned = [...held].filter(([, item]) => (sum.by === 'tag' ? item.tag.tag : item.heard.source) === sum.id)
        const last = concerned.at(-1)?.[1]
        for (const [key, item] of concerned) {
          held.delete(key)
          if (item !== last && states.get(key)?.on === true) events.push(alert(item, undefined))
        }
        if (last !== undefined) events.push(alert(last, sum))
      }
      return events
    },
    nextDueMs: () => gate.nextEndMs()
  }
}

function announcement(scope: FloodScope, tag: string): FloodSum {
  return { ...scope, alerts: 1, tags: [tag] }
}

function alertData({ heard, tag, edge }: HeldAlert, collapsed: FloodSum | undefined, signal: Signal): object {
  const { reading, delivery } = heard
  const fix = tag.fix
  return {
    tag: tag.tag,
    kind: signal.kind,
    slot: signal.slot,
    edge: edge.edge,
    announcedAs: signal.form,
    count: edge.count,
    repeats: edge.repeats,
    firstSight: edge.firstSight ? true : undefined,
    collapsed: collapsed === undefined ? undefined : { ...collapsed, windowMs: WINDOW_MS },
    batteryPct: tag.batteryPct,
    lastFix:
      fix === undefined
        ? undefined
        : {
            position: fix.position,
            geo: fix.geo,
            accuracyM: fix.accuracyM,
            ageMs: Math.max(0, Math.round(delivery.monotonicMs - fix.monotonicMs))
          },
    sequence: reading.sequence,
    deviceTime: reading.deviceTime,
    stale: reading.stale === true ? true : undefined,
    redelivered: delivery.redelivered === true ? true : undefined,
    receiver: delivery.receiver,
    rssiDbm: delivery.rssiDbm,
    extra: reading.extra
  }
}
