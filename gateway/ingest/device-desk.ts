import type { GatewayClock } from '../clock/gateway-clock.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import type { EventLog } from '../log/event-log.ts'
import { deviceData, eventTime, type Heard, makeEvent } from './event-maker.ts'
import { WINDOW_MS } from './flood-gate.ts'

/** Made-up ids must not grow memory; a site has fewer anchors and receivers than this. Heard longest ago, forgotten first. */
const MAX_DEVICES = 10_000

export const DEVICES_ONLINE = 'device-online'

interface Minute {
  readonly endsMs: number
  told: number
}

/**
 * Presence of anchors, receivers and machines. A change of a device known before goes in the alarm lane, so that it does not
 * wait behind telemetry; first sight is no change. What a source's devices change beyond its limit in a minute goes in the
 * telemetry lane at once, and when the minute is over, what then still differs from what the alarm lane was told is told there.
 */
export interface DeviceDesk {
  take(heard: Heard, device: string): GatewayEvent
  /** Changes held back whose minute is over. */
  due(monotonicMs: number): readonly GatewayEvent[]
  nextDueMs(): number | undefined
  /** What had been saved is known at last: gives the changes against it that were taken for first sights. */
  recall(saved: ReadonlyMap<string, string>): readonly GatewayEvent[]
}

export interface DeviceDeskOptions {
  readonly clock: Pick<GatewayClock, 'bootId' | 'quality'>
  readonly log: Pick<EventLog, 'saveState'>
  /** What the alarm lane was last told of each device. */
  readonly saved: ReadonlyMap<string, string>
  readonly maxPerSourcePerMinute: number
  readonly maxDevices?: number
  /** `saved` is empty because nothing could be read: `recall` follows, or nothing was ever saved. */
  readonly savedIsUnknown?: boolean
}

export function createDeviceDesk(options: DeviceDeskOptions): DeviceDesk {
  const { clock, log, saved, maxPerSourcePerMinute, maxDevices = MAX_DEVICES, savedIsUnknown = false } = options
  const told = new Map(saved)
  const heldBack = new Map<string, GatewayEvent>()
  const minutes = new Map<string, Minute>()
  let firstSights: Map<string, { readonly online: string; readonly event: GatewayEvent }> | undefined = savedIsUnknown
    ? new Map()
    : undefined

  function remember(device: string, online: string, known: string | undefined): void {
    told.delete(device)
    told.set(device, online)
    if (known !== online) log.saveState(DEVICES_ONLINE, device, online)
    if (told.size <= maxDevices) return
    const [oldest] = told.keys()
    if (oldest === undefined) return
    told.delete(oldest)
    firstSights?.delete(oldest)
    heldBack.delete(oldest)
    log.saveState(DEVICES_ONLINE, oldest, undefined)
  }

  function mayTell(source: string, nowMs: number): boolean {
    let minute = minutes.get(source)
    if (minute === undefined || minute.endsMs <= nowMs) {
      minute = { endsMs: nowMs + WINDOW_MS, told: 0 }
      minutes.set(source, minute)
    }
    if (minute.told >= maxPerSourcePerMinute) return false
    minute.told += 1
    return true
  }

  return {
    take(heard, device) {
      const event = (lane: 'alarm' | 'telemetry'): GatewayEvent =>
        makeEvent(clock, heard, 'DeviceStatus', lane, device, eventTime(heard), deviceData(heard, device))
      if (heard.reading.online === undefined) return event('telemetry')
      const online = String(heard.reading.online)
      const known = told.get(device)
      if (known === undefined || known === online) {
        heldBack.delete(device)
        if (known === undefined) firstSights?.set(device, { online, event: event('alarm') })
        remember(device, online, known)
        return event('telemetry')
      }
      if (mayTell(heard.source, heard.delivery.monotonicMs)) {
        heldBack.delete(device)
        remember(device, online, known)
        return event('alarm')
      }
      heldBack.set(device, event('alarm'))
      return event('telemetry')
    },
    due(monotonicMs) {
      if (heldBack.size === 0) return []
      const events: GatewayEvent[] = []
      for (const [device, event] of heldBack) {
        if (!mayTell(event.source ?? '', monotonicMs)) continue
        heldBack.delete(device)
        const { online } = event.data as { readonly online?: boolean }
        remember(device, String(online), told.get(device))
        events.push(event)
      }
      return events
    },
    recall(late) {
      const firsts = firstSights
      firstSights = undefined
      return [...late].flatMap(([device, online]) => {
        const first = firsts?.get(device)
        const now = told.get(device)
        if (now === undefined) told.set(device, online)
        // What has changed again since was told as a change.
        return first !== undefined && first.online !== online && first.online === now ? [first.event] : []
      })
    },
    nextDueMs() {
      if (heldBack.size === 0) return undefined
      let next: number | undefined
      for (const { endsMs } of minutes.values()) if (next === undefined || endsMs < next) next = endsMs
      return next
    }
  }
}
