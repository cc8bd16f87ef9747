import { rmSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { BatchBuilder } from './batch-codec.ts'
import { logPaths } from './log-paths.ts'
import { freshDirectory, movement } from './log-test-support.ts'
import { openLogStore } from './open-log-store.ts'
import { rescue } from './rescue.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function openStore() {
  const directory = freshDirectory()
  folders.push(directory)
  const stamp = () => ({ key: 'gw1', bootId: 'b', clockQuality: 'synchronised' as const, wallMs: 1_790_000_000_000, monotonicMs: 1 })
  return { directory, store: openLogStore({ directory, stamp, machineId: 'm' }).store }
}

it('numbers on above the cursors that it carries over, also when no mark is left and everything was forwarded', () => {
  const old = openStore()
  const builder = new BatchBuilder()
  for (let i = 0; i < 5; i++) {
    const event = movement(i, 'alarm')
    builder.add(event, JSON.stringify(event.data))
  }
  old.store.serveTopics([{ lane: 'alarm', topic: 't.tag-alert', type: 'TagMovement' }])
  old.store.commit([{ lane: 'alarm', payload: builder.finish(), count: builder.count }])
  const last = old.store.lastSequence('alarm')
  old.store.advance([{ lane: 'alarm', topic: 't.tag-alert', sequence: last }])
  old.store.commit([])
  old.store.close()

  const fresh = openStore()
  rescue(logPaths(old.directory).database, fresh.store.db, undefined)
  expect(Number(fresh.store.db.prepare("SELECT next_seq FROM lane WHERE lane = 'alarm'").pluck().get())).toBe(last + 1)
  fresh.store.close()
})
