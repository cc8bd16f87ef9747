import { foundInRescue } from './damaged-database.ts'
import { openDatabase } from './database.ts'
import { exists } from './exists.ts'
import { logPaths } from './log-paths.ts'

/** What processors have saved: by processor, then key. */
export type SavedState = ReadonlyMap<string, ReadonlyMap<string, string>>

/**
 * What all processors have saved in the log of a directory, read without opening the log: its disk may not let it open and still be read,
 * also while it waits for its rescue. Undefined: there is no log there, or not all of it can be read; a part would pass for the whole.
 */
export function readSavedState(directory: string): SavedState | undefined {
  const paths = logPaths(directory)
  try {
    const database = exists(paths.database) ? paths.database : foundInRescue(paths).at(-1)?.rescuing
    if (database === undefined) return undefined
    const db = openDatabase(database, { readonly: true, fileMustExist: true, timeout: 5000 })
    try {
      const saved = new Map<string, Map<string, string>>()
      for (const [processor, key, value] of db
        .prepare<[], [string, string, string]>('SELECT processor, key, value FROM state')
        .raw()
        .all()) {
        const keys = saved.get(processor) ?? new Map<string, string>()
        saved.set(processor, keys.set(key, value))
      }
      return saved
    } finally {
      db.close()
    }
  } catch {
    // Damaged, not yet a log, or on a disk that lets nothing be read: the opening will say what it is.
    return undefined
  }
}
