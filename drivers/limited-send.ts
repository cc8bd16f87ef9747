import { type Clock, DriverError, type SendOptions, type SendOutcome } from './driver.ts'
import { messageOf } from './driver-errors.ts'

type Stage = 'accepted' | 'delivered' | 'acknowledged'
const RANK: Readonly<Record<Stage, number>> = { accepted: 1, delivered: 2, acknowledged: 3 }

/**
 * Runs one attempt to send so that the promises of `DriverRun.send` hold whatever the attempt does: it settles within
 * `options.timeoutMs` with the last stage reached (`SEND_TIMEOUT` when none was), at once when `options.signal` or
 * `ended` is aborted, it never rejects, and each stage is reported
 * once, in order. What the attempt throws is told with the code of a DriverError, else as DRIVER_EXCEPTION.
 */
export function limitedSend(
  clock: Clock,
  options: SendOptions,
  ended: AbortSignal,
  attempt: (options: SendOptions & { readonly signal: AbortSignal }) => Promise<SendOutcome>
): Promise<SendOutcome> {
  return new Promise((resolve) => {
    let reached: Stage | undefined
    let settled = false
    const giveUp = new AbortController()

    const settle = (outcome: SendOutcome): void => {
      if (settled) return
      settled = true
      limit.cancel()
      options.signal?.removeEventListener('abort', onAbort)
      ended.removeEventListener('abort', onEnded)
      giveUp.abort()
      resolve(outcome)
    }
    const settleWithout = (code: string, why: string): void =>
      settle(reached === undefined ? { stage: 'failed', code, why } : { stage: reached })
    const onAbort = (): void => settleWithout('SEND_ABORTED', 'the sender withdrew the command')
    const onEnded = (): void => settleWithout('SOURCE_DOWN', 'the source went down before the command was sent')
    const limit = clock.setTimeout(
      () => settleWithout('SEND_TIMEOUT', `nothing confirmed the command within ${options.timeoutMs} ms`),
      options.timeoutMs
    )
    const report = (stage: Stage): void => {
      if (settled || (reached !== undefined && RANK[stage] <= RANK[reached])) return
      reached = stage
      try {
        options.onStage?.(stage)
      } catch {
        // A listener's failure is not the command's.
      }
    }

    if (ended.aborted) return onEnded()
    if (options.signal?.aborted) return onAbort()
    options.signal?.addEventListener('abort', onAbort)
    ended.addEventListener('abort', onEnded)
    const finish = (outcome: SendOutcome): void => {
      if (outcome.stage === 'failed' || outcome.stage === 'unsupported') settle(outcome)
      else {
        report(outcome.stage)
        settle({ stage: reached ?? outcome.stage })
      }
    }
    const fail = (error: unknown): void => {
      const code = error instanceof DriverError ? error.code : 'DRIVER_EXCEPTION'
      finish({ stage: 'failed', code, why: messageOf(error) })
    }
    try {
      attempt({ timeoutMs: options.timeoutMs, onStage: report, signal: giveUp.signal }).then(finish, fail)
    } catch (error) {
      fail(error)
    }
  })
}
