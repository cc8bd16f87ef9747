import { existsSync } from 'node:fs'
import { foundInRescue } from './damaged-database.ts'
import { openDatabase } from './database.ts'
import { logPaths } from './log-paths.ts'

/**
 * What a processor has saved in the log of a directory, read without opening the log: its disk may not let it open and still be read,
 * also while it waits for its rescue. Undefined: there is no log there, or it cannot be read.
 */
export function readSavedState(directory: string, processor: string): ReadonlyMap<string, string> | undefined {
  const paths = logPaths(directory)
  try {
    const database = existsSync(paths.database) ? paths.database : foundInRescue(paths).at(-1)?.rescuing
    if (database === undefined) return undefined
    const db = openDatabase(database, { readonly: true, fileMustExist: true, timeout: 5000 })
    try {
      const rows = db.prepare<[string], [string, string]>('SELECT key, value FROM state WHERE processor = ?').raw().all(processor)
      return new Map(rows)
    } finally {
      db.close()
    }
  } catch {
    // Damaged, not yet a log, or on a disk that lets nothing be read: the opening will say what it is.
    return undefined
  }
}
