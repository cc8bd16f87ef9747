import type { Clock, TimerHandle } from '../../drivers/driver.ts'

/**
 * Feeds the service manager's watchdog only on proof of progress: each link of the chain that the gateway lives by has
 * shown that it moved since the last time. A live timer is no proof of a live pipeline.
 */
export interface ProgressProof {
  readonly name: string
  /** Any number that grows while this part works; it is read twice and compared. */
  readonly progress: () => number
}

export interface Watchdog {
  /** Parts that did not move at the last look; empty while all is well. */
  readonly stalled: readonly string[]
  close(): void
}

export function createWatchdog(
  clock: Clock,
  periodMs: number,
  proofs: readonly ProgressProof[],
  feed: () => void,
  onStall: (names: readonly string[]) => void
): Watchdog {
  let last = proofs.map((proof) => proof.progress())
  let stalled: readonly string[] = []
  let timer: TimerHandle
  const look = (): void => {
    const now = proofs.map((proof) => proof.progress())
    stalled = proofs.filter((_, index) => (now[index] ?? 0) <= (last[index] ?? 0)).map((proof) => proof.name)
    last = now
    if (stalled.length === 0) feed()
    else onStall(stalled)
    timer = clock.setTimeout(look, periodMs)
  }
  timer = clock.setTimeout(look, periodMs)
  return {
    get stalled() {
      return stalled
    },
    close: () => timer.cancel()
  }
}
