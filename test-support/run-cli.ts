import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { pathToFileURL } from 'node:url'

/** The built command line as bin/tagward.js starts it, without its look at the build, which would write to dist while tests run from there. */
const STARTER = `import(${JSON.stringify(pathToFileURL('dist/gateway/cli/main.js').href)}).then(async ({ runCli }) => {
  process.exitCode = await runCli(process.argv.slice(1))
})`

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly input?: string | Uint8Array
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts the command line as a process of its own; the caller ends it. */
export function startCli(argv: readonly string[], options: CliOptions = {}): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ['-e', STARTER, '--', ...argv], {
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, ...options.env }
  })
}

/** Runs the command line to its end. */
export async function runCliProcess(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = startCli(argv, options)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, stdout, stderr }
}
