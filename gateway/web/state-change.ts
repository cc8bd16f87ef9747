import type { Snapshot, TagView } from '../state/snapshot.ts'

type Sections = Omit<Snapshot, 'nowMono' | 'time' | 'tags'>

/** What differs from the state sent before. Applying every change in order to the first state gives the present one. */
export interface StateChange {
  readonly nowMono: number
  readonly time: number
  readonly set: Partial<Sections>
  /** New or changed tags, whole. */
  readonly tags: readonly TagView[]
  readonly gone: readonly string[]
}

const SECTIONS: readonly (keyof Sections)[] = ['gateway', 'sources', 'lanes', 'storage', 'uplink', 'alarms', 'problems', 'plan']

/**
 * Finds what changed between snapshots, once for all clients. Compares JSON texts, because the view may hand out objects that
 * it goes on changing, and sends those same texts: every tag is put into words once a second at most.
 */
export class StateDiffer {
  readonly #sections = new Map<keyof Sections, string>()
  #tags = new Map<string, string>()
  #nowMono = 0
  #time = 0

  /** Gives the JSON text of the `StateChange` since the update before. */
  update(snapshot: Snapshot): string {
    this.#nowMono = snapshot.nowMono
    this.#time = snapshot.time
    const set: string[] = []
    for (const section of SECTIONS) {
      const text = JSON.stringify(snapshot[section])
      if (this.#sections.get(section) === text) continue
      this.#sections.set(section, text)
      set.push(`"${section}":${text}`)
    }
    const before = this.#tags
    const now = new Map<string, string>()
    const changed: string[] = []
    for (const tag of snapshot.tags) {
      const text = JSON.stringify(tag)
      now.set(tag.id, text)
      if (before.get(tag.id) !== text) changed.push(text)
    }
    this.#tags = now
    const gone = [...before.keys()].filter((id) => !now.has(id))
    return `{${this.#clocks()},"set":{${set.join(',')}},"tags":[${changed.join(',')}],"gone":${JSON.stringify(gone)}}`
  }

  /** The state after the last update as JSON text, for a client that joins now. */
  fullText(): string {
    const parts = [this.#clocks()]
    for (const [section, text] of this.#sections) parts.push(`"${section}":${text}`)
    return `{${parts.join(',')},"tags":[${[...this.#tags.values()].join(',')}]}`
  }

  #clocks(): string {
    return `"nowMono":${this.#nowMono},"time":${this.#time}`
  }
}

/** The page's side of it. */
export function applyChange(state: Snapshot, change: StateChange): Snapshot {
  const head = { ...state, ...change.set, nowMono: change.nowMono, time: change.time }
  if (change.tags.length === 0 && change.gone.length === 0) return head
  const tags = new Map(state.tags.map((tag) => [tag.id, tag]))
  for (const id of change.gone) tags.delete(id)
  for (const tag of change.tags) tags.set(tag.id, tag)
  return { ...head, tags: [...tags.values()] }
}
