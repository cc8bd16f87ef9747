import type { Reading } from '../../firmware-protocols/reading.ts'
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

/** One thing that is true or false of a device, under a key of its own. */
interface State {
  readonly key: string
  readonly value: string
}

function statesOf(device: string, { online, running }: Reading): readonly State[] {
  const states: State[] = []
  if (online !== undefined) states.push({ key: device, value: String(online) })
  // No id has a blank in it.
  if (running !== undefined) states.push({ key: `${device} running`, value: String(running) })
  return states
}

/**
 * Presence of anchors, receivers and machines, and whether machines run. A change of a device known before goes in the alarm lane, so that it does not
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
  const heldBack = new Map<string, { readonly value: string; readonly event: GatewayEvent }>()
  const minutes = new Map<string, Minute>()
  let firstSights: Map<string, { readonly value: string; readonly event: GatewayEvent }> | undefined = savedIsUnknown
    ? new Map()
    : undefined

  function remember({ key, value }: State): void {
    const known = told.get(key)
    told.delete(key)
    told.set(key, value)
    if (known !== value) log.saveState(DEVICES_ONLINE, key, value)
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
      const states = statesOf(device, heard.reading)
      const changed = states.filter(({ key, value }) => (told.get(key) ?? value) !== value)
      const mayBeTold = changed.length > 0 && mayTell(heard.source, heard.delivery.monotonicMs)
      const alarm = changed.length > 0 || firstSights !== undefined ? event('alarm') : undefined
      for (const state of states) {
        if (alarm !== undefined && !told.has(state.key)) firstSights?.set(state.key, { value: state.value, event: alarm })
        if (alarm !== undefined && !mayBeTold && changed.includes(state)) heldBack.set(state.key, { value: state.value, event: alarm })
        else {
          heldBack.delete(state.key)
          remember(state)
        }
      }
      return mayBeTold && alarm !== undefined ? alarm : event('telemetry')
    },
    due(monotonicMs) {
      if (heldBack.size === 0) return []
      const events = new Set<GatewayEvent>()
      for (const [key, { event, value }] of heldBack) {
        if (!events.has(event) && !mayTell(event.source ?? '', monotonicMs)) continue
        heldBack.delete(key)
        remember({ key, value })
        events.add(event)
      }
      return [...events]
    },
    recall(late) {
      const firsts = firstSights
      firstSights = undefined
      const events = [...late].flatMap(([key, value]) => {
        const first = firsts?.get(key)
        const now = told.get(key)
        if (now === undefined) told.set(key, value)
        // What has changed again since was told as a change.
        return first !== undefined && first.value !== value && first.value === now ? [first.event] : []
      })
      return [...new Set(events)]
    },
    nextDueMs() {
      if (heldBack.size === 0) return undefined
      let next: number | undefined
      for (const { endsMs } of minutes.values()) if (next === undefined || endsMs < next) next = endsMs
      return next
    }
  }
}
