import { readdirSync, renameSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { exists } from './exists.ts'
import type { LogPaths } from './log-paths.ts'
import { syncDirectory } from './sync-directory.ts'

/**
 * The names of a damaged database say how far its rescue has come, whatever ends the program in between (renaming needs no room):
 *
 * 1. `events.db` alone: it is the log, or its damage is not known yet.
 * 2. `events.db.rescuing-<time>` and no `events.db`: what can be read of it is being carried over into `events.db.new`. That holds copies
 *    only and is thrown away when it was not finished; the rescue then begins again.
 * 3. `events.db` and `events.db.rescuing-<time>`: the new database was finished, synced and renamed.
 * 4. `events.db` and `events.db.damaged-<time>`: done; nobody deletes the old one but you.
 */
export interface DamagedDatabase {
  /** Where it lies while it is being rescued … */
  readonly rescuing: string
  /** … and for good. */
  readonly aside: string
}

const SIDE_FILES = ['-wal', '-shm']

function named(paths: LogPaths, time: string): DamagedDatabase {
  return { rescuing: `${paths.database}.rescuing-${time}`, aside: `${paths.database}.damaged-${time}` }
}

/** The database itself first: its old name alone says whether the write-ahead log there is still its own. */
export function takeForRescue(paths: LogPaths, wallMs: number): DamagedDatabase {
  const damaged = freeName(paths, Math.floor(wallMs))
  renameSync(paths.database, damaged.rescuing)
  takeSideFiles(paths, damaged)
  return damaged
}

/** A clock that begins at the same time with each boot must not lay one damaged database over another. */
function freeName(paths: LogPaths, wallMs: number): DamagedDatabase {
  const damaged = named(paths, new Date(wallMs).toISOString().replaceAll(':', ''))
  return exists(damaged.aside) || exists(damaged.rescuing) ? freeName(paths, wallMs + 1) : damaged
}

/** Only while there is no database at the old name. */
export function takeSideFiles(paths: LogPaths, { rescuing }: DamagedDatabase): void {
  for (const suffix of SIDE_FILES) renameIfThere(`${paths.database}${suffix}`, `${rescuing}${suffix}`)
  syncDirectory(paths.directory)
}

/** Databases whose rescue was begun and not brought to its end; the newest last. */
export function foundInRescue(paths: LogPaths): readonly DamagedDatabase[] {
  const prefix = `${basename(paths.database)}.rescuing-`
  const isDatabase = (name: string) => name.startsWith(prefix) && !SIDE_FILES.some((suffix) => name.endsWith(suffix))
  const names = readdirSync(paths.directory).filter(isDatabase).sort()
  return names.map((name) => named(paths, name.slice(prefix.length)))
}

/** Its rescue is done. The database itself last: while it has the old name, the others belong to it. */
export function setAsideForGood(paths: LogPaths, { rescuing, aside }: DamagedDatabase): void {
  for (const suffix of [...SIDE_FILES, '']) renameIfThere(`${rescuing}${suffix}`, `${aside}${suffix}`)
  syncDirectory(paths.directory)
}

/** Copies only. */
export function discardUnfinished(paths: LogPaths): void {
  for (const suffix of ['', '-journal', ...SIDE_FILES]) rmSync(`${paths.unfinished}${suffix}`, { force: true })
}

/** The write-ahead log of a database that somebody has deleted. */
export function setOrphansAside(paths: LogPaths, wallMs: number): void {
  for (const suffix of SIDE_FILES) renameIfThere(`${paths.database}${suffix}`, `${paths.database}${suffix}.orphan-${wallMs}`)
}

/** Bytes that a rescue may have to write, at the most. */
export function filesOf({ rescuing }: DamagedDatabase): readonly string[] {
  return [rescuing, `${rescuing}-wal`]
}

function renameIfThere(from: string, to: string): void {
  if (exists(from)) renameSync(from, to)
}
