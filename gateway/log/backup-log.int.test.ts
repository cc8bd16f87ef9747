import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import type { GapData } from './gap-events.ts'
import { freshDirectory, movement, openTestLog } from './log-test-support.ts'
import { openLogReader } from './open-log-reader.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const directory = freshDirectory()
  folders.push(directory)
  return directory
}

const ALL = { maxEvents: 1e9, maxBytes: 1e9 }

/** In a thread of its own, as the command is in a process of its own. */
function backUp(database: string, target: string): Promise<string> {
  const url = new URL('./backup-log.js', import.meta.url).href
  const code = `import(${JSON.stringify(url)}).then(({ backupLog }) => backupLog(${JSON.stringify(database)}, ${JSON.stringify(target)}))
    .then(() => 'done', (error) => error.message).then((word) => require('node:worker_threads').parentPort.postMessage(word))`
  const worker = new Worker(code, { eval: true })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

it('copies a log that is being written without end; the copy opens as a restored log with all that was durable', async () => {
  const log = await openTestLog(newFolder())
  let durable = 0
  let next = 0
  const write = () => {
    for (let i = 0; i < 200; i++) log.append(movement(next++), () => durable++)
  }
  write()
  await log.flush()
  const writing = setInterval(write, 1)
  const before = durable
  const copies = newFolder()
  const target = join(copies, 'copy.db')
  const outcome = await backUp(log.path, target)
  clearInterval(writing)
  await waitFor('the log went on', () => durable > before)
  await log.close()
  expect(outcome).toBe('done')
  expect(readdirSync(copies)).toEqual(['copy.db'])

  const place = join(newFolder(), 'data')
  mkdirSync(place)
  renameSync(target, join(place, 'events.db'))
  const restored = await openTestLog(place)
  const reader = openLogReader(restored.path)
  const numbers = reader.read('telemetry', 0, ALL).events.map(({ body }) => JSON.parse(body).n as number)
  const gaps = reader.read('alarm', 0, { ...ALL, types: new Set(['DataGap']) }).events.map(({ body }) => JSON.parse(body) as GapData)
  reader.close()
  await restored.close()
  expect(numbers.length).toBeGreaterThanOrEqual(before)
  expect(numbers).toEqual(numbers.map((_, n) => n))
  expect(gaps.filter(({ lane }) => lane === 'telemetry')).toMatchObject([{ reason: 'log-restored', from: numbers.length + 1, to: null }])
})

it('writes over nothing, and leaves nothing where it fails', async () => {
  const log = await openTestLog(newFolder())
  await log.close()
  const copies = newFolder()
  const target = join(copies, 'copy.db')
  writeFileSync(target, 'another backup')
  expect(await backUp(log.path, target)).toContain('exists already')
  expect(readFileSync(target, 'utf8')).toBe('another backup')
  rmSync(target)
  writeFileSync(log.path, 'no database at all')
  expect(await backUp(log.path, target)).toContain('not a database')
  expect(readdirSync(copies)).toEqual([])
})
