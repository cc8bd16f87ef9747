import { existsSync, mkdirSync, renameSync } from 'node:fs'
import Database from 'better-sqlite3'
import { type GatewayEvent, LANES } from '../events/define-event.ts'
import { openDatabase } from './database.ts'
import type { GapStamp } from './gap-events.ts'
import { byLane, laneStatements } from './lane-tables.ts'
import { isDamage, LogError } from './log-error.ts'
import { compareIdentity, ensureSentinel, type LogIdentity, readIdentity } from './log-identity.ts'
import { quickCheck, refuseNewer } from './log-integrity.ts'
import { type ChangedOrigin, lifeOfNew, lifeOfOpened, type Memory, type NewLife } from './log-life.ts'
import { MarkFile } from './log-mark.ts'
import { type LogPaths, logPaths } from './log-paths.ts'
import { LogStore } from './log-store.ts'
import { migrate } from './migrations.ts'
import { type Rescue, rescue } from './rescue.ts'
import { syncDirectory } from './sync-directory.ts'
import {
  type LifeStart,
  type Origin,
  originsOf,
  readLives,
  rememberLives,
  startsOf,
  untoldGaps,
  withGateway,
  withUntold
} from './told-lives.ts'
import { forgetSignature, setForeignWalAside, signDatabase } from './wal-owner.ts'

export interface StoreOptions {
  readonly directory: string
  readonly stamp: () => GapStamp
  /** Whose events are recorded from now on. Absent: the log does not say. */
  readonly origin?: Origin | undefined
  readonly onOwnEvents?: (events: readonly GatewayEvent[]) => void
  /** Stands for the numbers of the hardware. */
  readonly machineId?: string
  /** Size that the write-ahead log keeps when it starts over. */
  readonly walKeptBytes?: number
  /** What damage was found in use: the database is set aside without another look. */
  readonly damage?: string
  /** Other threads of this process may have the database open. */
  readonly inUse?: boolean
  /** A hard limit in pages, which makes SQLite say that the disk is full. */
  readonly maxPages?: number
}

export interface OpenedStore {
  readonly store: LogStore
  /** Undefined: the log goes on. */
  readonly newLife: NewLife | undefined
  /** Where the damaged database lies now. */
  readonly setAsideAs: string | undefined
}

const PAGE_BYTES = 8192
const CACHE_KIB = 4096
/** The write-ahead log keeps this much room when it starts over, so that a full disk can still take an alarm or a deletion. */
export const WAL_KEPT_BYTES = 4 * 1024 * 1024

/**
 * Opens, checks and, where need be, begins another life of the log. Throws a LogError when the log cannot be used as it is and must
 * not be touched (newer program), or SQLite's error when the disk does not let us.
 */
