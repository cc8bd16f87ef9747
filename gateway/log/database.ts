import Database from 'better-sqlite3'

/**
 * Everything that better-sqlite3 has made in this process, for good. From Node 24 on, an object of a native module that the
 * garbage collector frees outside a context ends the whole process by a failed assertion (`RemoveEnvironmentCleanupHook`
 * in `node_object_wrap.h`, which the module is compiled with). A gateway opens few databases and knows few statements, so
 * nothing of them is ever freed.
 */
const KEPT: unknown[] = []

/** An object of the native module that is not to be freed either. */
export function kept<T>(made: T): T {
  KEPT.push(made)
  return made
}

/**
 * Opens a database whose statements are made once and kept: `prepare` gives the same statement for the same text, `pragma`
 * reads through kept statements and sets without one. One text is used in one way only (`pluck`, `raw` and plain do not mix),
 * and what `iterate` gives goes through `kept`. Throws what better-sqlite3 throws.
 */
export function openDatabase(path: string, options: Database.Options = {}): Database.Database {
  const db = new Database(path, options)
  const statements = new Map<string, Database.Statement>()
  const make = db.prepare.bind(db)
  const prepare = (text: string): Database.Statement => {
    let statement = statements.get(text)
    if (statement === undefined) {
      statement = make(text)
      statements.set(text, statement)
    }
    return statement
  }
  const pragma = (source: string, { simple = false }: Database.PragmaOptions = {}): unknown => {
    // Most settings take effect when the text is compiled, so a kept statement would set them only once.
    if (source.includes('=')) return db.exec(`PRAGMA ${source}`)
    const rows = prepare(`PRAGMA ${source}`).all() as Record<string, unknown>[]
    return simple ? Object.values(rows[0] ?? {})[0] : rows
  }
  Object.defineProperties(db, { prepare: { value: prepare }, pragma: { value: pragma } })
  KEPT.push(db, statements)
  return db
}
