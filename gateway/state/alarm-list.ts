import type { z } from 'zod'
import type { GatewayEvent } from '../events/define-event.ts'
import type { dataGap, sourceLost } from '../events/gateway-events.ts'
import type { deviceStatus, tagAlert } from '../events/raw-events.ts'
import type { AlarmView } from './snapshot.ts'

const KEPT = 50

type Own = Pick<AlarmView, 'alert' | 'gap' | 'online' | 'detail'>

function ownFields(event: GatewayEvent): Own {
  switch (event.type) {
    case 'TagAlert': {
      const data = event.data as z.infer<typeof tagAlert.data>
      return { alert: { kind: data.kind, edge: data.edge, count: data.count, collapsed: data.collapsed !== undefined } }
    }
    case 'SourceLost':
    case 'SourceRestored': {
      const { reason } = event.data as z.infer<typeof sourceLost.data>
      return reason === undefined ? {} : { detail: reason }
    }
    case 'DataGap': {
      const data = event.data as z.infer<typeof dataGap.data>
      const events = Object.values(data.countByType).reduce((sum, count) => sum + count, 0)
      return {
        gap: { reason: data.reason, lane: data.lane, events },
        ...(data.detail === undefined ? {} : { detail: data.detail })
      }
    }
    case 'DeviceStatus': {
      const { online, running } = event.data as z.infer<typeof deviceStatus.data>
      return {
        ...(online === undefined ? {} : { online }),
        ...(running === undefined ? {} : { detail: running ? 'running' : 'not running' })
      }
    }
    default:
      return {}
  }
}

/** The last events of the alarm lane and who wants to hear of new ones. */
export class AlarmList {
  readonly #listeners = new Set<(alarm: AlarmView) => void>()
  #newestFirst: readonly AlarmView[] = []
  #lastId = 0

  /** Give it every event that goes to the log; those of other lanes are passed over. */
  observe(event: GatewayEvent): void {
    if (event.lane !== 'alarm') return
    this.#lastId++
    const alarm: AlarmView = {
      id: this.#lastId,
      type: event.type,
      key: event.key,
      source: event.source ?? null,
      time: event.time,
      atMono: event.monotonicMs,
      ...ownFields(event)
    }
    this.#newestFirst = [alarm, ...this.#newestFirst.slice(0, KEPT - 1)]
    for (const listener of this.#listeners) listener(alarm)
  }

  newestFirst(): readonly AlarmView[] {
    return this.#newestFirst
  }

  subscribe(listener: (alarm: AlarmView) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
