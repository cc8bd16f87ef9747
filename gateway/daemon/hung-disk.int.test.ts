import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { type GatewayProcess, startGateway } from '../../test-support/stand/gateway-process.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { openLogReader } from '../log/open-log-reader.ts'

let folder: string
let gateway: GatewayProcess | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagward-hung-'))
})
afterEach(async () => {
  await gateway?.kill()
  rmSync(folder, { recursive: true, force: true })
})

/** The log's thread opens this file at the start; as a pipe without a writer it does not come back, like a file on a dead mount. */
const hangs = (): string => join(folder, 'data', 'log.lives')

async function startOnHungDisk(): Promise<GatewayProcess> {
  mkdirSync(join(folder, 'data'))
  execFileSync('mkfifo', [hangs()])
  const [webPort = 0] = await freePorts(1)
  const config = { site: 'test', gateway: { id: 'hall-1' }, sources: { crowd: { driver: 'simulator', workers: 3 } } }
  gateway = await startGateway({ folder, config, webPort, readyMs: 60_000 })
  return gateway
}

it('a disk that does not answer delays no alarm: the gateway runs from memory, and the log has it all when the disk answers', {
  timeout: 180_000
}, async () => {
  const running = await startOnHungDisk()
  await waitFor('tags', async () => (await running.state()).tags.length === 3, 60_000)
  const { storage, tags } = await running.state()
  expect(storage).toMatchObject({ state: 'failing', error: expect.stringMatching(/has not let it open.*wait in memory/) })
  await fetch(`${running.url}/api/sources/crowd/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ target: tags[0]?.id.split(':')[1], command: { kind: 'raw', payload: { action: 'sos', on: true } } })
  })
  await waitFor('the SOS', async () => (await running.state()).alarms.some(({ alert }) => alert?.kind === 'sos'))

  // The disk answers.
  const writer = openSync(hangs(), constants.O_WRONLY | constants.O_NONBLOCK)
  rmSync(hangs())
  closeSync(writer)
  await waitFor(
    'the log to be open',
    async () => {
      const now = await running.state()
      return now.storage.state === 'ok' && now.lanes.alarm.waiting === 0 && now.lanes.alarm.durableSequence > 1
    },
    60_000
  )
  expect(await running.stop()).toBe(0)
  const reader = openLogReader(join(folder, 'data', 'events.db'))
  const { events } = reader.read('alarm', 0, { maxEvents: 1_000, maxBytes: 1e6 })
  reader.close()
  expect(events.filter(({ type, body }) => type === 'TagAlert' && body.includes('"kind":"sos"'))).toHaveLength(1)
})

it('a gateway whose disk does not answer can be stopped all the same', { timeout: 120_000 }, async () => {
  const running = await startOnHungDisk()
  await running.stop()
  expect(running.exited).toBe(true)
  expect(running.output()).toContain('the log was never opened')
})
