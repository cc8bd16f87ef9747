import type { AckGate } from './ack-gate.ts'

/** A commit takes a tenth of a second; so long without one is worth saying. */
const SLOW_MS = 10_000
/** After this the connection is given up, so that the broker sends again what the log may have let go. */
const STALLED_MS = 60_000
/** A later message is durable and an earlier one is not: after this the earlier one will not come any more. */
const OVERTAKEN_MS = 5_000
/** While the storage fails nothing is confirmed, and nothing would be gained by connecting anew; after it, what memory holds takes its time. */
const AFTER_FAILING_MS = 30_000

export type CommitFinding = { readonly kind: 'fine' | 'slow' | 'lost'; readonly why: string }

const FINE: CommitFinding = { kind: 'fine', why: '' }

/**
 * Notices when the log no longer confirms what it was given. The log promises to call back only for what it has stored; a
 * message it had to let go (overload, failed disk) is never confirmed, and all acknowledgements after it wait. Ending the
 * connection makes the broker send it again; not while the storage fails (`failedMonotonicMs`: when that was seen last), since
 * the link works, and alarms come by it.
 */
export function watchCommits(
  gate: Pick<AckGate, 'oldest' | 'overtakenSinceMs' | 'size'>,
  nowMonotonicMs: number,
  failedMonotonicMs = Number.NEGATIVE_INFINITY
): CommitFinding {
  const { oldest, overtakenSinceMs } = gate
  if (oldest === undefined || oldest.durable) return FINE
  const mayGiveUp = nowMonotonicMs - failedMonotonicMs >= AFTER_FAILING_MS
  if (mayGiveUp && overtakenSinceMs !== undefined && nowMonotonicMs - overtakenSinceMs >= OVERTAKEN_MS)
    return { kind: 'lost', why: 'the log did not store a message; connecting anew, so that the broker sends it again' }
  const waitedMs = nowMonotonicMs - oldest.receivedMonotonicMs
  if (waitedMs < SLOW_MS) return FINE
  if (mayGiveUp && waitedMs >= STALLED_MS)
    return {
      kind: 'lost',
      why: `the log has confirmed nothing for ${STALLED_MS / 1000} s; connecting anew, so that the broker sends it again`
    }
  return { kind: 'slow', why: `the log has not confirmed ${gate.size > 1 ? 'messages' : 'a message'} for more than ${SLOW_MS / 1000} s` }
}
