import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { waitFor } from '../wait-for.ts'

/** A helper process of the stand that talks in lines. */
export interface LineChild {
  readonly lines: string[]
  readonly pid: number
  write(text: string): void
  /** The first line that matches, seen or still to come. */
  line(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray>
  end(): Promise<void>
}

/** `script` is the compiled file beside this one. It is ended by closing its stdin. */
export function startLineChild(script: string, args: readonly (string | number)[]): LineChild {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [file, ...args.map(String)], { stdio: 'pipe' })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4_000)
  })
  return {
    lines,
    pid: child.pid ?? -1,
    write: (text) => void child.stdin.write(text),
    async line(pattern, limitMs = 30_000) {
      return await waitFor(
        `${script} to say ${pattern}`,
        () => {
          if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`${script} ended with ${child.exitCode}: ${errors}`)
          for (const line of lines) {
            const match = pattern.exec(line)
            if (match !== null) return match
          }
          return undefined
        },
        limitMs
      )
    },
    async end() {
      child.stdin.end()
      await waitFor(`${script} to end`, () => child.exitCode !== null || child.signalCode !== null, 5_000).catch(() =>
        child.kill('SIGKILL')
      )
    }
  }
}
