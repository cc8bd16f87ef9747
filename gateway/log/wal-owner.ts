import { randomInt } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { exists } from './exists.ts'
import type { LogPaths } from './log-paths.ts'

/**
 * A write-ahead log does not say which database it belongs to. Where a crash left one behind and an older copy is put in the place of
 * the database, SQLite would lay the newer pages over the older file, and what lies between would be gone unnoticed. So each opening
 * signs the database file itself, and notes beside it what it signed with. The signature is the schema cookie of the header: the only
 * number there that may change at any time and that can be read without taking the write-ahead log into account.
 */
const COOKIE_OFFSET = 40
const MAX_COOKIE = 0x7fff_ffff

/**
 * A write-ahead log that is not the database's own is renamed (never deleted). Gives its new name. Only while nobody in this process has
 * the database open: closing the file takes away the locks that SQLite holds on it here.
 */
export function setForeignWalAside(paths: LogPaths, wallMs: number): string | undefined {
  const wal = `${paths.database}-wal`
  if ((statSync(wal, { throwIfNoEntry: false })?.size ?? 0) === 0) return undefined
  const signatures = readSignatures(paths.signature)
  if (signatures === undefined || signatures.includes(cookieOf(paths.database))) return undefined
  const aside = `${wal}.foreign-${new Date(wallMs).toISOString().replaceAll(':', '')}`
  renameSync(wal, aside)
  // Made from the other one.
  if (exists(`${paths.database}-shm`)) renameSync(`${paths.database}-shm`, `${aside}-shm`)
  return aside
}

/**
 * Signs the database that is open now. Both the old and the new signature are good until the new one is known to be in the file.
 * What cannot be written leaves the old one in force.
 */
export function signDatabase(db: Database.Database, paths: LogPaths): void {
  try {
    if (!carryOver(db)) return
    const before = Number(db.pragma('schema_version', { simple: true }))
    const next = randomInt(1, MAX_COOKIE)
    note(paths, [before, next])
    setCookie(db, next)
    if (carryOver(db)) note(paths, [next])
  } catch {
    // A full or failing disk: the log thread meets it, too.
  }
}

function setCookie(db: Database.Database, cookie: number): void {
  // A defensive connection takes no other cookie.
  db.unsafeMode(true)
  try {
    db.pragma(`schema_version = ${cookie}`)
  } finally {
    db.unsafeMode(false)
  }
}

/** All of the write-ahead log is in the database file now. */
function carryOver(db: Database.Database): boolean {
  const [outcome] = db.pragma('wal_checkpoint(PASSIVE)') as { busy: number; log: number; checkpointed: number }[]
  return outcome?.busy === 0 && outcome.log === outcome.checkpointed
}

function note(paths: LogPaths, signatures: readonly number[]): void {
  writeFileSync(paths.signature, JSON.stringify(signatures), { mode: 0o640, flush: true })
}

/** Another database is about to be created at the path. */
export function forgetSignature(paths: LogPaths): void {
  rmSync(paths.signature, { force: true })
}

/** Undefined: there are none, or they cannot be read; then nothing is said against a write-ahead log. */
function readSignatures(path: string): readonly number[] | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as readonly number[]
  } catch {
    return undefined
  }
}

/** Of the file, whatever the write-ahead log says. */
function cookieOf(database: string): number {
  const bytes = Buffer.alloc(4)
  const descriptor = openSync(database, 'r')
  try {
    readSync(descriptor, bytes, 0, 4, COOKIE_OFFSET)
  } finally {
    closeSync(descriptor)
  }
  return bytes.readInt32BE(0)
}
