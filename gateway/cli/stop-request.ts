import type { Clock } from '../../drivers/driver.ts'
import { EXIT_FAILURE, EXIT_OK } from './exit-codes.ts'

export interface StopReason {
  readonly reason: string
  readonly exitCode: number
}

export interface StopRequest {
  /** Settles with the first reason to stop: a signal, or a failure that only a restart mends. */
  readonly made: Promise<StopReason>
  fail(reason: string): void
}

/** Listens for signals from now on. SIGHUP is for whoever watches the configuration; before somebody does, it must not end the process. */
export function listenForStop(): StopRequest {
  let make: (reason: StopReason) => void = () => undefined
  const made = new Promise<StopReason>((resolve) => {
    make = resolve
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => make({ reason: signal, exitCode: EXIT_OK }))
  process.on('SIGHUP', ignore)
  return { made, fail: (reason) => make({ reason, exitCode: EXIT_FAILURE }) }
}

function ignore(): void {
  // The configuration is read after the start anyway.
}

/** False when the work took longer, or failed. */
export async function doneWithin(limitMs: number, clock: Clock, work: Promise<void>): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const timer = clock.setTimeout(() => resolve(false), limitMs)
    const settle = (done: boolean) => () => {
      timer.cancel()
      resolve(done)
    }
    work.then(settle(true), settle(false))
  })
}
