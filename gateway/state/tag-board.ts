import type { z } from 'zod'
import type { GatewayEvent } from '../events/define-event.ts'
import type { tagAlert, tagInfo, tagMovement } from '../events/raw-events.ts'
import type { TagAlertView, TagView } from './snapshot.ts'

type Movement = z.infer<typeof tagMovement.data>
type Info = z.infer<typeof tagInfo.data>
type Alert = z.infer<typeof tagAlert.data>
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface HeldAlert {
  readonly view: TagAlertView
  /** The tag will say when it is over; others lapse. */
  readonly clears: boolean
}

interface Entry {
  readonly tag: Mutable<Omit<TagView, 'alerts'>>
  readonly alerts: Map<string, HeldAlert>
}

export interface TagBoardOptions {
  /** Past this number the tag unheard for longest makes room, unless it has an alert. */
  readonly maxTags: number
  /** How long an alert without a "cleared" of its own (a counter, an age, an event) stays. */
  readonly lapseMs: number
  readonly nameOf?: (tagId: string) => string | undefined
}

/** Where every tag is and how it is, from the events as they pass. Hot: one map look-up and a few assignments an event. */
export class TagBoard {
  readonly #options: TagBoardOptions
  readonly #entries = new Map<string, Entry>()

  constructor(options: TagBoardOptions) {
    this.#options = options
  }

  /** Give it every event that goes to the log. */
  observe(event: GatewayEvent): void {
    switch (event.type) {
      case 'TagMovement':
        this.#movement(event, event.data as Movement)
        break
      case 'TagInfo':
        this.#info(event, event.data as Info)
        break
      case 'TagAlert':
        this.#alert(event, event.data as Alert)
        break
      default:
    }
  }

  /** Shows an alert again that was told before the gateway started. */
  restore(event: GatewayEvent, nowMono: number): void {
    const data = event.data as Alert
    const lapsed = data.announcedAs !== 'level' && nowMono - event.monotonicMs >= this.#options.lapseMs
    if (event.type === 'TagAlert' && !lapsed) this.#alert(event, data)
  }

  tags(nowMono: number): readonly TagView[] {
    const views: TagView[] = []
    for (const entry of this.#entries.values()) {
      for (const [key, held] of entry.alerts) {
        if (!held.clears && nowMono - held.view.atMono >= this.#options.lapseMs) entry.alerts.delete(key)
      }
      views.push({ ...entry.tag, alerts: [...entry.alerts.values()].map((held) => held.view) })
    }
    return views
  }

  get size(): number {
    return this.#entries.size
  }

  // Stale data repeats what was true at an unknown time: shown, it would look like a tag that is alive and there.
  #movement(event: GatewayEvent, data: Movement): void {
    if (data.stale) return
    const { tag } = this.#entry(event, data.tag)
    if (data.position !== undefined) tag.position = data.position
    if (data.geo !== undefined) tag.geo = data.geo
    if (data.position !== undefined || data.geo !== undefined) tag.fixMono = event.monotonicMs
  }

  #info(event: GatewayEvent, data: Info): void {
    if (data.stale) return
    const { tag } = this.#entry(event, data.tag)
    if (data.batteryPct !== undefined) tag.batteryPct = data.batteryPct
  }

  #alert(event: GatewayEvent, data: Alert): void {
    const { tag, alerts } = this.#entry(event, data.tag)
    const key = `${data.kind}/${data.slot ?? ''}`
    if (data.batteryPct !== undefined) tag.batteryPct = data.batteryPct
    if (data.edge === 'cleared') {
      alerts.delete(key)
      return
    }
    alerts.set(key, {
      view: { kind: data.kind, atMono: event.monotonicMs, time: event.time, count: data.count },
      clears: data.announcedAs === 'level'
    })
    const fix = data.lastFix
    if (tag.fixMono !== undefined || fix === undefined) return
    if (fix.position !== undefined) tag.position = fix.position
    if (fix.geo !== undefined) tag.geo = fix.geo
    tag.fixMono = event.monotonicMs - fix.ageMs
  }

  #entry(event: GatewayEvent, id: string): Entry {
    const known = this.#entries.get(id)
    if (known !== undefined) {
      known.tag.seenMono = event.monotonicMs
      if (event.source !== undefined) known.tag.source = event.source
      return known
    }
    if (this.#entries.size >= this.#options.maxTags) this.#makeRoom()
    const name = this.#options.nameOf?.(id)
    const entry: Entry = {
      tag: { id, source: event.source ?? null, seenMono: event.monotonicMs, ...(name === undefined ? {} : { name }) },
      alerts: new Map()
    }
    this.#entries.set(id, entry)
    return entry
  }

  /** Drops a tenth at once, so that a flood of made-up ids does not sort the board for each of them. */
  #makeRoom(): void {
    const calm = [...this.#entries.values()].filter((entry) => entry.alerts.size === 0)
    const candidates = calm.length > 0 ? calm : [...this.#entries.values()]
    candidates.sort((a, b) => a.tag.seenMono - b.tag.seenMono)
    for (const entry of candidates.slice(0, Math.ceil(this.#options.maxTags / 10))) this.#entries.delete(entry.tag.id)
  }
}
