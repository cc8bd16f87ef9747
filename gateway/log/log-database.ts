import type Database from 'better-sqlite3'
import { openDatabase } from './database.ts'
import { refuseNewer } from './log-integrity.ts'
import type { StoreOptions } from './store-options.ts'

const PAGE_BYTES = 8192
const CACHE_KIB = 4096
/** The write-ahead log keeps this much room when it starts over, so that a full disk can still take an alarm or a deletion. */
export const WAL_KEPT_BYTES = 4 * 1024 * 1024

type Settings = Pick<StoreOptions, 'walKeptBytes' | 'maxPages'>

/** A log's database for its only writer. */
export function openLogDatabase(path: string, { walKeptBytes = WAL_KEPT_BYTES, maxPages }: Settings): Database.Database {
  return opened(path, maxPages, (db) => {
    refuseNewer(db)
    db.pragma(`page_size = ${PAGE_BYTES}`)
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma(`journal_size_limit = ${walKeptBytes}`)
    // Checkpoints are the packer thread's work: they would hold up an alarm here.
    db.pragma('wal_autocheckpoint = 0')
  })
}

/**
 * A database that is being built and thrown away if anything comes between: it needs no journal on a disk that may be nearly full, and
 * one sync, by whoever has built it, when it is complete.
 */
export function openUnfinishedDatabase(path: string, { maxPages }: Settings): Database.Database {
  return opened(path, maxPages, (db) => {
    db.pragma(`page_size = ${PAGE_BYTES}`)
    db.pragma('journal_mode = MEMORY')
    db.pragma('synchronous = OFF')
  })
}

function opened(path: string, maxPages: number | undefined, set: (db: Database.Database) => void): Database.Database {
  const db = openDatabase(path, { timeout: 5000 })
  try {
    set(db)
    db.pragma(`cache_size = -${CACHE_KIB}`)
    if (maxPages !== undefined) db.pragma(`max_page_count = ${maxPages}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
