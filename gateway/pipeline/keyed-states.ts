import type { Timer, TimerHeap } from './timer-heap.ts'

/** One key of one processor. */
export interface Keyed {
  readonly key: string
  state: unknown
  /** Timers that run; most keys have one or none. */
  timers: RunningTimer[]
  /** Snapshot that already has this key as it was when that one began. */
  inSnapshot: number
}

interface RunningTimer {
  readonly name: string
  dueMs: number
  /** Its place in the heap; undefined: popped. */
  queued: Timer | undefined
}

/** What a snapshot holds of one key. */
export interface KeyedSnapshot {
  readonly key: string
  readonly state: unknown
  readonly timers: readonly (readonly [name: string, dueMs: number])[]
}

/** All keys of one processor, their timers included. */
export class KeyedStates {
  readonly #place: number
  readonly #heap: TimerHeap
  readonly #initial: (key: string) => unknown
  readonly #keys = new Map<string, Keyed>()

  constructor(place: number, heap: TimerHeap, initial: (key: string) => unknown) {
    this.#place = place
    this.#heap = heap
    this.#initial = initial
  }

  get size(): number {
    return this.#keys.size
  }

  get(key: string): Keyed | undefined {
    return this.#keys.get(key)
  }

  /** @param snapshot the one under way, which a key that is new since does not belong to */
  add(key: string, snapshot: number): Keyed {
    const keyed: Keyed = { key, state: this.#initial(key), timers: [], inSnapshot: snapshot }
    this.#keys.set(key, keyed)
    return keyed
  }

  restore({ key, state, timers }: KeyedSnapshot): void {
    const keyed: Keyed = { key, state, timers: [], inSnapshot: 0 }
    this.#keys.set(key, keyed)
    for (const [name, dueMs] of timers) this.setTimer(keyed, name, dueMs)
  }

  drop(keyed: Keyed): void {
    this.#keys.delete(keyed.key)
    keyed.timers = []
  }

  keys(): IterableIterator<Keyed> {
    return this.#keys.values()
  }

  /** Sorted: state that was restored does not know in which order its keys came to be. */
  inKeyOrder(): readonly Keyed[] {
    return [...this.#keys.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  setTimer(keyed: Keyed, name: string, dueMs: number): void {
    let timer = keyed.timers.find((each) => each.name === name)
    if (timer === undefined) {
      timer = { name, dueMs, queued: undefined }
      keyed.timers.push(timer)
    }
    timer.dueMs = dueMs
    // Moved later it stays where it is in the heap, and goes on from there: most timers are moved many times before they fire.
    if (timer.queued !== undefined && timer.queued.atMs <= dueMs) return
    timer.queued = { place: this.#place, key: keyed.key, name, atMs: dueMs }
    this.#heap.push(timer.queued)
  }

  cancelTimer(keyed: Keyed, name: string): void {
    keyed.timers = keyed.timers.filter((each) => each.name !== name)
  }

  /** A timer has come to the top of the heap: gives its key if it really is due, and queues it again if it was moved. */
  due(queued: Timer): Keyed | undefined {
    const keyed = this.#keys.get(queued.key)
    const timer = keyed?.timers.find((each) => each.name === queued.name)
    if (keyed === undefined || timer === undefined || timer.queued !== queued) return undefined
    timer.queued = undefined
    if (timer.dueMs > queued.atMs) {
      this.setTimer(keyed, timer.name, timer.dueMs)
      return undefined
    }
    this.cancelTimer(keyed, timer.name)
    return keyed
  }
}

export function snapshotOf({ key, state, timers }: Keyed): KeyedSnapshot {
  return { key, state, timers: timers.map(({ name, dueMs }) => [name, dueMs]) }
}
