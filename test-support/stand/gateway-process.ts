import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Snapshot } from '../../gateway/state/snapshot.ts'
import { waitFor } from '../wait-for.ts'

const COMMAND = fileURLToPath(new URL('../../../bin/tagward.js', import.meta.url))
const KEPT_OUTPUT = 64 * 1024

export interface GatewayProcess {
  readonly pid: number
  readonly url: string
  readonly exited: boolean
  state(): Promise<Snapshot>
  metrics(): Promise<string>
  /** `kill -9`. */
  kill(): Promise<void>
  /** SIGTERM; gives back the exit code. */
  stop(): Promise<number | null>
  signal(signal: NodeJS.Signals): void
  /** The last of what it wrote to stdout and stderr. */
  output(): string
}

export interface StartGatewayOptions {
  /** Configuration, data and everything else of this gateway. */
  readonly folder: string
  readonly config: object
  readonly webPort: number
  readonly environment?: Readonly<Record<string, string>>
  readonly readyMs?: number
}

/** Writes the configuration (JSON is YAML) and starts the real command, as an installer would; resolves when the page answers. */
export async function startGateway(options: StartGatewayOptions): Promise<GatewayProcess> {
  const configFile = join(options.folder, 'tagward.yaml')
  writeFileSync(configFile, JSON.stringify({ dataDir: './data', web: { port: options.webPort }, ...options.config }, undefined, 2))
  const child = spawn(COMMAND, ['run', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Under the same Node as whoever asks: the command finds it by PATH.
    env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`, ...options.environment }
  })
  let output = ''
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const url = `http://127.0.0.1:${options.webPort}`
  const gateway = handle(child, url, () => output)
  await waitFor(
    'the gateway to answer',
    async () => {
      if (gateway.exited) return true
      // Somebody else on the port may take the connection and never answer.
      return (await fetch(`${url}/api/state`, { signal: AbortSignal.timeout(1_000) })).ok
    },
    options.readyMs ?? 30_000
  )
  if (gateway.exited) throw new Error(`the gateway ended with ${child.exitCode ?? child.signalCode}: ${output}`)
  return gateway
}

function handle(child: ChildProcess, url: string, output: () => string): GatewayProcess {
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
    }
    return child.exitCode
  }
  return {
    pid: child.pid ?? -1,
    url,
    get exited() {
      return child.exitCode !== null || child.signalCode !== null
    },
    state: async () => (await (await fetch(`${url}/api/state`)).json()) as Snapshot,
    metrics: async () => await (await fetch(`${url}/metrics`)).text(),
    kill: async () => {
      await end('SIGKILL')
    },
    stop: () => end('SIGTERM'),
    signal: (signal) => child.kill(signal),
    output
  }
}
