import type { Clock } from '../../drivers/driver.ts'

/** Waiting that can be ended from outside. After `stop` nothing waits any more. */
export class Sleeper {
  readonly #clock: Clock
  readonly #wakers = new Set<() => void>()
  #stopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get stopped(): boolean {
    return this.#stopped
  }

  sleep(delayMs: number): Promise<void> {
    if (this.#stopped || delayMs <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel()
        this.#wakers.delete(wake)
        resolve()
      }
      const timer = this.#clock.setTimeout(wake, delayMs)
      this.#wakers.add(wake)
    })
  }

  /** Resolves to what `work` gives, or to `late` after `limitMs`, or at once on `stop`. */
  limited<T>(work: Promise<T>, limitMs: number, late: T): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.cancel()
        this.#wakers.delete(give)
      }
      const give = () => {
        end()
        resolve(late)
      }
      const timer = this.#clock.setTimeout(give, limitMs)
      this.#wakers.add(give)
      if (this.#stopped) give()
      work.then(
        (result) => {
          end()
          resolve(result)
        },
        (error: unknown) => {
          end()
          reject(error)
        }
      )
    })
  }

  /** Ends all waiting that is going on now. */
  wake(): void {
    for (const wake of [...this.#wakers]) wake()
  }

  stop(): void {
    this.#stopped = true
    this.wake()
  }
}
