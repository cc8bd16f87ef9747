import type { Snapshot, TagView } from './snapshot.ts'

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
 * it goes on changing; 2 000 tags cost about a millisecond a second.
 */
export class StateDiffer {
  readonly #sections = new Map<keyof Sections, string>()
  #tags = new Map<string, string>()
  #nowMono = 0
  #time = 0

  update(snapshot: Snapshot): StateChange {
    this.#nowMono = snapshot.nowMono
    this.#time = snapshot.time
    const set: Record<string, unknown> = {}
    for (const section of SECTIONS) {
      const text = JSON.stringify(snapshot[section])
      if (this.#sections.get(section) === text) continue
      this.#sections.set(section, text)
      set[section] = snapshot[section]
    }
    const before = this.#tags
    const now = new Map<string, string>()
    const changed: TagView[] = []
    for (const tag of snapshot.tags) {
      const text = JSON.stringify(tag)
      now.set(tag.id, text)
      if (before.get(tag.id) !== text) changed.push(tag)
    }
    this.#tags = now
    const gone = [...before.keys()].filter((id) => !now.has(id))
    return { nowMono: snapshot.nowMono, time: snapshot.time, set, tags: changed, gone }
  }

  /** The state after the last update as JSON text, for a client that joins now. */
  fullText(): string {
    const parts = [`"nowMono":${this.#nowMono}`, `"time":${this.#time}`]
    for (const [section, text] of this.#sections) parts.push(`"${section}":${text}`)
    return `{${parts.join(',')},"tags":[${[...this.#tags.values()].join(',')}]}`
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
