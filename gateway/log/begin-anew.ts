import { closeSync, fsyncSync, openSync, renameSync, statfsSync, statSync } from 'node:fs'
import type { GatewayEvent } from '../events/define-event.ts'
import { Ballast } from './ballast.ts'
import { beginLife, memoryOf, withDetail } from './begin-life.ts'
import {
  type DamagedDatabase,
  discardUnfinished,
  filesOf,
  foundInRescue,
  setAsideForGood,
  setOrphansAside,
  takeForRescue,
  takeSideFiles
} from './damaged-database.ts'
import { headroomOf } from './disk-headroom.ts'
import { openLogDatabase, openUnfinishedDatabase } from './log-database.ts'
import { lifeOfNew, type NewLife } from './log-life.ts'
import type { MarkFile } from './log-mark.ts'
import type { LogPaths } from './log-paths.ts'
import { LogStore, type MarkWriter } from './log-store.ts'
import { migrate } from './migrations.ts'
import { type Rescue, rescue } from './rescue.ts'
import type { OpenedStore, StoreOptions } from './store-options.ts'
import { syncDirectory } from './sync-directory.ts'
import { type Lives, rememberLives } from './told-lives.ts'
import { forgetSignature } from './wal-owner.ts'

const INTERRUPTED = 'the rescue of a damaged database did not come to its end'

/**
 * Puts a new database in the place of one that is gone or damaged (`problem`). It is built under another name, with all that can be read
 * of the damaged one, and gets its own name when its life has begun and is on the disk: whatever comes between, the damaged one is
 * still there, and the next opening begins again with it. Throws when the disk does not let us.
 */
export function beginAnew(paths: LogPaths, mark: MarkFile, options: StoreOptions, problem: string | undefined): OpenedStore {
  const damaged = damagedDatabase(paths, options, problem)
  forgetSignature(paths)
  const { life, ownEvents } = build(paths, mark, options, damaged, problem ?? INTERRUPTED)
  renameSync(paths.unfinished, paths.database)
  syncDirectory(paths.directory)
  if (ownEvents.length > 0) options.onOwnEvents?.(ownEvents)
  if (damaged !== undefined) setAsideForGood(paths, damaged)
  const db = openLogDatabase(paths.database, options)
  try {
    const store = new LogStore(db, mark, options.stamp, options.onOwnEvents)
    // Not before: of a life that was built and never came to be, nothing is to be told as missing.
    store.writeMark()
    store.syncMark()
    return { store, newLife: life, setAsideAs: damaged?.aside }
  } catch (error) {
    db.close()
    throw error
  }
}

function damagedDatabase(paths: LogPaths, options: StoreOptions, problem: string | undefined): DamagedDatabase | undefined {
  const { wallMs } = options.stamp()
  if (problem !== undefined) return takeForRescue(paths, wallMs)
  const interrupted = foundInRescue(paths).at(-1)
  if (interrupted === undefined) setOrphansAside(paths, wallMs)
  else takeSideFiles(paths, interrupted)
  return interrupted
}

interface Built {
  readonly life: NewLife
  readonly ownEvents: readonly GatewayEvent[]
}

function build(paths: LogPaths, mark: MarkFile, options: StoreOptions, damaged: DamagedDatabase | undefined, problem: string): Built {
  const memory = memoryOf(paths, mark)
  const ownEvents: GatewayEvent[] = []
  try {
    if (damaged !== undefined) makeWay(paths, damaged)
    const db = openUnfinishedDatabase(paths.unfinished, options)
    try {
      migrate(db)
      const rescued: Rescue | undefined = damaged === undefined ? undefined : rescue(damaged.rescuing, db, memory)
      const { wallMs } = options.stamp()
      const life =
        damaged === undefined
          ? lifeOfNew('log-created', memory, undefined, undefined, wallMs)
          : withDetail(
              lifeOfNew('log-damaged', memory, rescued?.epoch, rescued?.missing, wallMs),
              `${problem}; the old database lies in ${damaged.aside}`
            )
      const place = { ...paths, database: paths.unfinished }
      const heard = { ...options, onOwnEvents: (events: readonly GatewayEvent[]) => void ownEvents.push(...events) }
      const toRemember: Lives[] = []
      beginLife(db, place, NO_MARK, memory, heard, life, rescued?.starts ?? [], (lives) => void toRemember.push(lives))
      db.close()
      syncFile(paths.unfinished)
      // Not before: what is missing in an attempt that comes to nothing the next one may save.
      for (const lives of toRemember) rememberLives(paths.lives, lives)
      return { life, ownEvents }
    } finally {
      db.close()
    }
  } catch (error) {
    // What it takes of a full disk others need.
    discardUnfinished(paths)
    throw error
  }
}

/** The mark goes on speaking of the old life until the new one is in its place. */
const NO_MARK: MarkWriter = { write: () => undefined, sync: () => undefined, syncSoon: () => undefined, close: () => undefined }

/** Alarms are what the ballast is for. All of it: the rescue would begin from the start for each piece. */
function makeWay(paths: LogPaths, damaged: DamagedDatabase): void {
  const bytes = filesOf(damaged).reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
  const disk = statfsSync(paths.directory)
  if (disk.bavail * disk.bsize < bytes + 2 * headroomOf(disk)) new Ballast(paths.ballast).releaseAll()
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
