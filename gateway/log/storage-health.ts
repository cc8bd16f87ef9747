import type { DiskTrouble } from './disk-trouble.ts'
import type { StorageState } from './event-log.ts'

/** What the log thread writes for; each fails and recovers by itself. */
export type WriteKind = 'alarm' | 'telemetry' | 'told-by-forwarder' | 'gaps' | 'cursors' | 'house' | 'open'

interface Failure {
  readonly storage: DiskTrouble
  readonly text: string
  readonly retryAt: number
}

const RETRY_MS = 500

/**
 * What storing is like, from what became of the writes. A failure is over only when the same kind of write has succeeded: on a full
 * disk an alarm still finds room while telemetry does not, and that is not "well again". And a failure holds back its own kind only:
 * telemetry whose admission makes room must not wait because something smaller has failed.
 */
export class StorageHealth {
  readonly #onChange: (storage: StorageState, error: string | undefined) => void
  readonly #failures = new Map<WriteKind, Failure>()
  #told = ''

  /** `onChange` is called once per change. */
  constructor(onChange: (storage: StorageState, error: string | undefined) => void) {
    this.#onChange = onChange
  }

  failed(kind: WriteKind, storage: DiskTrouble, error: unknown, nowMs: number): void {
    const text = error instanceof Error ? error.message : String(error)
    this.#failures.set(kind, { storage, text, retryAt: nowMs + RETRY_MS })
    this.#tell()
  }

  succeeded(kind: WriteKind): void {
    if (this.#failures.size === 0) return
    this.#failures.delete(kind)
    // Keeping house often writes nothing; any other transaction shows that the disk takes something, and carries the cursors.
    if (kind !== 'house') {
      this.#failures.delete('house')
      this.#failures.delete('cursors')
    }
    this.#tell()
  }

  /** Worth an attempt now. */
  mayTry(kind: WriteKind, nowMs: number): boolean {
    return nowMs >= (this.#failures.get(kind)?.retryAt ?? 0)
  }

  get storage(): StorageState {
    return this.#worst()?.storage ?? 'ok'
  }

  get error(): string | undefined {
    return this.#worst()?.text
  }

  #worst(): Failure | undefined {
    const failures = [...this.#failures.values()]
    return failures.find(({ storage }) => storage === 'failing') ?? failures[0]
  }

  #tell(): void {
    const now = `${this.storage} ${this.error}`
    if (now === this.#told) return
    this.#told = now
    this.#onChange(this.storage, this.error)
  }
}
