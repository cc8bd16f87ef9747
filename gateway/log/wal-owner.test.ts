import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import type { LogStore } from './log-store.ts'
import { freshDirectory, movement } from './log-test-support.ts'
import { openLogStore } from './open-log-store.ts'
import type { OpenedStore } from './store-options.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const directory = freshDirectory()
  folders.push(directory)
  return directory
}

function open(directory: string): OpenedStore {
  const stamp = () => ({ key: 'gw1', bootId: 'b', clockQuality: 'synchronised' as const, wallMs: 1_790_000_000_000, monotonicMs: 1 })
  return openLogStore({ directory, stamp, machineId: 'm' })
}

function append(store: LogStore, count: number): void {
  const builder = new BatchBuilder()
  for (let i = 0; i < count; i++) builder.add(movement(i, 'alarm'), '{}')
  store.commit([{ lane: 'alarm', payload: builder.finish(), count }])
}

/** As a kill leaves the files. */
function crash(directory: string, store: LogStore): void {
  const names = ['events.db', 'events.db-wal'].map((name) => join(directory, name))
  const bytes = names.map((name) => readFileSync(name))
  store.close()
  for (const [index, name] of names.entries()) writeFileSync(name, bytes[index] ?? '')
}

const foreignIn = (directory: string) => readdirSync(directory).filter((name) => name.includes('foreign'))

it.each([
  ['as it was opened', false],
  ['carried over into the database since', true]
])('keeps the write-ahead log that a crash left, %s', (_, carriedOver) => {
  const directory = newFolder()
  const { store } = open(directory)
  append(store, 3)
  if (carriedOver) store.db.pragma('wal_checkpoint(PASSIVE)')
  append(store, 4)
  crash(directory, store)
  const again = open(directory)
  expect(again.newLife).toBeUndefined()
  expect(again.store.lastSequence('alarm')).toBe(8)
  expect(foreignIn(directory)).toEqual([])
  again.store.close()
})

it('keeps it also when no signature is known', () => {
  const directory = newFolder()
  const { store } = open(directory)
  append(store, 3)
  crash(directory, store)
  rmSync(join(directory, 'log.signature'))
  const again = open(directory)
  expect(again.newLife).toBeUndefined()
  again.store.close()
})

it('sets the write-ahead log of a newer database aside that lies beside an older copy, and tells what went with it', () => {
  const directory = newFolder()
  const first = open(directory).store
  append(first, 3)
  first.close()
  const copy = join(newFolder(), 'events.db')
  copyFileSync(join(directory, 'events.db'), copy)
  const second = open(directory).store
  append(second, 4)
  second.db.pragma('wal_checkpoint(PASSIVE)')
  append(second, 2)
  crash(directory, second)
  copyFileSync(copy, join(directory, 'events.db'))

  const { store, newLife } = open(directory)
  const aside = foreignIn(directory)
  expect(aside).toHaveLength(1)
  expect(newLife?.reason).toBe('log-restored')
  expect(newLife?.gaps).toMatchObject([{ lane: 'alarm', epoch: first.epoch, from: 5, to: 10 }])
  expect(newLife?.gaps[0]?.detail).toContain(aside[0])
  expect(store.db.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(store.lastSequence('alarm')).toBe(5)
  store.close()
})
