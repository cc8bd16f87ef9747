import type Database from 'better-sqlite3'
import { byLane } from './lane-tables.ts'
import { LogError } from './log-error.ts'
import { ensureSentinel, readIdentity } from './log-identity.ts'
import type { Memory, NewLife } from './log-life.ts'
import type { MarkFile } from './log-mark.ts'
import type { LogPaths } from './log-paths.ts'
import { LogStore, type MarkWriter } from './log-store.ts'
import type { StoreOptions } from './store-options.ts'
import { syncDirectory } from './sync-directory.ts'
import { type LifeStart, type Lives, originsOf, readLives, untoldGaps, withGateway, withUntold } from './told-lives.ts'

/**
 * The new epoch, the identity of the place and the gaps that tell of the old epoch come into being in one transaction. `earlier`: the
 * epochs whose events the database may hold. `remember` is called before it is committed, with what is to be known outside the database
 * when the new life is in its place.
 */
export function beginLife(
  db: Database.Database,
  paths: LogPaths,
  mark: MarkWriter,
  memory: Memory,
  options: StoreOptions,
  life: NewLife,
  earlier: readonly LifeStart[],
  remember: (lives: Lives) => void
): LogStore {
  ensureSentinel(paths)
  syncDirectory(paths.directory)
  const put = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
  const { origin } = options
  const remembered = memory.lives
  const origins = originsOf([...(remembered?.starts ?? []), ...earlier])
  const gaps = withUntold(life.gaps, untoldGaps(remembered, memory.mark)).map((each) => withGateway(each, origins, options.stamp().key))
  let store: LogStore | undefined
  db.transaction(() => {
    put.run('epoch', String(life.epoch))
    put.run('identity', JSON.stringify(readIdentity(paths, options.machineId)))
    const begun = new LogStore(db, mark, options.stamp, options.onOwnEvents)
    store = begun
    const first = byLane((lane) => begun.lastSequence(lane) + 1)
    const starts: LifeStart[] = [...earlier, { epoch: life.epoch, first, ...(origin === undefined ? {} : { origin }) }]
    put.run('lives', JSON.stringify(starts))
    remember({ epoch: life.epoch, starts, gaps, gapSequence: store.lastSequence('alarm') + gaps.length })
    store.commit([], [], gaps)
  }).immediate()
  if (store === undefined) throw new LogError('LOG_OPEN_FAILED', 'the log did not begin')
  return store
}

export function memoryOf(paths: LogPaths, mark: MarkFile): Memory {
  return { mark: mark.read(), lives: readLives(paths.lives) }
}

export function withDetail<Life extends NewLife | undefined>(life: Life, detail: string | undefined): Life {
  return life === undefined || detail === undefined ? life : { ...life, gaps: life.gaps.map((each) => ({ ...each, detail })) }
}
