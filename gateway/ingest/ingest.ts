import type { Delivery, TimerHandle } from '../../drivers/driver.ts'
import type { Reading } from '../../firmware-protocols/reading.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import { tagId } from '../events/tag-id.ts'
import type { EventLog, GiveUp } from '../log/event-log.ts'
import type { TagBoard } from '../state/tag-board.ts'
import { ALERT_EDGES, type AlertDesk, createAlertDesk } from './alert-desk.ts'
import { createDeviceDesk, DEVICES_ONLINE, type DeviceDesk } from './device-desk.ts'
import { eventTime, type Heard, infoData, isInfo, isMovement, makeEvent, movementData } from './event-maker.ts'
import type { FloodLimits } from './flood-gate.ts'
import { onThisBoot } from './on-this-boot.ts'
import { SharedFlush } from './shared-flush.ts'

/** From readings to events. The one place that knows ids, edges and what becomes of a reading; it never waits. */
export interface Ingest {
  /** Takes what a source delivered; calls `delivery.onDurable` when all that came of it is durable, held alerts included; `onGivenUp` when telemetry of it was let go. */
  deliver(sourceId: string, delivery: Delivery): void
  /** Namespace of a source's short ids; forgets nothing of the tags when a source goes. */
  setNamespace(sourceId: string, namespace: string): void
  /** What the log had saved is known at last, where it could not be read at the start; tells what that makes of what was heard since. */
  recall(alertEdges: ReadonlyMap<string, string>, devicesOnline: ReadonlyMap<string, string>): void
  /** Tells what flood control still holds back. To be called while the log is open. */
  close(): void
}

export interface IngestOptions {
  readonly clock: GatewayClock
  readonly log: Pick<EventLog, 'append' | 'saveState' | 'loadState' | 'flush'>
  readonly limits: FloodLimits
  /** The log cannot say yet what was saved in it; `recall` follows when it can. */
  readonly savedIsUnknown?: boolean
  /** Kept up to date with every reading and alert; shows at once what stands from before. */
  readonly tags: TagBoard
  /** Told of every event as it is appended, before it is durable: for those who act at once, and for the page. */
  readonly onEvent?: (event: GatewayEvent) => void
}

/** What came of a delivery. */
interface Made {
  readonly events: GatewayEvent[]
  held: boolean
}

/** Whoever waits to hear what became of events. */
type Waiting = Pick<Delivery, 'onDurable' | 'onGivenUp' | 'pressing'>

const NOBODY: Waiting = {}

export async function createIngest(options: IngestOptions): Promise<Ingest> {
  const saved = await options.log.loadState(ALERT_EDGES)
  const savedDevices = await options.log.loadState(DEVICES_ONLINE)
  const { clock, log, limits, savedIsUnknown = false, tags } = options
  const desk = createAlertDesk({ clock, log, saved, limits, savedIsUnknown })
  const nowMono = clock.monotonicMs()
  for (const alert of desk.takeStanding()) tags.restore(onThisBoot(alert, clock), nowMono)
  const devices = createDeviceDesk({ clock, log, saved: savedDevices, maxPerSourcePerMinute: limits.maxPerSourcePerMinute, savedIsUnknown })
  return new ReadingIngest(options, desk, devices)
}

class ReadingIngest implements Ingest {
  readonly #namespaces = new Map<string, string>()
  readonly #options: IngestOptions
  readonly #desk: AlertDesk
  readonly #devices: DeviceDesk
  readonly #flushes: SharedFlush
  #timerAtMs = Number.POSITIVE_INFINITY
  #timer: TimerHandle | undefined

  constructor(options: IngestOptions, desk: AlertDesk, devices: DeviceDesk) {
    this.#options = options
    this.#flushes = new SharedFlush(options.log)
    this.#desk = desk
    this.#devices = devices
    // Alerts that were held back when the program ended wait for their minute again.
    this.#watchFloods()
  }

  setNamespace(sourceId: string, namespace: string): void {
    this.#namespaces.set(sourceId, namespace)
  }

  deliver(source: string, delivery: Delivery): void {
    const { onDurable, readings, repeat } = delivery
    if (repeat === true) {
      // What it repeats may still be on its way to the disk.
      if (onDurable !== undefined) this.#flushes.wait(onDurable)
      return
    }
    const usual = delivery.idNamespace ?? this.#namespaces.get(source) ?? source
    const made: Made = { events: [], held: false }
    for (const reading of readings) this.#make({ source, namespace: reading.idNamespace ?? usual, delivery, reading }, made)
    this.#append(made, delivery)
  }

  recall(alertEdges: ReadonlyMap<string, string>, devicesOnline: ReadonlyMap<string, string>): void {
    const { clock, tags } = this.#options
    const events = [...this.#desk.recall(alertEdges), ...this.#devices.recall(devicesOnline)]
    const nowMono = clock.monotonicMs()
    for (const alert of this.#desk.takeStanding()) tags.restore(onThisBoot(alert, clock), nowMono)
    this.#append({ events, held: false }, NOBODY)
    this.#watchFloods()
  }

  close(): void {
    this.#timer?.cancel()
    this.#append({ events: this.#desk.due(Number.POSITIVE_INFINITY), held: false }, NOBODY)
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
    const { clock, tags } = this.#options
    const { events } = made
    const { monotonicMs } = heard.delivery
    const state = tags.heard(tag, heard.source, reading, monotonicMs)
    if (reading.signals !== undefined) {
      for (const event of this.#desk.due(monotonicMs)) events.push(event)
      for (const signal of reading.signals) {
        // What is old may tell of an alarm that nobody has heard of, but it ends none: a late message overtaken by a newer one.
        if (reading.stale === true && signal.form === 'level' && !signal.on) continue
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
    { onDurable, onGivenUp, pressing = false }: Waiting
  ): void {
    if (onDurable === undefined && onGivenUp === undefined) for (const event of events) this.#put(event, undefined, undefined)
    else this.#appendFor({ onDurable, onGivenUp, pressing }, events, held)
  }

  /** For somebody who waits to hear what became of it. */
  #appendFor({ onDurable, onGivenUp, pressing = false }: Waiting, events: readonly GatewayEvent[], held: boolean): void {
    // A held alert is nothing but saved state yet, and counts as one more event.
    let left = events.length + (held ? 1 : 0)
    if (left === 0) {
      onDurable?.()
      return
    }
    // Lanes commit apart from each other, so a delivery is durable when the last of its events is.
    let anyGivenUp = false
    const settle = (): void => {
      left -= 1
      if (left > 0) return
      if (anyGivenUp) onGivenUp?.()
      else onDurable?.()
    }
    const done = onDurable === undefined || left === 1 ? onDurable : settle
    const giveUp =
      onGivenUp === undefined
        ? undefined
        : {
            soon: pressing,
            onGivenUp: () => {
              anyGivenUp = true
              settle()
            }
          }
    for (const event of events) this.#put(event, done, giveUp)
    if (held && done !== undefined) this.#flushes.wait(done)
  }

  #put(event: GatewayEvent, onDurable: (() => void) | undefined, giveUp: GiveUp | undefined): void {
    const { clock, log, tags, onEvent } = this.#options
    log.append(event, onDurable, giveUp)
    const shown = onThisBoot(event, clock)
    if (event.type === 'TagAlert') tags.alert(shown)
    onEvent?.(shown)
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
        this.#append({ events: [...this.#desk.due(nowMs), ...this.#devices.due(nowMs)], held: false }, NOBODY)
        this.#watchFloods()
      },
      Math.max(0, next - clock.monotonicMs())
    )
  }
}
