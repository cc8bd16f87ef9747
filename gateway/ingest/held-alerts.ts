import type { GatewayEvent } from '../events/define-event.ts'
import type { FloodScope } from './flood-gate.ts'

/** An alert that flood control holds back until its minute is over. */
export interface HeldAlert {
  readonly raised: GatewayEvent
  /** It is over already; to be told after `raised`, if that is told at all. */
  readonly cleared?: GatewayEvent
  readonly scope: FloodScope
  /** How many alerts of its tag, kind and slot it stands for. */
  readonly alerts: number
}

export interface HeldGroup {
  /** By tag, kind and slot; the one held last comes last. */
  readonly items: Map<string, HeldAlert>
  /** The last one held, even when it has been told since: the sum of the minute is told with it. */
  last: HeldAlert
}

/** What flood control holds back, by the tag or source whose minute must end first. */
export class HeldAlerts {
  readonly #groups = new Map<string, HeldGroup>()
  readonly #groupOf = new Map<string, HeldGroup>()

  get size(): number {
    return this.#groupOf.size
  }

  get(key: string): HeldAlert | undefined {
    return this.#groupOf.get(key)?.items.get(key)
  }

  hold(key: string, item: HeldAlert): void {
    this.drop(key)
    const group = this.note(item)
    group.items.set(key, item)
    this.#groupOf.set(key, group)
  }

  /** Remembers it only as the one that the sum can be told with. */
  note(item: HeldAlert): HeldGroup {
    const name = nameOf(item.scope)
    const group = this.#groups.get(name) ?? { items: new Map<string, HeldAlert>(), last: item }
    this.#groups.set(name, group)
    group.last = item
    return group
  }

  drop(key: string): void {
    this.#groupOf.get(key)?.items.delete(key)
    this.#groupOf.delete(key)
  }

  /** All that waited for the end of this minute; they are no longer held. */
  release(scope: FloodScope): HeldGroup | undefined {
    const name = nameOf(scope)
    const group = this.#groups.get(name)
    this.#groups.delete(name)
    for (const key of group?.items.keys() ?? []) this.#groupOf.delete(key)
    return group
  }
}

function nameOf({ by, id }: FloodScope): string {
  return `${by} ${id}`
}
