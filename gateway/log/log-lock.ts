import { openDatabase } from './database.ts'
import { LogError, sqliteCode } from './log-error.ts'

/**
 * Keeps a second program from the same log. The lock is the operating system's, held by an open transaction on an empty database: it
 * ends with the process, however that ends.
 */
export function lockLog(path: string): { release(): void } {
  const db = openDatabase(path, { timeout: 0 })
  try {
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
    return { release: () => db.close() }
  } catch (error) {
    db.close()
    if (sqliteCode(error).startsWith('SQLITE_BUSY')) throw new LogError('LOG_IN_USE', 'another program has this log open', error)
    throw error
  }
}
