import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { serialDriver } from './serial-driver.ts'

const SILENT_SERVER = `
import { createServer } from 'node:net'
const server = createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  process.send(server.address().port, () => process.kill(process.pid, 'SIGSTOP'))
})
`

/** A listener whose process stands still and whose queue is full: the system answers no further attempt to connect. */
async function startSilentServer(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'tagward-silent-'))
  const script = join(folder, 'server.mjs')
  await writeFile(script, SILENT_SERVER)
  const server = fork(script, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [port] = (await once(server, 'message')) as [number]
  const fillers: Socket[] = []
  const filled = await waitFor('the queue of the silent server is full', async () => {
    const filler = connect({ host: '127.0.0.1', port })
    fillers.push(filler)
    filler.on('error', () => undefined)
    const connected = await Promise.race([
      once(filler, 'connect').then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), 300))
    ])
    return !connected
  })
  if (!filled) throw new Error('the silent server still answers')
  return {
    port,
    async stop() {
      for (const filler of fillers) filler.destroy()
      const exited = once(server, 'exit')
      server.kill('SIGKILL')
      await exited
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

let silent: Awaited<ReturnType<typeof startSilentServer>> | undefined
beforeAll(async () => {
  silent = await startSilentServer()
})
afterAll(() => silent?.stop())

describeDriverContract('serial device server', serialDriver, async (): Promise<DriverWorld> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const urlOf = (port: number): string => `tcp://127.0.0.1:${port}`
  return {
    codec: createToyCodec(),
    settings: { port: urlOf((server.address() as AddressInfo).port) },
    unopenable: { settings: { port: urlOf(await freePort()) }, code: 'LINK_OPEN_FAILED', retriable: true },
    hanging: { settings: { port: urlOf(silent?.port ?? 0) } },
    async produce() {
      await waitFor('the gateway is connected', () => sockets.size > 0)
      for (const socket of sockets) socket.write('4d18 1.25 2.5\n')
    },
    breakable: {
      breakLink() {
        for (const socket of sockets) socket.resetAndDestroy()
      },
      code: 'LINK_LOST',
      retriable: true
    },
    async tearDown() {
      for (const socket of sockets) socket.destroy()
      const closed = once(server, 'close')
      server.close()
      await closed
    }
  }
})
