import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import { openServiceNotifier } from './notify.ts'

const folder = mkdtempSync(join(tmpdir(), 'tagward-notify-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('reaches a real Unix datagram socket, as systemd has one', async () => {
  const path = join(folder, 'notify')
  const listener = spawn('socat', ['-u', `UNIX-RECV:${path}`, 'STDOUT'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    let heard = ''
    listener.stdout.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
    })
    const { existsSync } = await import('node:fs')
    await waitFor('the listener', () => existsSync(path))
    const notifier = await openServiceNotifier({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.pid) })
    expect(notifier.watchdogMs).toBe(30_000)
    notifier.ready('10 tags')
    notifier.watchdog()
    await waitFor('both messages', () => heard.includes('READY=1\nSTATUS=10 tags') && heard.includes('WATCHDOG=1'))
    notifier.close()
  } finally {
    listener.kill()
  }
})

it('does nothing where no service manager asked, and minds no watchdog of another process', async () => {
  const silent = await openServiceNotifier({})
  silent.ready('x')
  expect(silent.watchdogMs).toBeUndefined()
  const other = await openServiceNotifier({ NOTIFY_SOCKET: join(folder, 'none'), WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' })
  other.watchdog()
  expect(other.watchdogMs).toBeUndefined()
  other.close()
})
