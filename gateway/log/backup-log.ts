import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { openDatabase } from './database.ts'
import { headroomOf } from './disk-headroom.ts'
import { LogError } from './log-error.ts'
import { syncDirectory } from './sync-directory.ts'

/**
 * Copies the log as it is at this moment into a file, which must not exist, while the gateway writes on: one read transaction over the
 * whole copy, so a busy log cannot make it begin again, but the write-ahead log does not start over meanwhile. The copy has its name only
 * when it is complete and on the disk.
 */
export function backupLog(database: string, target: string): void {
  if (existsSync(target)) throw new LogError('LOG_READ_FAILED', `${target} exists already`)
  const unfinished = `${target}.unfinished`
  const db = openDatabase(database, { readonly: true, fileMustExist: true, timeout: 5000 })
  try {
    refuseWithoutRoom(Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true })), target)
    rmSync(unfinished, { force: true })
    db.prepare('VACUUM INTO ?').run(unfinished)
    sync(unfinished)
    renameSync(unfinished, target)
    syncDirectory(dirname(target))
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  } finally {
    db.close()
  }
}

/** The gateway's own log may be on the same disk. */
function refuseWithoutRoom(bytes: number, target: string): void {
  const disk = statfsSync(dirname(target))
  if (disk.bavail * disk.bsize < bytes + 2 * headroomOf(disk))
    throw new LogError('LOG_READ_FAILED', `there is no room for a copy of ${bytes} bytes at ${target}`)
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
