import { readdirSync, rmSync } from 'node:fs'
import { MessageChannel } from 'node:worker_threads'
import type Database from 'better-sqlite3'
import { afterEach, expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import { type GatewayEvent, LANES, type Lane } from '../events/define-event.ts'
import { BatchBuilder } from './batch-builder.ts'
import { openDatabase } from './database.ts'
import type { ServedTopic } from './forwarded-cursors.ts'
import { byLane } from './lane-tables.ts'
import { DEFAULT_LOG_LIMITS } from './log-limits.ts'
import type { Committed, FromLogThread } from './log-messages.ts'
import { logPaths } from './log-paths.ts'
import { freshDirectory, movement } from './log-test-support.ts'
import { LogWriter } from './log-writer.ts'
import { PackerLink } from './packer-link.ts'
import type { PackerReport } from './packer-thread.ts'
import type { ForwarderMessage, LogMessage } from './reader-contract.ts'

const undo: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

/** The writer in this thread. */
function startWriter() {
  const directory = freshDirectory()
  undo.push(() => rmSync(directory, { recursive: true, force: true }))
  const units = byLane(() => new MessageChannel())
  const messages: FromLogThread[] = []
  const committed: Committed[] = []
  for (const lane of LANES) units[lane].port1.on('message', (message: Committed) => committed.push(message))
  const settings = {
    directory,
    limits: { ...DEFAULT_LOG_LIMITS, reserveBytes: 0 },
    gatewayId: 'gw1',
    bootId: 'boot1',
    clockQuality: 'synchronised',
    monotonicOffsetMs: 0,
    machineId: 'machine1',
    maxPages: undefined
  } as const
  const writer = new LogWriter(
    settings,
    byLane((lane) => units[lane].port2),
    (message) => messages.push(message)
  )
  undo.push(() => writer.close())
  let id = 0
  const append = (lane: Lane, event: GatewayEvent) => {
    const builder = new BatchBuilder()
    builder.add(event, JSON.stringify(event.data))
    units[lane].port1.postMessage({ id: ++id, lane, payload: builder.finish(), count: 1, states: [], clockQuality: 'synchronised' })
  }
  const forwarder = new MessageChannel()
  writer.attachForwarder(forwarder.port2)
  const heard: LogMessage[] = []
  forwarder.port1.on('message', (message: LogMessage) => heard.push(message))
  const say = (message: ForwarderMessage) => forwarder.port1.postMessage(message)
  const count = (kind: FromLogThread['kind']) => messages.filter((message) => message.kind === kind).length
  const notes = () => messages.flatMap((message) => (message.kind === 'note' ? [message.message] : []))
  return { directory, path: logPaths(directory).database, messages, committed, append, say, heard, count, notes }
}

function withDatabase<T>(path: string, work: (db: Database.Database) => T): T {
  const db = openDatabase(path, {})
  db.unsafeMode()
  try {
    return work(db)
  } finally {
    db.close()
  }
}

const cursorsIn = (db: Database.Database) => db.prepare('SELECT sequence FROM cursor').pluck().all()

it('gives a sign of life though nothing happens', async () => {
  const { count } = startWriter()
  await waitFor('signs of life', () => count('status') >= 3)
})

it('goes on after a database that could not be reopened can be opened: signs of life all the while, nothing forgotten', async () => {
  const { directory, path, committed, append, say, heard, count, notes } = startWriter()
  const storageNotes = () => notes().filter((note) => note.includes('written'))
  append('telemetry', movement(1))
  await waitFor('a commit', () => committed.length === 1)
  withDatabase(path, (db) => {
    db.pragma('user_version = 99')
    db.pragma('writable_schema = ON')
    db.prepare("UPDATE sqlite_master SET sql = 'no sql at all' WHERE name = 'telemetry_tail'").run()
    db.pragma('schema_version = 4711')
  })
  append('alarm', movement(2, 'alarm'))
  await waitFor('the refusal', () => notes().some((note) => note.includes('cannot be written')))
  const topics: readonly ServedTopic[] = [{ lane: 'alarm', topic: 'tag-alert', type: 'TagAlert' }]
  say({ kind: 'topics', topics })
  const before = count('status')
  await waitFor('signs of life', () => count('status') >= before + 3)
  expect(committed).toHaveLength(1)
  const said = storageNotes().length
  await waitFor('more signs of life', () => count('status') >= before + 5)
  expect(storageNotes()).toHaveLength(said)

  withDatabase(path, (db) => db.pragma('user_version = 1'))
  await waitFor('the alarm', () => committed.length === 2)
  expect(readdirSync(directory).filter((name) => name.includes('damaged'))).not.toEqual([])
  // The forwarder is told, and what it still says of the old log moves no cursor of the new one.
  await waitFor('the news', () => heard.at(-1)?.epoch !== heard[0]?.epoch)
  const epochs = [...new Set(heard.map(({ epoch }) => epoch))]
  expect(epochs).toHaveLength(2)
  const sequence = heard.at(-1)?.alarm ?? 0
  for (const [index, epoch] of epochs.entries())
    say({ kind: 'advance', epoch, cursors: [{ lane: 'alarm', topic: 'tag-alert', sequence: sequence - index }] })
  await waitFor('the cursor', () => withDatabase(path, cursorsIn).length > 0)
  expect(withDatabase(path, cursorsIn)).toEqual([sequence - 1])
  await waitFor('the topics', () =>
    withDatabase(path, (db) => db.prepare("SELECT value FROM meta WHERE name = 'topics'").pluck().get() === JSON.stringify(topics))
  )
})

it('packs on after a packing that failed, and ends though its thread has died', async () => {
  const { path, append, committed } = startWriter()
  append('telemetry', movement(1))
  await waitFor('a commit', () => committed.length === 1)
  const reports: PackerReport[] = []
  const link = new PackerLink(
    path,
    1e9,
    (report) => reports.push(report),
    () => undefined
  )
  undo.push(() => link.close())
  const tails = byLane((lane) => ({ events: lane === 'telemetry' ? 1 : 0, since: 0 }))
  const pack = () => link.consider(tails, Date.now(), true)
  withDatabase(path, (db) => db.exec('ALTER TABLE telemetry_tail RENAME TO hidden'))
  pack()
  await waitFor('two failures', () => {
    pack()
    return reports.filter(({ kind }) => kind === 'failed').length >= 2
  })
  withDatabase(path, (db) => db.exec('ALTER TABLE hidden RENAME TO telemetry_tail'))
  await waitFor('a block', () => {
    pack()
    return reports.some((report) => report.kind === 'pack' && report.outcome.kind === 'packed')
  })

  const deaths: PackerReport[] = []
  const dead = new PackerLink(
    `${path}.none`,
    1e9,
    (report) => deaths.push(report),
    () => undefined
  )
  await waitFor('the death', () => deaths.length > 0)
  await new Promise((resolve) => setImmediate(resolve))
  await dead.close()
})
