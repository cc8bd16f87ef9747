import { open, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { GatewayError } from '../errors.ts'

/** Writing a configuration takes milliseconds; a lock older than this was left by a crash. Process ids are used again after a boot, so age decides too. */
const STALE_AFTER_MS = 30_000

const queues = new Map<string, Promise<unknown>>()

/**
 * Runs `task` while nobody else does for this file: callers in this process wait their turn, another process makes it fail.
 * @throws GatewayError CONFIG_CONFLICT when another process holds the lock, CONFIG_WRITE_FAILED when it cannot be taken.
 */
export async function withFileLock<T>(path: string, task: () => Promise<T>): Promise<T> {
  const before = queues.get(path) ?? Promise.resolve()
  const turn = before.catch(() => undefined).then(() => locked(path, task))
  queues.set(path, turn)
  try {
    return await turn
  } finally {
    if (queues.get(path) === turn) queues.delete(path)
  }
}

async function locked<T>(path: string, task: () => Promise<T>): Promise<T> {
  const lock = join(dirname(path), `.${basename(path)}.lock`)
  if (!(await take(lock))) {
    if (!(await isStale(lock))) throw new GatewayError('CONFIG_CONFLICT', `another process is writing ${path}`, { retriable: true })
    await rm(lock, { force: true })
    if (!(await take(lock))) throw new GatewayError('CONFIG_CONFLICT', `another process is writing ${path}`, { retriable: true })
  }
  try {
    return await task()
  } finally {
    await rm(lock, { force: true })
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx', 0o600)
    await file.writeFile(String(process.pid))
    await file.close()
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new GatewayError('CONFIG_WRITE_FAILED', `${lock} cannot be created: ${why}`, { retriable: true, cause })
  }
}

async function isStale(lock: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(lock)
    if (Math.abs(Date.now() - mtimeMs) > STALE_AFTER_MS) return true
    const pid = Number(await readFile(lock, 'utf8'))
    // Empty: the holder has created it and not yet written its id.
    return pid > 0 && !isAlive(pid)
  } catch {
    return true
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
