import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type Database from 'better-sqlite3'
import type { Lane } from '../events/define-event.ts'
import { openDatabase } from './database.ts'
import { LogError, sqliteCode } from './log-error.ts'
import { type CheckOutcome, Packer, type PackOutcome } from './packer.ts'

/** Log thread → packer thread. */
export type ToPacker = { readonly kind: 'pack'; readonly lane: Lane } | { readonly kind: 'checkpoint' } | { readonly kind: 'close' }

/** Packer thread → log thread, other than that a checkpoint is done. */
export type PackerReport =
  | { readonly kind: 'pack'; readonly lane: Lane; readonly outcome: PackOutcome }
  | { readonly kind: 'damaged-block'; readonly lane: Lane; readonly lastSequence: number }
  | { readonly kind: 'checked' }
  /** `lane`: of the packing that failed; absent: something else did. */
  | { readonly kind: 'failed'; readonly lane?: Lane; readonly code: string; readonly message: string }

export type FromPacker = PackerReport | { readonly kind: 'checkpointed' }

/** The thorough check reads one block at a time, with a rest in between, and once through a day. */
const CHECK_REST_MS = 25
const CHECK_FIRST_MS = 10_000
const CHECK_AFTER_FAILURE_MS = 60_000
const CHECK_EVERY_MS = 24 * 60 * 60_000

/** Entry of the packer thread: blocks, checkpoints and the thorough check, none of which may hold up an alarm. */
function start(): void {
  const port = parentPort
  if (port === null) throw new LogError('LOG_OPEN_FAILED', 'the packer thread must be started as a worker')
  try {
    // On Linux this concerns the calling thread only: packing gives way to everything else.
    setPriority(5)
  } catch {
    // Not allowed here: then it does not.
  }
  const { path } = workerData as { path: string }
  const db = openDatabase(path, { fileMustExist: true, timeout: 5000 })
  db.pragma('synchronous = FULL')
  db.pragma('wal_autocheckpoint = 0')
  db.pragma('cache_size = -2048')
  const packer = new Packer(db)
  const post = (message: FromPacker) => port.postMessage(message)
  const guarded = (work: () => void, lane?: Lane) => {
    try {
      work()
    } catch (error) {
      post({ kind: 'failed', ...(lane === undefined ? {} : { lane }), code: sqliteCode(error), message: String(error) })
    }
  }
  let checkTimer: NodeJS.Timeout | undefined
  const checkLater = (delayMs: number) => {
    checkTimer = setTimeout(() => {
      let nextMs = CHECK_AFTER_FAILURE_MS
      guarded(() => {
        const outcome = packer.checkNext()
        report(outcome, post)
        nextMs = outcome === 'end' ? CHECK_EVERY_MS : CHECK_REST_MS
      })
      checkLater(nextMs)
    }, delayMs)
  }
  checkLater(CHECK_FIRST_MS)
  port.on('message', (message: ToPacker) => {
    switch (message.kind) {
      case 'pack':
        guarded(() => post({ kind: 'pack', lane: message.lane, outcome: packer.pack(message.lane) }), message.lane)
        break
      case 'checkpoint':
        checkpoint(db)
        post({ kind: 'checkpointed' })
        break
      case 'close':
        clearTimeout(checkTimer)
        db.close()
        port.close()
    }
  })
}

function report(outcome: CheckOutcome, post: (message: FromPacker) => void): void {
  if (outcome === 'end') post({ kind: 'checked' })
  else if (!outcome.sound) post({ kind: 'damaged-block', lane: outcome.lane, lastSequence: outcome.lastSequence })
}

/** The second round carries over what came in during the first: little is left to the log thread, which must do the last of it. */
const CHECKPOINT_ROUNDS = 2

function checkpoint(db: Database.Database): void {
  try {
    for (let round = 0; round < CHECKPOINT_ROUNDS; round++) db.pragma('wal_checkpoint(PASSIVE)')
  } catch {
    // A full or failing disk: the log thread meets it too, and knows what to do.
  }
}

start()
