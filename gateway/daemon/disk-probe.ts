import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, TimerHandle } from '../../drivers/driver.ts'

/** A disk that takes so long for one small file hangs. */
const HANGS_AFTER_MS = 5_000
/** Longer than the log thread is ever silent while all is well. */
const LOOK_EVERY_MS = 2_500

/**
 * Tells a disk that does not answer from a program that is stuck: it is asked for one small file, in a thread that nobody waits for. One
 * question at a time: each that is not answered takes a thread away for as long.
 */
export class DiskProbe {
  readonly #ask: () => Promise<void>
  readonly #nowMs: () => number
  #askedMs: number | undefined

  /** `nowMs`: monotonic. */
  constructor(nowMs: () => number, ask: () => Promise<void>) {
    this.#nowMs = nowMs
    this.#ask = ask
  }

  /** To be called now and then while there is reason to ask. True: it was asked a while ago and has not answered. */
  hangs(): boolean {
    if (this.#askedMs !== undefined) return this.#nowMs() - this.#askedMs >= HANGS_AFTER_MS
    this.#askedMs = this.#nowMs()
    const answered = (): void => {
      this.#askedMs = undefined
    }
    // A disk that refuses answers, too.
    this.#ask().then(answered, answered)
    return false
  }
}

/**
 * The watchdog is for a program that is stuck. One whose disk does not answer acts on alarms from memory, and must not be killed for it,
 * with what it holds: so when the log thread gives no beat and the disk hangs, this does.
 */
export function beatWhileDiskHangs(clock: Clock, ask: () => Promise<void>, beats: () => number, beat: () => void): TimerHandle {
  const probe = new DiskProbe(() => clock.monotonicMs(), ask)
  let before = beats()
  const look = (): void => {
    if (beats() === before && probe.hangs()) beat()
    before = beats()
    timer = clock.setTimeout(look, LOOK_EVERY_MS)
  }
  let timer = clock.setTimeout(look, LOOK_EVERY_MS)
  return { cancel: () => timer.cancel() }
}

/** A small file, through to the disk. */
export function askDisk(directory: string): () => Promise<void> {
  const path = join(directory, 'disk.probe')
  return async () => {
    const file = await open(path, 'w', 0o640)
    try {
      await file.writeFile('?')
      await file.sync()
    } finally {
      await file.close()
      await rm(path, { force: true })
    }
  }
}
