import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { type GatewayProcess, startGateway } from '../../test-support/stand/gateway-process.ts'
import { waitFor } from '../../test-support/wait-for.ts'

let folder: string
let mounted = false
let gateway: GatewayProcess | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagward-full-'))
  mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tagward-test', folder]).status === 0
})
afterEach(async () => {
  await gateway?.kill()
  if (mounted) spawnSync('umount', ['-l', folder])
  rmSync(folder, { recursive: true, force: true })
})

it('a full disk stops nothing but storing: it is said, room is made, gaps are told, and it ends by itself', {
  timeout: 120_000
}, async (context) => {
  if (!mounted) context.skip('a small tmpfs needs the right to mount')
  const [webPort = 0] = await freePorts(1)
  const config = {
    site: 'test',
    log: { maxBytes: '1 GiB', reserveBytes: '2 MiB' },
    sources: { crowd: { driver: 'simulator', workers: 400, ratePerSecond: 20 } }
  }
  const running = await startGateway({ folder, config, webPort })
  gateway = running
  const state = async (): Promise<Awaited<ReturnType<GatewayProcess['state']>>> => await running.state()

  // Whoever has stored nothing has nothing that could make room.
  await waitFor('a log of some size', async () => (await state()).lanes.telemetry.durableSequence > 30_000, 30_000)
  // Somebody else fills what is left of the disk.
  const hog = join(folder, 'hog')
  spawnSync('dd', ['if=/dev/zero', `of=${hog}`, 'bs=64k'])
  await waitFor('a gap to be told', async () => (await state()).alarms.some(({ gap }) => gap?.reason === 'evicted-by-full-disk'), 60_000)
  const during = await state()
  expect(during.storage.state).toBe('full')
  expect(during.tags.length).toBeGreaterThan(300)

  // Storing goes on with the newest, at the cost of the oldest.
  const { durableSequence } = during.lanes.telemetry
  await waitFor('storing to go on', async () => (await state()).lanes.telemetry.durableSequence > durableSequence + 1_000, 60_000)

  // An alarm finds its room.
  const tag = during.tags[0]
  const target = tag?.id.split(':')[1] ?? ''
  const response = await fetch(`${running.url}/api/sources/crowd/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ target, command: { kind: 'raw', payload: { action: 'sos', on: true } } })
  })
  expect(response.ok).toBe(true)
  await waitFor('the SOS', async () => (await state()).alarms.some(({ alert }) => alert?.kind === 'sos'))

  writeFileSync(hog, '')
  await waitFor(
    'everything to be well again',
    async () => {
      const now = await state()
      return now.storage.state === 'ok' && now.lanes.alarm.waiting === 0 && (await fetch(`${running.url}/healthz`)).ok
    },
    60_000
  )
})
