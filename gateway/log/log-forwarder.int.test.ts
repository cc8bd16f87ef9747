import { rmSync } from 'node:fs'
import { expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import { freshDirectory, movement, openTestLog } from './log-test-support.ts'
import { openLogReader } from './open-log-reader.ts'
import type { ForwarderMessage, LogMessage } from './reader-contract.ts'

it('tells the forwarder of commits, keeps its cursors, and lists what Kafka will never take', async () => {
  const directory = freshDirectory()
  const log = await openTestLog(directory)
  const port = log.attachForwarder()
  const heard: LogMessage[] = []
  port.on('message', (message: LogMessage) => heard.push(message))
  const say = (message: ForwarderMessage) => port.postMessage(message)
  for (let i = 0; i < 10; i++) log.append(movement(i))
  await log.flush()
  await waitFor('the commit is heard of', () => heard.at(-1)?.telemetry === 10)
  expect(heard.at(-1)?.epoch).toBe(log.epoch)

  say({ kind: 'advance', epoch: log.epoch, cursors: [{ lane: 'telemetry', topic: 'tag-movement', sequence: 7 }] })
  say({ kind: 'advance', epoch: log.epoch, cursors: [{ lane: 'telemetry', topic: 'tag-movement', sequence: 5 }] })
  // Under way while another log took the place of the one it speaks of.
  say({ kind: 'advance', epoch: '1', cursors: [{ lane: 'telemetry', topic: 'tag-movement', sequence: 10 }] })
  say({ kind: 'damaged', epoch: '1', runs: [{ lane: 'telemetry', kind: 'tail', lastSequence: 10 }] })
  const record = {
    lane: 'telemetry',
    epoch: log.epoch,
    sequence: 8,
    type: 'TagMovement',
    topic: 'tag-movement',
    code: 'TOO_LARGE',
    why: 'too large',
    at: 1
  } as const
  say({ kind: 'set-aside', records: [record] })
  say({ kind: 'set-aside', records: [record] })
  const reader = openLogReader(log.path)
  await waitFor('the record is listed', () => reader.setAside(10).length > 0)
  expect(reader.setAside(10)).toEqual([record])
  await waitFor('the cursor is kept', () => reader.cursors().length > 0)
  expect(reader.cursors()).toEqual([{ lane: 'telemetry', topic: 'tag-movement', sequence: 7 }])
  reader.close()
  await log.close()

  const again = openLogReader(log.path)
  const gaps = again
    .read('alarm', 0, { types: new Set(['DataGap']), maxEvents: 10, maxBytes: 1e6 })
    .events.map(({ body }) => JSON.parse(body))
  expect(gaps.slice(1)).toMatchObject([{ reason: 'never-acceptable', lane: 'telemetry', from: 8, to: 8, countByType: { TagMovement: 1 } }])
  again.close()
  port.close()
  rmSync(directory, { recursive: true })
})

it('lets an alarm overtake telemetry that waits, without an older state coming back', async () => {
  const directory = freshDirectory()
  const log = await openTestLog(directory)
  const order: string[] = []
  for (let i = 0; i < 30_000; i++) log.append(movement(i), i === 29_999 ? () => order.push('telemetry') : undefined)
  log.saveState('edges', 'a', 'old')
  await new Promise((resolve) => setImmediate(resolve))
  log.saveState('edges', 'a', 'new')
  log.append(movement(1, 'alarm'), () => order.push('alarm'))
  await log.flush()
  expect(order).toEqual(['alarm', 'telemetry'])
  expect([...(await log.loadState('edges'))]).toEqual([['a', 'new']])
  await log.close()
  rmSync(directory, { recursive: true })
})
