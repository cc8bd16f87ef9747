/**
 * Where the topics of one lane stand. Most topics move together, as a group that reads the log once; a topic that cannot
 * follow leaves the group as a straggler with a cursor of its own, and rejoins when it has caught up.
 *
 * Invariant: every record of a topic up to its cursor is acknowledged or set aside; nothing behind it is promised.
 * Everything that the group has read on behalf of its topics lies at or below `groupedTo`.
 */
export class LaneProgress {
  readonly #cursors: Map<string, number>
  readonly #group = new Set<string>()
  #groupedTo: number

  /**
   * Topics without a stored cursor start at the beginning. Those within `window` of the foremost one form the group; others
   * would hold it up, and start as stragglers.
   */
  constructor(topics: readonly string[], stored: ReadonlyMap<string, number>, window: number) {
    this.#cursors = new Map(topics.map((topic) => [topic, stored.get(topic) ?? 0]))
    const foremost = Math.max(0, ...this.#cursors.values())
    for (const [topic, cursor] of this.#cursors) if (cursor >= foremost - window) this.#group.add(topic)
    this.#groupedTo = Math.min(...[...this.#group].map((topic) => this.cursor(topic)))
  }

  /** The group reads on after this sequence. */
  get groupedTo(): number {
    return this.#groupedTo
  }

  cursor(topic: string): number {
    return this.#cursors.get(topic) ?? 0
  }

  get slowest(): number {
    return Math.min(...this.#cursors.values())
  }

  cursors(): ReadonlyMap<string, number> {
    return this.#cursors
  }

  stragglers(): string[] {
    return [...this.#cursors.keys()].filter((topic) => !this.#group.has(topic))
  }

  isInGroup(topic: string): boolean {
    return this.#group.has(topic)
  }

  /** Does the group send this record: its topic is in it and has not sent it before. */
  isDue(topic: string, sequence: number): boolean {
    return this.#group.has(topic) && sequence > this.cursor(topic)
  }

  /** The group has read up to here. With nobody in it, it waits for a straggler to rejoin. */
  grouped(to: number): void {
    this.#groupedTo = Math.max(this.#groupedTo, to)
  }

  /** What the group read up to here is acknowledged or set aside. Gives the topics whose cursor moved. */
  advanceGroup(to: number): string[] {
    return [...this.#group].filter((topic) => this.#advance(topic, to))
  }

  advanceStraggler(topic: string, to: number): boolean {
    return !this.#group.has(topic) && this.#advance(topic, to)
  }

  /** The topic cannot follow: everything after `to` is still to be sent. Its cursor never goes back. */
  leave(topic: string, to: number): boolean {
    this.#group.delete(topic)
    return this.#advance(topic, to)
  }

  /** Rejoins when nothing lies between what it has sent and what the group reads next. */
  rejoin(topic: string): boolean {
    if (this.cursor(topic) < this.#groupedTo) return false
    this.#group.add(topic)
    return true
  }

  #advance(topic: string, to: number): boolean {
    if (to <= this.cursor(topic)) return false
    this.#cursors.set(topic, to)
    return true
  }
}
