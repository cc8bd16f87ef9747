import type { Delivery, TimerHandle } from '../../drivers/driver.ts'
import type { Reading } from '../../firmware-protocols/reading.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import { tagId } from '../events/tag-id.ts'
import type { EventLog } from '../log/event-log.ts'
import { type AlertDesk, createAlertDesk } from './alert-desk.ts'
import { createDeviceDesk, DEVICES_ONLINE, type DeviceDesk } from './device-desk.ts'
import { eventTime, type Heard, infoData, isInfo, isMovement, makeEvent, movementData } from './event-maker.ts'
import type { FloodLimits } from './flood-gate.ts'
import { onThisBoot } from './on-this-boot.ts'
import { createTagRegistry, type TagRegistry } from './tag-registry.ts'

/** Counted per type since the start. */
export type IngestCounters = Map<string, number>

/** From readings to events. The one place that knows ids, edges and what becomes of a reading; it never waits. */
export interface Ingest {
  /** Takes what a source delivered; calls `delivery.onDurable` when all that came of it is durable, held alerts included. */
  deliver(sourceId: string, delivery: Delivery): void
  /** Namespace of a source's short ids; forgets nothing of the tags when a source goes. */
  setNamespace(sourceId: string, namespace: string): void
  /** Alerts told before the last stop that still stand, once, for those who show them; not to be told again. */
  takeStanding(): readonly GatewayEvent[]
  readonly tags: TagRegistry
  readonly counters: IngestCounters
  /** Tells what flood control still holds back. To be called while the log is open. */
  close(): void
}

export interface IngestOptions {
  readonly clock: GatewayClock
  readonly log: Pick<EventLog, 'append' | 'saveState' | 'loadState' | 'flush'>
  readonly limits: FloodLimits
  /** Told of every event as it is appended, before it is durable: for those who act at once, and for the page. */
  readonly onEvent?: (event: GatewayEvent) => void
}

/** What came of a delivery. */
interface Made {
  readonly events: GatewayEvent[]
  held: boolean
}

export async function createIngest(options: IngestOptions): Promise<Ingest> {
  const saved = await options.log.loadState('alert-edges')
  const savedDevices = await options.log.loadState(DEVICES_ONLINE)
  const { clock, log, limits } = options
  const desk = createAlertDesk({ clock, log, saved, limits })
  const devices = createDeviceDesk({ clock, log, saved: savedDevices, maxPerSourcePerMinute: limits.maxPerSourcePerMinute })
  return new ReadingIngest(options, desk, devices)
}

class ReadingIngest implements Ingest {
  readonly tags = createTagRegistry()
  readonly counters: IngestCounters = new Map()
  readonly #namespaces = new Map<string, string>()
  readonly #options: IngestOptions
  readonly #desk: AlertDesk
  readonly #devices: DeviceDesk
  #timerAtMs = Number.POSITIVE_INFINITY
  #timer: TimerHandle | undefined

  constructor(options: IngestOptions, desk: AlertDesk, devices: DeviceDesk) {
    this.#options = options
    this.#desk = desk
    this.#devices = devices
    // Alerts that were held back when the program ended wait for their minute again.
    this.#watchFloods()
  }

  setNamespace(sourceId: string, namespace: string): void {
    this.#namespaces.set(sourceId, namespace)
  }

  deliver(source: string, delivery: Delivery): void {
    const namespace = delivery.idNamespace ?? this.#namespaces.get(source) ?? source
    const made: Made = { events: [], held: false }
    for (const reading of delivery.readings) this.#make({ source, namespace, delivery, reading }, made)
    this.#append(made, delivery.onDurable)
  }

  takeStanding(): readonly GatewayEvent[] {
    const { clock } = this.#options
    return this.#desk.takeStanding().map((event) => onThisBoot(event, clock))
  }

  close(): void {
    this.#timer?.cancel()
    this.#append({ events: this.#desk.due(Number.POSITIVE_INFINITY), held: false }, undefined)
  }

  #make(heard: Heard, made: Made): void {
    const { reading, namespace } = heard
    if (reading.device !== undefined) this.#deviceEvents(heard, tagId(namespace, reading.device), made)
    if (reading.device !== undefined && reading.tag === undefined) return
    // A sentence of a kind that nobody uses says nothing of the tag, and receivers send several a second.
    if (reading.extra?.['supported'] === false) return
    // A link that carries one device's own frames (a GNSS receiver, a tag on a cable) implies the tag: the source itself.
    this.#tagEvents(heard, tagId(namespace, reading.tag ?? heard.source), reading, made)
  }

  #tagEvents(heard: Heard, tag: string, reading: Reading, made: Made): void {
    const { clock } = this.#options
    const { events } = made
    const { receivedAt, monotonicMs } = heard.delivery
    const state = this.tags.heard(tag, heard.source, reading, receivedAt, monotonicMs)
    if (reading.signals !== undefined) {
      for (const event of this.#desk.due(monotonicMs)) events.push(event)
      for (const signal of reading.signals) {
        const event = this.#desk.take(heard, state, signal)
        if (event === 'held') made.held = true
        else if (event !== undefined) events.push(event)
      }
      this.#watchFloods()
    }
    if (isMovement(reading))
      events.push(makeEvent(clock, heard, 'TagMovement', 'telemetry', tag, eventTime(heard), movementData(heard, tag)))
    if (isInfo(reading)) events.push(makeEvent(clock, heard, 'TagInfo', 'telemetry', tag, eventTime(heard), infoData(heard, tag)))
  }

  #deviceEvents(heard: Heard, device: string, { events }: Made): void {
    for (const event of this.#devices.due(heard.delivery.monotonicMs)) events.push(event)
    events.push(this.#devices.take(heard, device))
    this.#watchFloods()
  }

  #append(
    { events, held }: { readonly events: readonly GatewayEvent[]; readonly held: boolean },
    onDurable: (() => void) | undefined
  ): void {
    const { clock, log, onEvent } = this.#options
    // A held alert is nothing but saved state yet, and counts as one more event.
    let left = events.length + (held ? 1 : 0)
    if (left === 0) {
      onDurable?.()
      return
    }
    // Lanes commit apart from each other, so a delivery is durable when the last of its events is.
    const done =
      onDurable === undefined || left === 1
        ? onDurable
        : () => {
            left -= 1
            if (left === 0) onDurable()
          }
    for (const event of events) {
      this.counters.set(event.type, (this.counters.get(event.type) ?? 0) + 1)
      log.append(event, done)
      onEvent?.(onThisBoot(event, clock))
    }
    // A log that dies confirms nothing.
    if (held && done !== undefined) log.flush().then(done, () => undefined)
  }

  #watchFloods(): void {
    const next = Math.min(this.#desk.nextDueMs() ?? Number.POSITIVE_INFINITY, this.#devices.nextDueMs() ?? Number.POSITIVE_INFINITY)
    if (next >= this.#timerAtMs) return
    const { clock } = this.#options
    this.#timer?.cancel()
    this.#timerAtMs = next
    this.#timer = clock.setTimeout(
      () => {
        this.#timerAtMs = Number.POSITIVE_INFINITY
        const nowMs = clock.monotonicMs()
        this.#append({ events: [...this.#desk.due(nowMs), ...this.#devices.due(nowMs)], held: false }, undefined)
        this.#watchFloods()
      },
      Math.max(0, next - clock.monotonicMs())
    )
  }
}
