import { type Keyed, type KeyedSnapshot, type KeyedStates, snapshotOf } from './keyed-states.ts'
import type { AnyProcessor } from './processor.ts'

/** State of one key of one processor. */
export interface SnapshotEntry extends KeyedSnapshot {
  readonly processor: string
  readonly version: number
}

interface Named {
  readonly name: string
  readonly version: number
}

/**
 * State of all keys as it was when the snapshot began, taken piece by piece while events go on: whoever is about to change a key has
 * it copied first. Entries are given as JSON text, since the state itself changes on.
 */
export class Snapshot {
  readonly #id: number
  readonly #copied: string[] = []
  readonly #rest: Generator<string>
  /** Pipeline time at which it began. */
  readonly nowMs: number

  constructor(id: number, nowMs: number, names: readonly Named[], states: readonly KeyedStates[]) {
    this.#id = id
    this.nowMs = nowMs
    // A Map's iterator sees keys that are added later; those are marked as belonging to no snapshot yet to come.
    this.#rest = this.#walk(names, states)
  }

  /** To be called before anything happens to a key. */
  beforeChange(processor: Named | AnyProcessor, keyed: Keyed): void {
    if (keyed.inSnapshot >= this.#id) return
    this.#copied.push(this.#text(processor, keyed))
  }

  /** The next entries, each the JSON text of a `SnapshotEntry`; none: it is complete. */
  take(maxEntries: number): readonly string[] {
    const entries = this.#copied.splice(0, maxEntries)
    while (entries.length < maxEntries) {
      const next = this.#rest.next()
      if (next.done === true) break
      entries.push(next.value)
    }
    // What is copied while the last are taken belongs to it, too.
    return entries.length > 0 ? entries : this.#copied.splice(0)
  }

  #text({ name, version }: Named, keyed: Keyed): string {
    keyed.inSnapshot = this.#id
    return JSON.stringify({ processor: name, version, ...snapshotOf(keyed) } satisfies SnapshotEntry)
  }

  *#walk(names: readonly Named[], states: readonly KeyedStates[]): Generator<string> {
    for (const [place, named] of names.entries()) {
      for (const keyed of states[place]?.keys() ?? []) if (keyed.inSnapshot < this.#id) yield this.#text(named, keyed)
    }
  }
}
