import type { z } from 'zod'
import type { GeoPosition, LocalPosition, Reading } from '../../firmware-protocols/reading.ts'
import type { GatewayEvent } from '../events/define-event.ts'
import type { tagAlert } from '../events/raw-events.ts'
import type { TagAlertView, TagView } from './snapshot.ts'

type Alert = z.infer<typeof tagAlert.data>
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface StandingAlert {
  readonly view: TagAlertView
  /** The tag will say when it is over; others lapse. */
  readonly clears: boolean
}

/** What the gateway last heard of a tag; for the page, and for alarms that must stand alone. */
export interface TagState {
  readonly id: string
  source: string | null
  /** The last usable fix; `fixMono` says when. */
  position: LocalPosition | undefined
  geo: GeoPosition | undefined
  accuracyM: number | undefined
  fixMono: number | undefined
  /** The last frame of any kind that was not stale. */
  seenMono: number
  batteryPct: number | undefined
  /** By kind and slot; most tags never have one. */
  alerts: Map<string, StandingAlert> | undefined
}

export interface TagBoardOptions {
  /**
   * Past this number the tags unheard for longest make room. Those in alarm never do: up to as many again are taken in, and
   * calm newcomers are not remembered while there is no room.
   */
  readonly maxTags: number
  /** How many the page is given: those in alarm, then those heard last. */
  readonly maxShown: number
  /** How long an alert without a "cleared" of its own (a counter, an age, an event) stays. */
  readonly lapseMs: number
}

const LOOK_FOR_ROOM_EVERY_MS = 1_000

/** Where every tag is and how it is. Hot: one map look-up and a few assignments a reading. */
export class TagBoard {
  readonly #options: TagBoardOptions
  readonly #tags = new Map<string, TagState>()
  #noRoomUntilMono = Number.NEGATIVE_INFINITY

  constructor(options: TagBoardOptions) {
    this.#options = options
  }

  /** Give it every reading of a tag, before the alerts in it. Stale data repeats what was true at an unknown time: it changes nothing. */
  heard(id: string, source: string, reading: Reading, monotonicMs: number): TagState {
    const known = this.#tags.get(id)
    if (reading.stale === true) return known ?? newTag(id, source, monotonicMs)
    const tag = known ?? this.#add(id, source, monotonicMs, this.#options.maxTags)
    tag.source = source
    tag.seenMono = monotonicMs
    if (reading.usable !== false && (reading.position !== undefined || reading.geo !== undefined)) {
      tag.position = reading.position
      tag.geo = reading.geo
      tag.accuracyM = reading.accuracyM
      tag.fixMono = monotonicMs
    }
    if (reading.batteryPct !== undefined) tag.batteryPct = reading.batteryPct
    return tag
  }

  /** Give it every `TagAlert` that is told. */
  alert(event: GatewayEvent): void {
    const data = event.data as Alert
    const known = this.#tags.get(data.tag)
    const key = `${data.kind}/${data.slot ?? ''}`
    if (data.edge === 'cleared') {
      known?.alerts?.delete(key)
      return
    }
    const tag = known ?? this.#add(data.tag, event.source ?? null, event.monotonicMs, 2 * this.#options.maxTags)
    tag.alerts ??= new Map()
    tag.alerts.set(key, {
      view: { kind: data.kind, atMono: event.monotonicMs, time: event.time, count: data.count },
      clears: data.announcedAs === 'level'
    })
    tag.batteryPct ??= data.batteryPct
    const fix = data.lastFix
    if (tag.fixMono !== undefined || fix === undefined) return
    tag.position = fix.position as LocalPosition | undefined
    tag.geo = fix.geo as GeoPosition | undefined
    tag.accuracyM = fix.accuracyM
    tag.fixMono = event.monotonicMs - fix.ageMs
  }

  /** Shows an alert again that was told before the gateway started. */
  restore(event: GatewayEvent, nowMono: number): void {
    const { announcedAs } = event.data as Alert
    if (announcedAs === 'level' || nowMono - event.monotonicMs < this.#options.lapseMs) this.alert(event)
  }

  tags(nowMono: number): readonly TagView[] {
    const { maxShown } = this.#options
    const all = [...this.#tags.values()]
    if (all.length <= maxShown) return all.map((tag) => this.#view(tag, nowMono))
    const inAlarm = all.filter((tag) => this.#inAlarm(tag, nowMono))
    const calm = all.filter((tag) => !this.#inAlarm(tag, nowMono)).sort((a, b) => b.seenMono - a.seenMono)
    return [...inAlarm, ...calm.slice(0, Math.max(0, maxShown - inAlarm.length))].map((tag) => this.#view(tag, nowMono))
  }

  get size(): number {
    return this.#tags.size
  }

  #view(tag: TagState, nowMono: number): TagView {
    const alerts = this.#inAlarm(tag, nowMono) && tag.alerts !== undefined ? [...tag.alerts.values()].map(({ view }) => view) : []
    const view: Mutable<TagView> = { id: tag.id, source: tag.source, seenMono: tag.seenMono, alerts }
    if (tag.position !== undefined) view.position = tag.position
    if (tag.geo !== undefined) view.geo = tag.geo
    if (tag.fixMono !== undefined) view.fixMono = tag.fixMono
    if (tag.batteryPct !== undefined) view.batteryPct = tag.batteryPct
    return view
  }

  #inAlarm({ alerts }: TagState, nowMono: number): boolean {
    if (alerts === undefined || alerts.size === 0) return false
    for (const [key, { clears, view }] of alerts) if (!clears && nowMono - view.atMono >= this.#options.lapseMs) alerts.delete(key)
    return alerts.size > 0
  }

  /** Where there is no room the tag is given back all the same, and forgotten. */
  #add(id: string, source: string | null, nowMono: number, limit: number): TagState {
    const tag = newTag(id, source, nowMono)
    if (this.#tags.size >= this.#options.maxTags) this.#makeRoom(nowMono)
    if (this.#tags.size < limit) this.#tags.set(id, tag)
    return tag
  }

  /** Drops a tenth at once, so that a flood of made-up ids does not sort the board for each of them. */
  #makeRoom(nowMono: number): void {
    if (nowMono < this.#noRoomUntilMono) return
    const calm = [...this.#tags.values()].filter((tag) => !this.#inAlarm(tag, nowMono))
    calm.sort((a, b) => a.seenMono - b.seenMono)
    const tenth = Math.ceil(this.#options.maxTags / 10)
    for (const { id } of calm.slice(0, tenth)) this.#tags.delete(id)
    if (calm.length < tenth) this.#noRoomUntilMono = nowMono + LOOK_FOR_ROOM_EVERY_MS
  }
}

function newTag(id: string, source: string | null, seenMono: number): TagState {
  return {
    id,
    source,
    position: undefined,
    geo: undefined,
    accuracyM: undefined,
    fixMono: undefined,
    seenMono,
    batteryPct: undefined,
    alerts: undefined
  }
}
