import type { EventLog } from '../log/event-log.ts'

/** While the storage fails nothing is flushed for hours, and alerts go on coming. */
const MAX_WAITING = 10_000

/** Tells many at a time that state saved in their turn is durable: one flush is under way, and who comes meanwhile shares the next. */
export class SharedFlush {
  readonly #log: Pick<EventLog, 'flush'>
  #flushing: (() => void)[] = []
  #next: (() => void)[] = []

  constructor(log: Pick<EventLog, 'flush'>) {
    this.#log = log
  }

  /** Whoever comes while too many wait is never called, as with a log that dies: the sender keeps the message. */
  wait(onDurable: () => void): void {
    if (this.#flushing.length + this.#next.length >= MAX_WAITING) return
    this.#next.push(onDurable)
    if (this.#flushing.length === 0) this.#flush()
  }

  #flush(): void {
    this.#flushing = this.#next
    this.#next = []
    if (this.#flushing.length === 0) return
    // A log that dies confirms nothing, and is not asked again.
    this.#log.flush().then(
      () => this.#flushed(),
      () => undefined
    )
  }

  #flushed(): void {
    const done = this.#flushing
    this.#flush()
    for (const onDurable of done) onDurable()
  }
}
