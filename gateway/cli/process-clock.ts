import type { Clock } from '../../drivers/driver.ts'

/** Real time for a command that ends by itself. */
export const PROCESS_CLOCK: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(timer) }
  }
}
