import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDatabase } from './database.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagward-database-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('makes a statement once and keeps it', () => {
  const db = openDatabase(join(folder, 'a.db'), {})
  db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
  const statement = db.prepare('SELECT a FROM t')
  expect(db.prepare('SELECT a FROM t')).toBe(statement)
  db.prepare('INSERT INTO t VALUES (?)').run(2)
  expect(statement.all()).toEqual([{ a: 1 }, { a: 2 }])
  db.close()
})

it('reads pragmas as they are now, and sets them each time', () => {
  const db = openDatabase(join(folder, 'b.db'), {})
  for (const version of [1, 2, 1]) {
    db.pragma(`user_version = ${version}`)
    expect(db.pragma('user_version', { simple: true })).toBe(version)
    db.pragma(`busy_timeout = ${version * 100}`)
    expect(db.pragma('busy_timeout', { simple: true })).toBe(version * 100)
  }
  db.pragma('journal_mode = WAL')
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
  const pages = Number(db.pragma('page_count', { simple: true }))
  db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(100000))')
  expect(Number(db.pragma('page_count', { simple: true }))).toBeGreaterThan(pages + 10)
  expect(db.pragma('wal_checkpoint(PASSIVE)')).toEqual([{ busy: 0, log: expect.any(Number), checkpointed: expect.any(Number) }])
  db.close()
})

it('runs transactions', () => {
  const db = openDatabase(join(folder, 'c.db'), {})
  db.exec('CREATE TABLE t (a)')
  db.transaction(() => db.prepare('INSERT INTO t VALUES (1)').run()).immediate()
  expect(() =>
    db.transaction(() => {
      db.prepare('INSERT INTO t VALUES (2)').run()
      throw new Error('no')
    })()
  ).toThrow('no')
  expect(db.prepare('SELECT a FROM t').all()).toEqual([{ a: 1 }])
  db.close()
})