export function openLogStore(options: StoreOptions): OpenedStore {
  const paths = logPaths(options.directory)
  mkdirSync(paths.directory, { recursive: true, mode: 0o750 })
  const mark = new MarkFile(paths.mark)
  try {
    const existed = existsSync(paths.database)
    const foreignWal = existed && options.inUse !== true ? setForeignWalAside(paths, options.stamp().wallMs) : undefined
    const found = existed ? openExisting(paths, options) : undefined
    const opened = found instanceof Database ? goOn(found, paths, mark, options, foreignWal) : beginAnew(paths, mark, options, found)
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
    db = openLogDatabase(paths, options)
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

function openLogDatabase(paths: LogPaths, options: StoreOptions): Database.Database {
  const db = openDatabase(paths.database, { timeout: 5000 })
  try {
    refuseNewer(db)
    db.pragma(`page_size = ${PAGE_BYTES}`)
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma(`cache_size = -${CACHE_KIB}`)
    db.pragma(`journal_size_limit = ${options.walKeptBytes ?? WAL_KEPT_BYTES}`)
    // Checkpoints are the packer thread's work: they would hold up an alarm here.
    db.pragma('wal_autocheckpoint = 0')
    if (options.maxPages !== undefined) db.pragma(`max_page_count = ${options.maxPages}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

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
  const living = newLife === undefined ? store : beginLife(db, paths, mark, options, newLife, starts)
  for (const lane of LANES) for (const block of quickCheck(db, living.statements).damaged[lane]) living.blockDamaged(lane, block)
  living.writeMark()
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

function beginAnew(paths: LogPaths, mark: MarkFile, options: StoreOptions, damage: { readonly problem: string } | undefined): OpenedStore {
  const wallMs = options.stamp().wallMs
  const memory = memoryOf(paths, mark)
  const setAsideAs = damage === undefined ? undefined : setAside(paths, wallMs)
  if (damage === undefined)
    for (const suffix of ['-wal', '-shm']) renameIfThere(`${paths.database}${suffix}`, `${paths.database}${suffix}.orphan-${wallMs}`)
  forgetSignature(paths)
  const db = openLogDatabase(paths, options)
  try {
    migrate(db)
    const rescued: Rescue | undefined = setAsideAs === undefined ? undefined : rescue(setAsideAs, db, memory)
    const reason = damage === undefined ? 'log-created' : 'log-damaged'
    const detail = damage === undefined ? undefined : `${damage.problem}; the old database lies in ${setAsideAs}`
    const life = lifeOfNew(reason, memory, rescued?.epoch, rescued?.missing, wallMs)
    const told = withDetail(life, detail)
    const store = beginLife(db, paths, mark, options, told, rescued?.starts ?? [])
    return { store, newLife: told, setAsideAs }
  } catch (error) {
    db.close()
    throw error
  }
}

function withDetail<Life extends NewLife | undefined>(life: Life, detail: string | undefined): Life {
  return life === undefined || detail === undefined ? life : { ...life, gaps: life.gaps.map((each) => ({ ...each, detail })) }
}

/** The new epoch, the identity of the place and the gaps that tell of the old epoch come into being in one transaction. */
function beginLife(
  db: Database.Database,
  paths: LogPaths,
  mark: MarkFile,
  options: StoreOptions,
  life: NewLife,
  earlier: readonly LifeStart[]
): LogStore {
  ensureSentinel(paths)
  syncDirectory(paths.directory)
  const put = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
  const { origin } = options
  const remembered = readLives(paths.lives)
  const origins = originsOf([...(remembered?.starts ?? []), ...earlier])
  const gaps = withUntold(life.gaps, untoldGaps(remembered, mark.read())).map((each) => withGateway(each, origins, options.stamp().key))
  let store: LogStore | undefined
  db.transaction(() => {
    put.run('epoch', String(life.epoch))
    put.run('identity', JSON.stringify(readIdentity(paths, options.machineId)))
    const begun = new LogStore(db, mark, options.stamp, options.onOwnEvents)
    store = begun
    const first = byLane((lane) => begun.lastSequence(lane) + 1)
    const starts: LifeStart[] = [...earlier, { epoch: life.epoch, first, ...(origin === undefined ? {} : { origin }) }]
    put.run('lives', JSON.stringify(starts))
    rememberLives(paths.lives, { epoch: life.epoch, starts, gaps, gapSequence: store.lastSequence('alarm') + gaps.length })
    store.commit([], [], gaps)
  }).immediate()
  if (store === undefined) throw new LogError('LOG_OPEN_FAILED', 'the log did not begin')
  store.writeMark()
  store.syncMark()
  return store
}

function memoryOf(paths: LogPaths, mark: MarkFile): Memory {
  return { mark: mark.read(), lives: readLives(paths.lives) }
}

/** Renames a damaged database with its write-ahead log; it is never deleted. */
function setAside(paths: LogPaths, wallMs: number): string {
  const aside = `${paths.database}.damaged-${new Date(wallMs).toISOString().replaceAll(':', '')}`
  renameSync(paths.database, aside)
  for (const suffix of ['-wal', '-shm']) renameIfThere(`${paths.database}${suffix}`, `${aside}${suffix}`)
  syncDirectory(paths.directory)
  return aside
}

function renameIfThere(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to)
}
