import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { type GatewayProcess, startGateway } from '../../test-support/stand/gateway-process.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { movement, openTestLog } from '../log/log-test-support.ts'
import { openLogReader } from '../log/open-log-reader.ts'

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
  let saidFull = false
  await waitFor(
    'a gap to be told',
    async () => {
      const { alarms, storage } = await state()
      saidFull ||= storage.state === 'full'
      return alarms.some(({ gap }) => gap?.reason === 'evicted-by-full-disk')
    },
    60_000
  )
  expect(saidFull).toBe(true)
  const during = await state()
  expect(during.tags.length).toBeGreaterThan(300)

  // Storing goes on with the newest, at the cost of the oldest.
  const { durableSequence } = during.lanes.telemetry
  await waitFor('storing to go on', async () => (await state()).lanes.telemetry.durableSequence > durableSequence + 1_000, 60_000)

  // An alarm finds its room.
  const tag = during.tags[0]
  const target = tag?.id.split(':')[1] ?? ''
  await sendSos(running, target)
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

it('a disk that is full from the very start stops nothing but storing: alarms are shown and held, and are in the log when it can be opened', {
  timeout: 120_000
}, async (context) => {
  if (!mounted) context.skip('a small tmpfs needs the right to mount')
  const [webPort = 0] = await freePorts(1)
  const home = mkdtempSync(join(tmpdir(), 'tagward-home-'))
  const hog = join(folder, 'hog')
  spawnSync('dd', ['if=/dev/zero', `of=${hog}`, 'bs=4k'])
  try {
    const config = { site: 'test', dataDir: folder, sources: { crowd: { driver: 'simulator', workers: 3 } } }
    const running = await startGateway({ folder: home, config, webPort })
    gateway = running
    await waitFor('tags', async () => (await running.state()).tags.length === 3)
    const target = (await running.state()).tags[0]?.id.split(':')[1] ?? ''
    await sendSos(running, target)
    await waitFor('the SOS', async () => (await running.state()).alarms.some(({ alert }) => alert?.kind === 'sos'))
    const { gateway: shown, lanes, storage } = await running.state()
    expect(storage).toMatchObject({ state: 'full', error: expect.stringMatching(/cannot be opened.*wait in memory/) })
    expect(lanes.alarm.durableSequence).toBe(0)
    expect(lanes.alarm.waiting).toBeGreaterThan(0)
    const health = await fetch(`${running.url}/healthz`)
    expect([health.status, await health.text()]).toEqual([503, expect.stringContaining('storage is full')])
    expect(await running.metrics()).toMatch(/tagward_storage_state\{state="full"\} 1/)
    expect(running.output()).toContain('LOG_DISK_UNUSABLE')

    rmSync(hog)
    await waitFor(
      'the log to be open',
      async () => {
        const now = await running.state()
        return now.storage.state === 'ok' && now.lanes.alarm.waiting === 0 && now.lanes.alarm.durableSequence > 1
      },
      60_000
    )
    expect(await running.stop()).toBe(0)
    expect(readFileSync(join(folder, 'gateway-id'), 'utf8')).toBe(`${shown.id}\n`)
    const reader = openLogReader(join(folder, 'events.db'))
    const { events } = reader.read('alarm', 0, { maxEvents: 1_000, maxBytes: 1e6 })
    reader.close()
    expect(events[0]).toMatchObject({ type: 'DataGap', body: expect.stringContaining('log-created') })
    expect(events.filter(({ type, body }) => type === 'TagAlert' && body.includes('"kind":"sos"'))).toHaveLength(1)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

it('a log on a disk that is read-only or too full even for its first page waits for a better disk; what is there stays', async (context) => {
  if (!mounted) context.skip('a small tmpfs needs the right to mount')
  const log = await openTestLog(folder)
  log.append(movement(1, 'alarm'))
  await log.close()
  const { epoch } = log
  spawnSync('mount', ['-o', 'remount,ro', folder])
  await expect(openTestLog(folder)).rejects.toMatchObject({ code: 'LOG_DISK_UNUSABLE', storage: 'failing' })
  spawnSync('mount', ['-o', 'remount,rw', folder])
  spawnSync('dd', ['if=/dev/zero', `of=${join(folder, 'hog')}`, 'bs=4k'])
  await expect(openTestLog(folder)).rejects.toMatchObject({ code: 'LOG_DISK_UNUSABLE', storage: 'full' })

  // With space reserved for alarms the same disk lets it open.
  rmSync(join(folder, 'hog'))
  writeFileSync(join(folder, 'log.ballast'), Buffer.alloc(4 * 1024 * 1024, 1))
  spawnSync('dd', ['if=/dev/zero', `of=${join(folder, 'hog')}`, 'bs=4k'])
  const again = await openTestLog(folder)
  expect(again.epoch).toBe(epoch)
  again.append(movement(2, 'alarm'))
  await again.flush()
  await again.close()
})

async function sendSos({ url }: GatewayProcess, target: string): Promise<void> {
  const response = await fetch(`${url}/api/sources/crowd/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ target, command: { kind: 'raw', payload: { action: 'sos', on: true } } })
  })
  expect(response.ok).toBe(true)
}
