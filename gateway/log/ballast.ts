import { randomFillSync } from 'node:crypto'
import { closeSync, constants, fstatSync, fsync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'

const STEP_BYTES = 1024 * 1024
/** Without truncation. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT
/** What one alarm's transaction needs at the most, with the pages around it. */
const RELEASE_BYTES = 512 * 1024

/**
 * Space on the disk that is really taken (random bytes: no file system makes them smaller), so that it can be given up when
 * an alarm would not fit otherwise.
 */
export class Ballast {
  readonly #path: string
  #bytes: number
  #growing = false

  constructor(path: string) {
    this.#path = path
    this.#bytes = this.#withFile((descriptor) => fstatSync(descriptor).size) ?? 0
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Gives up a piece; false: nothing is left. */
  release(): boolean {
    return this.#shrinkTo(Math.max(0, this.#bytes - RELEASE_BYTES))
  }

  releaseAll(): boolean {
    return this.#shrinkTo(0)
  }

  #shrinkTo(left: number): boolean {
    if (this.#bytes === 0) return false
    const done = this.#withFile((descriptor) => {
      ftruncateSync(descriptor, left)
      fsyncSync(descriptor)
      return true
    })
    if (done === true) this.#bytes = left
    return done === true
  }

  /**
   * Takes one more step towards `targetBytes`, as long as more than `spareBytes` stay free beyond it. Does not wait for the disk to have
   * it: until then it does not count.
   */
  grow(targetBytes: number, freeBytes: number, spareBytes: number): void {
    const step = Math.min(STEP_BYTES, targetBytes - this.#bytes)
    if (this.#growing || step <= 0 || freeBytes - step < spareBytes) return
    let descriptor: number | undefined
    try {
      descriptor = openSync(this.#path, OPEN_FLAGS, 0o640)
      writeSync(descriptor, randomFillSync(Buffer.allocUnsafe(step)), 0, step, this.#bytes)
      this.#syncThenCount(descriptor)
    } catch {
      // A disk that does not let us: the ballast stays as it is.
      if (descriptor !== undefined) closeSync(descriptor)
    }
  }

  #syncThenCount(descriptor: number): void {
    this.#growing = true
    fsync(descriptor, (error) => {
      this.#growing = false
      try {
        // A piece may have been given up meanwhile.
        if (error === null) this.#bytes = fstatSync(descriptor).size
      } catch {
        // As above.
      } finally {
        closeSync(descriptor)
      }
    })
  }

  #withFile<T>(work: (descriptor: number) => T): T | undefined {
    let descriptor: number | undefined
    try {
      descriptor = openSync(this.#path, OPEN_FLAGS, 0o640)
      return work(descriptor)
    } catch {
      // A disk that does not let us: the ballast stays as it is.
      return undefined
    } finally {
      if (descriptor !== undefined) closeSync(descriptor)
    }
  }
}
