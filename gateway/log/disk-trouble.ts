import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { StorageState } from './event-log.ts'
import { isFull, sqliteCode } from './log-error.ts'

export type DiskTrouble = Exclude<StorageState, 'ok'>

const TROUBLES: Readonly<Record<string, DiskTrouble>> = { ENOSPC: 'full', EDQUOT: 'full', EROFS: 'failing', EIO: 'failing' }

/** By the operating system's code: a disk that is full, read-only or failing. Anything else (rights, a wrong path) is a mistake of the installer's. */
export function diskTroubleOf(error: unknown): DiskTrouble | undefined {
  return isFull(error) ? 'full' : TROUBLES[sqliteCode(error)]
}

/**
 * Why a log in this directory could not be opened or written: trouble of the disk, which may pass, or undefined for what somebody has to
 * put right. SQLite says "cannot open" for both, and of what is full it knows ENOSPC only: a quota that is used up is an "I/O error" to it.
 * So the directory itself is tried.
 */
export function troubleIn(directory: string, error: unknown): DiskTrouble | undefined {
  const code = sqliteCode(error)
  const known = diskTroubleOf(error)
  if (known !== undefined || !/^SQLITE_(CANTOPEN|READONLY|IOERR|PERM)/.test(code)) return known
  return directoryTrouble(directory) ?? (code.startsWith('SQLITE_IOERR') ? 'failing' : undefined)
}

/** Whether the disk takes a small file there. */
export function directoryTrouble(directory: string): DiskTrouble | undefined {
  const probe = join(directory, 'log.probe')
  try {
    mkdirSync(directory, { recursive: true, mode: 0o750 })
    const descriptor = openSync(probe, 'w', 0o640)
    try {
      writeSync(descriptor, Buffer.alloc(4096, 1))
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
      rmSync(probe, { force: true })
    }
    return undefined
  } catch (error) {
    return diskTroubleOf(error)
  }
}
