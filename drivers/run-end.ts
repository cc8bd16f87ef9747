import { setMaxListeners } from 'node:events'
import { type DriverContext, DriverError } from './driver.ts'

/** The end of a run, whoever asks for it first: `stop` or the context's signal. */
export interface RunEnd {
  /** Aborted when the run must end. */
  readonly signal: AbortSignal
  /** What `stop` calls. */
  end(): void
  /** Throws when the run was ended: to be called after everything that took time during `start`. */
  check(): void
}

export function createRunEnd(context: Pick<DriverContext, 'signal'>): RunEnd {
  const ending = new AbortController()
  // Every command that waits listens to it.
  setMaxListeners(0, ending.signal)
  const end = (): void => {
    context.signal.removeEventListener('abort', end)
    ending.abort()
  }
  if (context.signal.aborted) end()
  else context.signal.addEventListener('abort', end)
  return {
    signal: ending.signal,
    end,
    check() {
      if (ending.signal.aborted) throw new DriverError('RUN_ENDED', 'the run was stopped before it was up', { retriable: true })
    }
  }
}

/** Resolves after `delayMs`, or at once when `signal` is aborted. */
export function pause(clock: DriverContext['clock'], delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.setTimeout(done, delayMs)
    signal.addEventListener('abort', done)
  })
}
