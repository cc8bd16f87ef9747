import { type ChildProcess, spawn } from 'node:child_process'
import { lstat, mkdtemp, readlink, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from './wait-for.ts'

/**
 * Two serial ports joined back to back by pseudo-terminals of the kernel. `port` is what the gateway opens: a link that stays
 * the same, as those under /dev/serial/by-id do. `device` is the other end, where the test plays the device.
 */
export interface PtyPair {
  readonly port: string
  readonly device: string
  /** The device file that `port` leads to now. */
  target(): Promise<string>
  /** Takes both ends away at once, as pulling the plug does; whoever has one open is cut off. */
  unplug(): Promise<void>
  /** Brings both ends back under other numbers, with the same names. */
  replug(): Promise<void>
  close(): Promise<void>
}

interface Socat {
  readonly process: ChildProcess
  end(): Promise<void>
}

function startSocat(...addresses: string[]): Promise<Socat> {
  return new Promise((resolve, reject) => {
    const process = spawn('socat', addresses, { stdio: 'ignore' })
    const ended = new Promise<void>((done) => process.once('exit', () => done()))
    process.once('error', (error: NodeJS.ErrnoException) => {
      const remedy = error.code === 'ENOENT' ? 'socat is missing; install it (Debian: apt-get install socat)' : error.message
      reject(new Error(`no pseudo-terminals: ${remedy}`))
    })
    process.once('spawn', () =>
      resolve({
        process,
        async end() {
          process.kill('SIGKILL')
          await ended
        }
      })
    )
  })
}

const pty = (link: string): string => `pty,raw,echo=0,link=${link}`

function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false
  )
}

export async function openPtyPair(): Promise<PtyPair> {
  const folder = await mkdtemp(join(tmpdir(), 'tagward-pty-'))
  const port = join(folder, 'port')
  const device = join(folder, 'device')
  const placeholders: Socat[] = []
  let socat: Socat | undefined

  const connect = async (): Promise<Socat> => {
    const links = [join(folder, 'near'), join(folder, 'far')] as const
    await Promise.all(links.map((link) => rm(link, { force: true })))
    const started = await startSocat(pty(links[0]), pty(links[1]))
    await waitFor('socat has made its terminals', async () => (await isLink(links[0])) && (await isLink(links[1])))
    await symlink(await readlink(links[0]), port)
    await symlink(await readlink(links[1]), device)
    return started
  }
  const unplug = async (): Promise<void> => {
    await socat?.end()
    socat = undefined
    await Promise.all([rm(port, { force: true }), rm(device, { force: true })])
  }
  /** The kernel gives the lowest free number: somebody else must have it when the pair comes back. */
  const occupyNumbers = async (): Promise<void> => {
    const links = [join(folder, `other-${placeholders.length}-a`), join(folder, `other-${placeholders.length}-b`)] as const
    placeholders.push(await startSocat(pty(links[0]), pty(links[1])))
    await waitFor('the placeholder has its terminals', async () => (await isLink(links[0])) && (await isLink(links[1])))
  }

  socat = await connect()
  return {
    port,
    device,
    target: () => readlink(port),
    unplug,
    async replug() {
      await unplug()
      await occupyNumbers()
      socat = await connect()
    },
    async close() {
      await unplug()
      await Promise.all(placeholders.map((placeholder) => placeholder.end()))
      await rm(folder, { recursive: true, force: true })
    }
  }
}
