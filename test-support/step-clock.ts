import type { Clock, TimerHandle } from '../drivers/driver.ts'

/** A clock that stands still until a test moves it. */
export class StepClock implements Clock {
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>()
  #monotonicMs = 1_000_000
  #wallOffsetMs = Date.UTC(2026, 0, 15, 6, 0) - 1_000_000

  wallMs(): number {
    return this.#monotonicMs + this.#wallOffsetMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const timer = { at: this.#monotonicMs + delayMs, callback }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  get timers(): number {
    return this.#timers.size
  }

  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  /** Runs what falls due, in order, each at its own time. */
  advance(byMs: number): void {
    const end = this.#monotonicMs + byMs
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.#monotonicMs = Math.max(this.#monotonicMs, due.at)
      due.callback()
    }
    this.#monotonicMs = end
  }
}
