import type { Clock, TimerHandle } from '../driver.ts'

export interface RunClock extends Clock {
  /** Cancels every timer and takes no new ones. */
  close(): void
}

/** The clock of one run: what its timers throw goes to `onException`, and no timer outlives the run. */
export function createRunClock(clock: Clock, onException: (error: unknown) => void): RunClock {
  const timers = new Set<TimerHandle>()
  let closed = false
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    setTimeout(callback, delayMs) {
      if (closed) return { cancel: () => undefined }
      const timer = clock.setTimeout(() => {
        timers.delete(timer)
        try {
          callback()
        } catch (error) {
          onException(error)
        }
      }, delayMs)
      timers.add(timer)
      return {
        cancel: () => {
          timers.delete(timer)
          timer.cancel()
        }
      }
    },
    close() {
      closed = true
      for (const timer of timers) timer.cancel()
      timers.clear()
    }
  }
}
