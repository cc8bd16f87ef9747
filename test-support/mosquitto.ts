import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificates } from './kafka/certificates.ts'
import { freePorts } from './kafka/free-ports.ts'
import { waitFor } from './wait-for.ts'

export interface MosquittoOptions {
  /** Further lines of the configuration. */
  readonly config?: readonly string[]
  /** Default: a free one. It stays the same over restarts. */
  readonly port?: number
  /** Where the broker keeps what it holds, over restarts and kills; default: a folder that `stop` removes. */
  readonly persistenceFolder?: string
  /** Names and passwords; without them anybody may connect. */
  readonly users?: Readonly<Record<string, string>>
  /** Lines of an access list, as in `acl_file`. */
  readonly acl?: readonly string[]
  /** The port speaks TLS with the server's certificate of these. */
  readonly tls?: { readonly certificates: Certificates; readonly requireClientCertificate?: boolean }
}

export interface Mosquitto {
  readonly port: number
  /** `mqtt://127.0.0.1:port`, or `mqtts://localhost:port`. */
  readonly url: string
  /** Everything that the broker has logged since it was started first. */
  log(): string
  /** As a power cut of the broker: SIGKILL, nothing is saved. */
  kill(): Promise<void>
  /** As `systemctl stop`: it saves what it holds. Keeps the folder; `restart` brings it back. */
  shutDown(): Promise<void>
  /** Starts it again (after `kill` or `shutDown`; otherwise shuts it down first). */
  restart(): Promise<void>
  /** Ends it and removes its files. */
  stop(): Promise<void>
}

const PROGRAMS = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/usr/bin/mosquitto', '/opt/homebrew/sbin/mosquitto']

/** Path of the broker's program, or undefined where it is not installed. */
export function mosquittoProgram(): string | undefined {
  return PROGRAMS.find((path) => existsSync(path))
}

function writeConfig(folder: string, port: number, options: MosquittoOptions): string {
  const persistence = options.persistenceFolder ?? join(folder, 'persistence')
  mkdirSync(persistence, { recursive: true })
  const file = (name: string, text: string, mode = 0o600): string => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode })
    return path
  }
  const lines = [
    // Its defaults of 1 000 and 20 drop, without a word, what the broker has acknowledged.
    'max_queued_messages 0',
    'max_inflight_messages 0',
    'persistence true',
    `persistence_location ${persistence}/`,
    'log_dest stderr',
    'log_type all',
    // Run by root it would change to a user who may not read these files.
    ...(process.getuid?.() === 0 ? ['user root'] : [])
  ]
  if (options.users === undefined) lines.push('allow_anonymous true')
  else {
    const path = file('users', '')
    for (const [name, password] of Object.entries(options.users)) execFileSync('mosquitto_passwd', ['-b', path, name, password])
    lines.push('allow_anonymous false', `password_file ${path}`)
  }
  if (options.acl !== undefined) lines.push(`acl_file ${file('acl', `${options.acl.join('\n')}\n`)}`)
  lines.push(...(options.config ?? []), `listener ${port} 127.0.0.1`)
  if (options.tls !== undefined) {
    const { certificates, requireClientCertificate = false } = options.tls
    lines.push(`cafile ${file('ca.pem', certificates.ca)}`, `certfile ${file('server.pem', certificates.server.cert)}`)
    lines.push(`keyfile ${file('server.key', certificates.server.key)}`, `require_certificate ${requireClientCertificate}`)
  }
  return file('mosquitto.conf', `${lines.join('\n')}\n`)
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Starts a real Mosquitto on loopback with queues without limit, and waits until it takes connections. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const program = mosquittoProgram()
  if (program === undefined) throw new Error('mosquitto is not installed: apt-get install mosquitto')
  const [port = 0] = options.port === undefined ? await freePorts(1) : [options.port]
  const folder = mkdtempSync(join(tmpdir(), 'tagward-mosquitto-'))
  const configFile = writeConfig(folder, port, options)
  let log = ''
  let child: ChildProcess | undefined

  const start = async (): Promise<void> => {
    const started = spawn(program, ['-c', configFile], { stdio: ['ignore', 'pipe', 'pipe'] })
    child = started
    const keep = (bytes: Buffer): void => {
      log += bytes.toString()
    }
    started.stdout.on('data', keep)
    started.stderr.on('data', keep)
    await waitFor(`mosquitto takes connections on port ${port}`, async () => {
      if (started.exitCode !== null) throw new Error(`mosquitto ended with ${started.exitCode}: ${log.slice(-2000)}`)
      return await answers(port)
    })
  }
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const running = child
    if (running === undefined) return
    child = undefined
    if (running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await ended
  }

  await start()
  return {
    port,
    url: options.tls === undefined ? `mqtt://127.0.0.1:${port}` : `mqtts://localhost:${port}`,
    log: () => log,
    kill: () => end('SIGKILL'),
    shutDown: () => end('SIGTERM'),
    async restart() {
      await end('SIGTERM')
      await start()
    },
    async stop() {
      await end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
