import { statfsSync } from 'node:fs'
import { type DiskTrouble, directoryTrouble } from './disk-trouble.ts'

const FIRST_MS = 250
/** Each attempt costs some 20 KiB for good (see database.ts): a day of them must not matter. */
const CAP_MS = 10 * 60_000
const LOOK_EVERY_MS = 30_000
/** So much more is free than at the last attempt: it is worth another. */
const ROOM_BYTES = 1024 * 1024

export interface DiskLook {
  readonly trouble: DiskTrouble | undefined
  readonly freeBytes: number
}

/** Without a database. */
export function lookAtDisk(directory: string): DiskLook {
  const trouble = directoryTrouble(directory)
  try {
    const { bavail, bsize } = statfsSync(directory)
    return { trouble, freeBytes: bavail * bsize }
  } catch {
    return { trouble: trouble ?? 'failing', freeBytes: 0 }
  }
}

/** When to try again to open a database that could not be opened: soon, then seldom; and when the disk looks better. */
export class ReopenPlan {
  readonly #look: () => DiskLook
  #delayMs = FIRST_MS
  #at = 0
  #lookAt = 0
  #then: DiskLook | undefined

  constructor(look: () => DiskLook) {
    this.#look = look
  }

  failed(nowMs: number): void {
    this.#at = nowMs + this.#delayMs
    this.#delayMs = Math.min(this.#delayMs * 2, CAP_MS)
    this.#lookAt = nowMs + LOOK_EVERY_MS
    // While it is tried often nobody need look.
    this.#then = this.#at > this.#lookAt ? this.#look() : undefined
  }

  succeeded(): void {
    this.#delayMs = FIRST_MS
    this.#at = 0
  }

  isDue(nowMs: number): boolean {
    if (nowMs >= this.#at) return true
    const then = this.#then
    if (then === undefined || nowMs < this.#lookAt) return false
    this.#lookAt = nowMs + LOOK_EVERY_MS
    const now = this.#look()
    return (then.trouble !== undefined && now.trouble === undefined) || now.freeBytes >= then.freeBytes + ROOM_BYTES
  }
}
