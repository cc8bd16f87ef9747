import type { DriverContext } from '../driver.ts'

const SAY_EVERY_MS = 60_000

/** Counts what third-party code did wrong as errors of its source, and says it, at most once a minute. */
export function createAmissLog(
  context: Pick<DriverContext, 'clock' | 'counters' | 'log' | 'sourceId'>,
  who: string
): (why: string) => void {
  let quietUntilMs = Number.NEGATIVE_INFINITY
  let unsaid = 0
  return (why) => {
    const { clock, counters, log, sourceId } = context
    counters.errors++
    const nowMs = clock.monotonicMs()
    if (nowMs < quietUntilMs) {
      unsaid++
      return
    }
    quietUntilMs = nowMs + SAY_EVERY_MS
    log.error({ sourceId, who, why: why.slice(0, 500), unsaid }, 'an extension gave what makes no sense; it is left out')
    unsaid = 0
  }
}
