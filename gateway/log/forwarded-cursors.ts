import { isDeepStrictEqual } from 'node:util'
import type Database from 'better-sqlite3'
import type { Lane } from '../events/define-event.ts'
import type { CursorState } from './reader-contract.ts'

/** A topic that the forwarder serves. */
export interface ServedTopic {
  readonly lane: Lane
  readonly topic: string
  readonly type: string
}

const keyOf = (lane: Lane, topic: string): string => `${lane} ${topic}`

/**
 * How far each topic is forwarded, and which there are. What changes holds at once and is written with the next transaction, whatever
 * that is for: an older cursor after a crash only means that some events are sent again.
 */
export class ForwardedCursors {
  readonly #cursors = new Map<string, CursorState>()
  readonly #pending = new Map<string, CursorState>()
  readonly #save: Database.Statement<[string, string, number]>
  readonly #saveTopics: Database.Statement<[string]>
  #topics: readonly ServedTopic[]
  #topicsPending = false

  /** `topics`: as they were written last. */
  constructor(db: Database.Database, topics: string | undefined) {
    this.#topics = JSON.parse(topics ?? '[]') as ServedTopic[]
    for (const cursor of db.prepare<[], CursorState>('SELECT lane, topic, sequence FROM cursor').all())
      this.#cursors.set(keyOf(cursor.lane, cursor.topic), cursor)
    this.#save = db.prepare('INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)')
    this.#saveTopics = db.prepare("INSERT OR REPLACE INTO meta VALUES ('topics', ?)")
  }

  get topics(): readonly ServedTopic[] {
    return this.#topics
  }

  get hasPending(): boolean {
    return this.#pending.size > 0 || this.#topicsPending
  }

  all(): readonly CursorState[] {
    return [...this.#cursors.values()]
  }

  /** Cursors never go back. */
  advance(cursors: readonly CursorState[]): void {
    for (const cursor of cursors) {
      const key = keyOf(cursor.lane, cursor.topic)
      if ((this.#cursors.get(key)?.sequence ?? -1) >= cursor.sequence) continue
      this.#cursors.set(key, cursor)
      this.#pending.set(key, cursor)
    }
  }

  /** False: they are those already. */
  serve(topics: readonly ServedTopic[]): boolean {
    if (isDeepStrictEqual(topics, this.#topics)) return false
    this.#topics = topics
    this.#topicsPending = true
    return true
  }

  /** Within a transaction; `written` follows when it is through. */
  writePending(): void {
    for (const { lane, topic, sequence } of this.#pending.values()) this.#save.run(lane, topic, sequence)
    if (this.#topicsPending) this.#saveTopics.run(JSON.stringify(this.#topics))
  }

  written(): void {
    this.#pending.clear()
    this.#topicsPending = false
  }

  /** Everything of this type in the lane up to here is forwarded. Infinite: nobody waits for it. Zero: no uplink, or nothing is. */
  forwardedTo(lane: Lane, type: string): number {
    if (this.#topics.length === 0) return 0
    const topic = this.#topics.find((served) => served.lane === lane && served.type === type)
    return topic === undefined ? Number.POSITIVE_INFINITY : this.#sequenceOf(topic)
  }

  /** Everything in the lane up to here is forwarded to every topic that is served. */
  forwardedToAll(lane: Lane): number {
    const forwarded = this.#topics.filter((served) => served.lane === lane).map((topic) => this.#sequenceOf(topic))
    return forwarded.length === 0 ? 0 : Math.min(...forwarded)
  }

  #sequenceOf({ lane, topic }: ServedTopic): number {
    return this.#cursors.get(keyOf(lane, topic))?.sequence ?? 0
  }
}
