import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type DriverWorld, describeDriverContract } from '../../test-support/driver-contract.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { serialDriver } from './serial-driver.ts'

const BACKLOG = 1
/** Linux answers as long as not more than the backlog wait. */
const FULL = BACKLOG + 1
const LISTENING = '0A'

const SILENT_SERVER = `
import { createServer } from 'node:net'
const server = createServer().listen({ host: '127.0.0.1', port: 0, backlog: ${BACKLOG} }, () => {
  process.send(server.address().port, () => process.kill(process.pid, 'SIGSTOP'))
})
`

/** How many connections wait for the listener on `port`: the receive queue of a listening socket (proc_pid_net(5), tcp). */
async function waitingConnections(port: number): Promise<number> {
  const address = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const line of (await readFile('/proc/net/tcp', 'utf8')).split('\n')) {
    const [, local = '', , state, queues = ''] = line.trim().split(/\s+/)
    if (state === LISTENING && local.endsWith(address)) return Number.parseInt(queues.split(':')[1] ?? '', 16)
  }
  throw new Error(`nobody listens on port ${port}`)
}

/** A listener whose process stands still and whose queue is full: the system answers no further attempt to connect. */
async function startSilentServer(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'tagward-silent-'))
  const script = join(folder, 'server.mjs')
  await writeFile(script, SILENT_SERVER)
  const server = fork(script, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [port] = (await once(server, 'message')) as [number]
  const fillers = Array.from({ length: FULL }, () => connect({ host: '127.0.0.1', port }).on('error', () => undefined))
  await waitFor('the queue of the silent server to be full', async () => (await waitingConnections(port)) === FULL)
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
