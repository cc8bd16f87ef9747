import { mkdirSync } from 'node:fs'
import Database from 'better-sqlite3'
import { LANES } from '../events/define-event.ts'
import { beginAnew } from './begin-anew.ts'
import { beginLife, memoryOf, withDetail } from './begin-life.ts'
import { discardUnfinished, foundInRescue, setAsideForGood } from './damaged-database.ts'
import { exists } from './exists.ts'
import { byLane, laneStatements } from './lane-tables.ts'
import { openLogDatabase } from './log-database.ts'
import { isDamage } from './log-error.ts'
import { compareIdentity, type LogIdentity, readIdentity } from './log-identity.ts'
import { quickCheck } from './log-integrity.ts'
import { type ChangedOrigin, lifeOfNew, lifeOfOpened } from './log-life.ts'
import { MarkFile } from './log-mark.ts'
import { type LogPaths, logPaths } from './log-paths.ts'
import { LogStore } from './log-store.ts'
import { migrate } from './migrations.ts'
import type { OpenedStore, StoreOptions } from './store-options.ts'
import { type LifeStart, type Origin, rememberLives, startsOf } from './told-lives.ts'
import { setForeignWalAside, signDatabase } from './wal-owner.ts'

/**
 * Opens, checks and, where need be, begins another life of the log. Throws a LogError when the log cannot be used as it is and must
 * not be touched (newer program), or SQLite's error when the disk does not let us.
 */
export function openLogStore(options: StoreOptions): OpenedStore {
  const paths = logPaths(options.directory)
  mkdirSync(paths.directory, { recursive: true, mode: 0o750 })
  const mark = new MarkFile(paths.mark)
  try {
    discardUnfinished(paths)
    const existed = exists(paths.database)
    if (existed) for (const rescued of foundInRescue(paths)) setAsideForGood(paths, rescued)
    const foreignWal = existed && options.inUse !== true ? setForeignWalAside(paths, options.stamp().wallMs) : undefined
    const found = existed ? openExisting(paths, options) : undefined
    const opened =
      found instanceof Database ? goOn(found, paths, mark, options, foreignWal) : beginAnew(paths, mark, options, found?.problem)
    signDatabase(opened.store.db, paths)
    return opened
  } catch (error) {
    mark.close()
    throw error
  }
}

/** The database when it is sound; otherwise why not. */
function openExisting(paths: LogPaths, options: StoreOptions): Database.Database | { readonly problem: string } {
  if (options.damage !== undefined) return { problem: options.damage }
  let db: Database.Database | undefined
  try {
    db = openLogDatabase(paths.database, options)
    migrate(db)
    const check = quickCheck(db, byLane(laneStatementsOf(db)))
    if (check.problem === undefined) return db
    db.close()
    return { problem: check.problem }
  } catch (error) {
    db?.close()
    if (isDamage(error)) return { problem: error instanceof Error ? error.message : String(error) }
    throw error
  }
}

const laneStatementsOf = (db: Database.Database) => (lane: (typeof LANES)[number]) => laneStatements(db, lane)

function goOn(db: Database.Database, paths: LogPaths, mark: MarkFile, options: StoreOptions, foreignWal: string | undefined): OpenedStore {
  try {
    return takeUp(db, paths, mark, options, foreignWal)
  } catch (error) {
    db.close()
    throw error
  }
}

function takeUp(
  db: Database.Database,
  paths: LogPaths,
  mark: MarkFile,
  options: StoreOptions,
  foreignWal: string | undefined
): OpenedStore {
  const store = new LogStore(db, mark, options.stamp, options.onOwnEvents)
  const now = readIdentity(paths, options.machineId)
  const then = JSON.parse(store.meta('identity') ?? '{"files":{},"hardware":{}}') as LogIdentity
  const end = { epoch: Number(store.epoch), last: byLane((lane) => store.lastSequence(lane)) }
  const starts = adopt(store, options.origin)
  const changed = changedOrigin(starts.at(-1)?.origin, options.origin)
  const compared = compareIdentity(then, now)
  const whereabouts = compared === 'same' && foreignWal !== undefined ? 'restored' : compared
  const detail = foreignWal === undefined ? undefined : `the write-ahead log of another database lies in ${foreignWal}`
  const { wallMs } = options.stamp()
  // Where no life ever began this is the first.
  const newLife =
    store.epoch === ''
      ? lifeOfNew('log-created', memoryOf(paths, mark), undefined, undefined, wallMs)
      : withDetail(lifeOfOpened(end, memoryOf(paths, mark), whereabouts, wallMs, changed), detail)
  const living =
    newLife === undefined
      ? store
      : beginLife(db, paths, mark, memoryOf(paths, mark), options, newLife, starts, (lives) => rememberLives(paths.lives, lives))
  for (const lane of LANES) for (const block of quickCheck(db, living.statements).damaged[lane]) living.blockDamaged(lane, block)
  living.writeMark()
  if (newLife !== undefined) living.syncMark()
  return { store: living, newLife, setAsideAs: undefined }
}

/** Epochs of a log that did not keep whose they are: those of whoever opens it first. */
function adopt(store: LogStore, origin: Origin | undefined): readonly LifeStart[] {
  const starts = startsOf(store.meta('lives'))
  if (origin === undefined || starts.every((start) => start.origin !== undefined)) return starts
  const adopted = starts.map((start) => ({ origin, ...start }))
  store.setMeta('lives', JSON.stringify(adopted))
  return adopted
}

function changedOrigin(from: Origin | undefined, to: Origin | undefined): ChangedOrigin | undefined {
  if (from === undefined || to === undefined) return undefined
  return from.gatewayId === to.gatewayId && from.site === to.site ? undefined : { from, to }
}
