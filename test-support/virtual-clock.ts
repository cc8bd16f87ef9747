import type { Clock, TimerHandle } from '../drivers/driver.ts'

interface VirtualTimer {
  readonly dueMs: number
  readonly order: number
  readonly callback: () => void
}

/** A clock that moves only when a test says so. */
export interface VirtualClock extends Clock {
  /**
   * Moves both clocks on by `ms`, firing timers in order of their due time, each at exactly that time. Between timers all
   * promise jobs are run, so that timers set by `await`ing code fire in the same call when they fall due in it.
   */
  advance(ms: number): Promise<void>
  /** As `advance`, without running promise jobs: for code that is purely synchronous. */
  advanceSync(ms: number): void
  /** Steps the wall clock alone, as a time service does. */
  stepWall(ms: number): void
  readonly pendingTimers: number
}

/** Lets every promise job that is ready run, and those that they make ready. */
export async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

export function createVirtualClock(startWallMs = Date.UTC(2026, 0, 1), startMonotonicMs = 1_000): VirtualClock {
  let monotonicMs = startMonotonicMs
  let wallOffsetMs = startWallMs - startMonotonicMs
  let order = 0
  const timers = new Set<VirtualTimer>()

  const nextDue = (untilMs: number): VirtualTimer | undefined => {
    let next: VirtualTimer | undefined
    for (const timer of timers) {
      if (timer.dueMs > untilMs) continue
      if (next === undefined || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) next = timer
    }
    return next
  }
  const fire = (timer: VirtualTimer): void => {
    timers.delete(timer)
    monotonicMs = Math.max(monotonicMs, timer.dueMs)
    timer.callback()
  }

  return {
    wallMs: () => wallOffsetMs + monotonicMs,
    monotonicMs: () => monotonicMs,
    setTimeout(callback: () => void, delayMs: number): TimerHandle {
      const timer = { dueMs: monotonicMs + Math.max(0, delayMs), order: order++, callback }
      timers.add(timer)
      return { cancel: () => timers.delete(timer) }
    },
    async advance(ms: number): Promise<void> {
      const untilMs = monotonicMs + ms
      await settlePromises()
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        fire(timer)
        await settlePromises()
      }
      monotonicMs = untilMs
    },
    advanceSync(ms: number): void {
      const untilMs = monotonicMs + ms
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) fire(timer)
      monotonicMs = untilMs
    },
    stepWall(ms: number): void {
      wallOffsetMs += ms
    },
    get pendingTimers() {
      return timers.size
    }
  }
}
