import type { Signal } from '../../firmware-protocols/reading.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import type { TagState } from '../state/tag-board.ts'
import type { Edge } from './alert-edges.ts'
import { type Heard, makeEvent, type Stamp, withFrame } from './event-maker.ts'
import { type FloodScope, type FloodSum, WINDOW_MS } from './flood-gate.ts'

/** The `TagAlert` of one edge. It stands alone: with the last fix, its age, and the battery. */
export function alertEvent(stamp: Stamp, heard: Heard, tag: TagState, signal: Signal, edge: Edge): GatewayEvent {
  return makeEvent(stamp, heard, 'TagAlert', 'alarm', tag.id, edge.time, alertData(heard, tag, signal, edge))
}

function alertData(heard: Heard, tag: TagState, signal: Signal, edge: Edge): object {
  const data = {
    tag: tag.id,
    kind: signal.kind,
    slot: signal.slot,
    edge: edge.edge,
    announcedAs: signal.form,
    count: edge.count,
    repeats: edge.repeats,
    firstSight: edge.firstSight ? true : undefined,
    collapsed: undefined,
    batteryPct: tag.batteryPct,
    lastFix:
      tag.fixMono === undefined
        ? undefined
        : {
            position: tag.position,
            geo: tag.geo,
            accuracyM: tag.accuracyM,
            ageMs: Math.max(0, Math.round(heard.delivery.monotonicMs - tag.fixMono))
          }
  }
  return withFrame(data, heard, heard.reading.extra)
}

/** The same alert, standing for many. */
export function collapsed(event: GatewayEvent, { by, id, limitPerMinute, alerts, tags }: FloodSum): GatewayEvent {
  return { ...event, data: { ...event.data, collapsed: { by, id, alerts, windowMs: WINDOW_MS, limitPerMinute, tags } } }
}

/** What the first alert over a limit says, which goes out at once. */
export function announcement(scope: FloodScope, tag: string): FloodSum {
  return { ...scope, alerts: 1, tags: [tag] }
}
