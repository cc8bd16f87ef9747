import type { AckGate } from './ack-gate.ts'

/** A commit takes a tenth of a second; so long without one is worth saying. */
const SLOW_MS = 10_000
/** After this the connection is given up, so that the broker sends again what the log may have let go. */
const STALLED_MS = 60_000
/** A later message is durable and an earlier one is not: after this the earlier one will not come any more. */
const OVERTAKEN_MS = 5_000
/** While the storage fails nothing is confirmed, and nothing would be gained by connecting anew; after it, what memory holds takes its time. */
const AFTER_FAILING_MS = 30_000
/** While the storage fails: the broker may send no more, so that not even an alarm comes in, and the log lets go only what comes anew. */
const DEAF_MS = 10_000

export type CommitFinding = { readonly kind: 'fine' | 'slow' | 'lost'; readonly why: string }

const FINE: CommitFinding = { kind: 'fine', why: '' }

/** What is known of the storage and of what it holds up. */
export interface HeldUp {
  /** When the storage was seen failing last. */
  readonly storageFailedMs: number
  /** Since when the broker may send no more before something is acknowledged. */
  readonly deafSinceMs: number | undefined
}

/**
 * Notices when the log no longer confirms what it was given. The log promises to call back only for what it has stored; a
 * message it had to let go (overload, failed disk) is never confirmed, and all acknowledgements after it wait. Ending the
 * connection makes the broker send it again; not while the storage fails, since the link works, and alarms come by it, unless
 * nothing comes by it any more: of what is sent again the log lets go what fills the link now.
 */
export function watchCommits(
  gate: Pick<AckGate, 'oldest' | 'overtakenSinceMs' | 'size'>,
  nowMonotonicMs: number,
  { deafSinceMs, storageFailedMs }: HeldUp = { storageFailedMs: Number.NEGATIVE_INFINITY, deafSinceMs: undefined }
): CommitFinding {
  const { oldest, overtakenSinceMs } = gate
  if (oldest === undefined || oldest.durable) return FINE
  const storageFailed = nowMonotonicMs - storageFailedMs < AFTER_FAILING_MS
  if (storageFailed && deafSinceMs !== undefined && nowMonotonicMs - deafSinceMs >= DEAF_MS)
    return { kind: 'lost', why: 'the storage fails and the broker may send no more; connecting anew, to hear what comes' }
  if (!storageFailed && overtakenSinceMs !== undefined && nowMonotonicMs - overtakenSinceMs >= OVERTAKEN_MS)
    return { kind: 'lost', why: 'the log did not store a message; connecting anew, so that the broker sends it again' }
  const waitedMs = nowMonotonicMs - oldest.receivedMonotonicMs
  if (waitedMs < SLOW_MS) return FINE
  if (!storageFailed && waitedMs >= STALLED_MS)
    return {
      kind: 'lost',
      why: `the log has confirmed nothing for ${STALLED_MS / 1000} s; connecting anew, so that the broker sends it again`
    }
  return { kind: 'slow', why: `the log has not confirmed ${gate.size > 1 ? 'messages' : 'a message'} for more than ${SLOW_MS / 1000} s` }
}
