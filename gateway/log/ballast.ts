import { randomFillSync } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'

const STEP_BYTES = 1024 * 1024
/** What one alarm's transaction needs at the most, with the pages around it. */
const RELEASE_BYTES = 512 * 1024

/**
 * Space on the disk that is really taken (random bytes: no file system makes them smaller), so that it can be given up when
 * an alarm would not fit otherwise.
 */
export class Ballast {
  readonly #path: string
  #bytes: number

  constructor(path: string) {
    this.#path = path
    this.#bytes = this.#withFile((descriptor) => fstatSync(descriptor).size) ?? 0
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Gives up a piece; false: nothing is left. */
  release(): boolean {
    if (this.#bytes === 0) return false
    const left = Math.max(0, this.#bytes - RELEASE_BYTES)
    const done = this.#withFile((descriptor) => {
      ftruncateSync(descriptor, left)
      fsyncSync(descriptor)
      return true
    })
    if (done === true) this.#bytes = left
    return done === true
  }

  /** Takes one more step towards `targetBytes`, as long as more than `spareBytes` stay free beyond it. */
  grow(targetBytes: number, freeBytes: number, spareBytes: number): void {
    const step = Math.min(STEP_BYTES, targetBytes - this.#bytes)
    if (step <= 0 || freeBytes - step < spareBytes) return
    const written = this.#withFile((descriptor) => {
      const bytes = randomFillSync(Buffer.allocUnsafe(step))
      const count = writeSync(descriptor, bytes, 0, step, this.#bytes)
      fsyncSync(descriptor)
      return count
    })
    this.#bytes += written ?? 0
  }

  #withFile<T>(work: (descriptor: number) => T): T | undefined {
    let descriptor: number | undefined
    try {
      // O_RDWR | O_CREAT without truncation
      descriptor = openSync(this.#path, 0o102, 0o640)
      return work(descriptor)
    } catch {
      // A disk that does not let us: the ballast stays as it is.
      return undefined
    } finally {
      if (descriptor !== undefined) closeSync(descriptor)
    }
  }
}
