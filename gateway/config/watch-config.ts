/**
 * Notices a changed configuration by looking (every file system, every editor's way of saving) and by SIGHUP. Never changes
 * anything itself: a broken file is reported once, and whoever runs on the old configuration goes on.
 */
import { stat } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Clock, TimerHandle } from '../../drivers/driver.ts'
import { type LoadedConfig, type LoadOptions, type LoadResult, loadConfig } from './load-config.ts'
import { formatProblem } from './problem.ts'

export interface WatchOptions extends LoadOptions {
  readonly clock: Clock
  /** The configuration that runs. */
  readonly running: LoadedConfig
  readonly intervalMs?: number
  /** How long the file must be left alone before it is read. */
  readonly settleMs?: number
  /** A look of the timer's, or SIGHUP's, failed by itself: not for what is in the file. The watching goes on. */
  readonly onFailure: (error: unknown) => void
}

export interface ConfigWatch {
  /** Reads the file now and reports what it finds, changed or not. What SIGHUP does. */
  reload(): Promise<void>
  /** Looks once, as the timer does. Resolves when the look is over and any report made. */
  look(): Promise<void>
  close(): void
}

export function watchConfig(path: string, options: WatchOptions, onChange: (result: LoadResult) => void): ConfigWatch {
  const { clock, intervalMs = 2000, settleMs = 300, onFailure } = options
  let last: LoadResult = options.running
  let referencedFiles = options.running.referencedFiles
  let readAt: string | undefined
  let seen: string | undefined
  let timer: TimerHandle | undefined
  let closed = false
  let work: Promise<void> = Promise.resolve()

  /** One thing at a time, in the order asked for, whatever became of those before. */
  function inTurn(task: () => Promise<void>): Promise<void> {
    const turn = work.then(task)
    work = turn.catch(() => undefined)
    return turn
  }

  async function read(always: boolean): Promise<void> {
    const fingerprint = await fingerprintOf([path, ...referencedFiles])
    const result = await loadConfig(path, options)
    if (closed) return
    // Taken before reading: a change during it is seen at the next look. New referenced files count from now.
    if (result.ok && !isDeepStrictEqual(result.referencedFiles, referencedFiles)) {
      referencedFiles = result.referencedFiles
      readAt = await fingerprintOf([path, ...referencedFiles])
    } else readAt = fingerprint
    seen = readAt
    if (!always && isSame(last, result)) return
    last = result
    onChange(result)
  }

  async function lookOnce(): Promise<boolean> {
    const fingerprint = await fingerprintOf([path, ...referencedFiles])
    if (closed || fingerprint === readAt) return false
    const settled = fingerprint === seen
    seen = fingerprint
    if (settled) await read(false)
    return !settled
  }

  function schedule(delayMs: number): void {
    if (closed) return
    timer = clock.setTimeout(() => {
      inTurn(async () => {
        let unsettled = false
        try {
          unsettled = await lookOnce()
        } finally {
          schedule(unsettled ? settleMs : intervalMs)
        }
      }).catch(onFailure)
    }, delayMs)
  }

  const reload = () => inTurn(() => read(true))
  const onHangUp = () => {
    reload().catch(onFailure)
  }
  process.on('SIGHUP', onHangUp)
  schedule(0)
  return {
    reload,
    look: () => inTurn(async () => void (await lookOnce())),
    close() {
      closed = true
      timer?.cancel()
      process.off('SIGHUP', onHangUp)
    }
  }
}

async function fingerprintOf(paths: readonly string[]): Promise<string> {
  const parts = paths.map(async (path) => {
    const status = await stat(path, { bigint: true }).catch(() => undefined)
    return status === undefined ? 'none' : `${status.dev}/${status.ino}/${status.size}/${status.mtimeNs}/${status.ctimeNs}`
  })
  return (await Promise.all(parts)).join(' ')
}

/** Nothing new to say: the same configuration, or the same mistakes. */
function isSame(a: LoadResult, b: LoadResult): boolean {
  if (a.ok && b.ok) return a.etag === b.etag && a.extensions === b.extensions && isDeepStrictEqual(a.config, b.config)
  return !a.ok && !b.ok && isDeepStrictEqual(a.problems.map(formatProblem), b.problems.map(formatProblem))
}
