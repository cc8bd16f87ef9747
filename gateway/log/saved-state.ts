import { existsSync } from 'node:fs'
import { openDatabase } from './database.ts'
import { logPaths } from './log-paths.ts'

/**
 * What a processor has saved in the log of a directory, read without opening the log: its disk may not let it open and still be read.
 * Undefined: there is no log there, or it cannot be read.
 */
export function readSavedState(directory: string, processor: string): ReadonlyMap<string, string> | undefined {
  const { database } = logPaths(directory)
  if (!existsSync(database)) return undefined
  try {
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
