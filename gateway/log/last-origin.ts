import { existsSync } from 'node:fs'
import { openDatabase } from './database.ts'
import { logPaths } from './log-paths.ts'
import { type Origin, readLives, startsOf } from './told-lives.ts'

/** Whose events the log in a directory recorded last, as far as it says; read without opening the log. */
export function lastOrigin(directory: string): Origin | undefined {
  const { database, lives } = logPaths(directory)
  return readLives(lives)?.starts.at(-1)?.origin ?? originInDatabase(database)
}

function originInDatabase(path: string): Origin | undefined {
  if (!existsSync(path)) return undefined
  try {
    const db = openDatabase(path, { readonly: true, fileMustExist: true, timeout: 5000 })
    try {
      return startsOf(db.prepare("SELECT value FROM meta WHERE name = 'lives'").pluck().get()).at(-1)?.origin
    } finally {
      db.close()
    }
  } catch {
    // Damaged, or not yet a log: the opening will say what it is.
    return undefined
  }
}
