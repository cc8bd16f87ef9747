import type { Clock } from '../../drivers/driver.ts'
import type { ClockQuality } from '../events/define-event.ts'

/** The gateway's clock: what drivers see of time, and how far the wall clock can be trusted. */
export interface GatewayClock extends Clock {
  /** This boot of the machine; `monotonicMs` counts within it, over restarts of the program. */
  readonly bootId: string
  quality(): ClockQuality
  /** Told after the wall clock was set by more than `STEP_MS` against the monotonic clock; `stepMs` is signed. */
  onStep(listener: (stepMs: number) => void): void
  close(): void
}

/** Smaller corrections are a time service at work (it slews at most 0.5 ms/s). */
export const STEP_MS = 500
