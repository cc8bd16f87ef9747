import fs, { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { afterEach, expect, it } from 'vitest'
import { LANES, type Lane } from '../events/define-event.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { GapData } from './gap-events.ts'
import { logPaths } from './log-paths.ts'
import type { LogStore } from './log-store.ts'
import { freshDirectory, movement } from './log-test-support.ts'
import { openLogReader } from './open-log-reader.ts'
import { openLogStore } from './open-log-store.ts'
import { rescue } from './rescue.ts'
import { damagedStamp, findIn, makeDamagedLog } from './rescue-test-support.ts'
import type { Lives } from './told-lives.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const directory = freshDirectory()
  folders.push(directory)
  return directory
}

function openStore(directory: string, damage?: string): LogStore {
  const stamp = () => ({ key: 'gw1', bootId: 'b', clockQuality: 'synchronised' as const, wallMs: 1_790_000_000_000, monotonicMs: 1 })
  return openLogStore({ directory, stamp, machineId: 'm', ...(damage === undefined ? {} : { damage }) }).store
}

function append(store: LogStore, lane: Lane, count: number): void {
  const builder = new BatchBuilder()
  for (let i = 0; i < count; i++) {
    const event = movement(i, lane)
    builder.add(event, JSON.stringify(event.data))
  }
  store.commit([{ lane, payload: builder.finish(), count }])
}

/** What the DataGaps of an epoch tell of a lane: `epoch:from-to`. */
function toldIn(directory: string, epoch: string, lane: Lane): string[] {
  const reader = openLogReader(logPaths(directory).database)
  const { events } = reader.read('alarm', 0, { types: new Set(['DataGap']), maxEvents: 100, maxBytes: 1e6 })
  reader.close()
  const gaps = events.filter((event) => event.epoch === epoch).map(({ body }) => JSON.parse(body) as GapData)
  return gaps.filter((gap) => gap.lane === lane).map((gap) => `${gap.epoch}:${gap.from}-${gap.to}`)
}

it('numbers on above the cursors that it carries over, also when no mark is left and everything was forwarded', () => {
  const directory = newFolder()
  const old = openStore(directory)
  old.serveTopics([{ lane: 'alarm', topic: 't.tag-alert', type: 'TagMovement' }])
  append(old, 'alarm', 5)
  const last = old.lastSequence('alarm')
  old.advance([{ lane: 'alarm', topic: 't.tag-alert', sequence: last }])
  old.commit([])
  old.close()

  const fresh = openStore(newFolder())
  rescue(logPaths(directory).database, fresh.db, { mark: undefined, lives: undefined })
  expect(Number(fresh.db.prepare("SELECT next_seq FROM lane WHERE lane = 'alarm'").pluck().get())).toBe(last + 1)
  fresh.close()
})

it.each([
  ['the lives are still in the database', false, false],
  ['they are only remembered beside it', true, false],
  ['they are remembered nowhere', true, true]
])('tells after two damages in a row each loss under the epoch that it befell: %s', (_, forget, forgetAll) => {
  const directory = newFolder()
  const first = openStore(directory)
  append(first, 'telemetry', 5)
  append(first, 'alarm', 2)
  if (forget) first.db.prepare("DELETE FROM meta WHERE name = 'lives'").run()
  first.close()
  if (forgetAll) rmSync(logPaths(directory).lives)

  const second = openStore(directory, 'bad')
  append(second, 'telemetry', 3)
  for (const lane of LANES) expect(toldIn(directory, second.epoch, lane)).toEqual(lane === 'alarm' ? ['null:null-null'] : [])
  second.db.exec('DELETE FROM telemetry_tail; DELETE FROM alarm_tail WHERE last_seq > 1')
  second.close()

  const third = openStore(directory, 'bad again')
  expect(toldIn(directory, third.epoch, 'telemetry')).toEqual([`${first.epoch}:1-5`, `${second.epoch}:6-8`])
  expect(toldIn(directory, third.epoch, 'alarm')).toEqual([`${first.epoch}:2-3`, `${second.epoch}:4-4`])
  third.close()
})

it('lays no damaged database over another, though the clock begins at the same time with each boot', () => {
  const directory = newFolder()
  for (const damage of [undefined, 'bad', 'bad again', 'and again']) {
    const store = openStore(directory, damage)
    append(store, 'alarm', 1)
    store.close()
  }
  const names = readdirSync(directory).filter((name) => /damaged-.*Z$/.test(name))
  expect(names).toHaveLength(3)
  expect(names.filter((name) => name.includes('rescuing'))).toEqual([])
})

it('puts no new log in the place of one whose file the disk does not let it look up', () => {
  const directory = newFolder()
  const old = openStore(directory)
  append(old, 'alarm', 3)
  const last = old.lastSequence('alarm')
  old.close()
  const { statSync } = fs
  const failing = (path: fs.PathLike, options?: fs.StatSyncOptions) => {
    if (String(path).endsWith('events.db')) throw Object.assign(new Error('EIO: i/o error, stat'), { code: 'EIO' })
    return statSync(path, options)
  }
  Object.assign(fs, { statSync: failing })
  syncBuiltinESMExports()
  try {
    expect(() => openStore(directory)).toThrow('EIO')
  } finally {
    Object.assign(fs, { statSync })
    syncBuiltinESMExports()
  }
  const again = openStore(directory)
  expect(again.lastSequence('alarm')).toBe(last)
  again.close()
  expect(readdirSync(directory).filter((name) => /orphan|damaged|rescuing/.test(name))).toEqual([])
})

it('does not tell as missing what only an attempt of the rescue that came to nothing could not save', () => {
  const directory = newFolder()
  makeDamagedLog(directory, { alarm: 3, telemetry: 8000 })
  const stamp = damagedStamp
  // There is no room for all of the telemetry, and in the end none for what was saved either.
  const { openSync } = fs
  const refusing = (path: fs.PathLike, flags: fs.OpenMode, mode?: fs.Mode) => {
    if (String(path).endsWith('events.db.new')) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    return openSync(path, flags, mode)
  }
  Object.assign(fs, { openSync: refusing })
  syncBuiltinESMExports()
  try {
    expect(() => openLogStore({ directory, stamp, machineId: 'm', maxPages: 400 })).toThrow('ENOSPC')
  } finally {
    Object.assign(fs, { openSync })
    syncBuiltinESMExports()
  }
  openLogStore({ directory, stamp, machineId: 'm' }).store.close()
  const { gaps, numbers } = findIn(directory)
  expect(numbers.telemetry).toHaveLength(8000)
  expect(gaps.map(({ from, to }) => [from, to])).toEqual([[null, null]])
})

it('tells of an older epoch though what is remembered is ahead of the mark', () => {
  const directory = newFolder()
  const first = openStore(directory)
  append(first, 'telemetry', 5)
  first.close()
  const second = openStore(directory, 'bad')
  append(second, 'telemetry', 3)
  // A third life was remembered beside the database, and then did not come to be.
  const paths = logPaths(directory)
  second.close()
  const lives = JSON.parse(readFileSync(paths.lives, 'utf8')) as Lives
  const dream = { epoch: Number(second.epoch) + 1, first: { alarm: 4, telemetry: 9 } }
  writeFileSync(paths.lives, JSON.stringify({ ...lives, epoch: dream.epoch, starts: [...lives.starts, dream] }))
  rmSync(paths.database)
  const third = openStore(directory)
  expect(toldIn(directory, third.epoch, 'telemetry')).toEqual([`${first.epoch}:1-5`, `${second.epoch}:6-8`])
  third.close()
})
