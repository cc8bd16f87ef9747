export type LogErrorCode =
  | 'LOG_NEWER'
  | 'LOG_IN_USE'
  | 'LOG_OPEN_FAILED'
  | 'LOG_DISK_UNUSABLE'
  | 'LOG_READ_FAILED'
  | 'LOG_CLOSED'
  | 'LOG_HUNG'

/** The log cannot be used at all; what can be repaired or waited for is a state (`LogStatus.storage`), never an error. */
export class LogError extends Error {
  readonly code: LogErrorCode
  constructor(code: LogErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LogError'
    this.code = code
  }
}

/** The log cannot be opened for what its disk is like now (`LOG_DISK_UNUSABLE`); that may pass. */
export class DiskUnusableError extends LogError {
  readonly storage: 'full' | 'failing'
  constructor(storage: 'full' | 'failing', message: string) {
    super('LOG_DISK_UNUSABLE', message)
    this.storage = storage
  }
}

/** SQLite's own code of an error, such as `SQLITE_FULL`; empty where it is none. */
export function sqliteCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  const { code } = error
  return typeof code === 'string' ? code : ''
}

/** The file itself is bad: another life of the log must begin. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(sqliteCode(error))
}

/** No room, as opposed to a disk that fails. */
export function isFull(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT'
}

/** Too little room to write, found before writing: a write that fills the last page could not be undone. */
export class NoRoomError extends Error {
  readonly code = 'ENOSPC'
  constructor() {
    super('the disk is full and nothing more may be evicted')
    this.name = 'NoRoomError'
  }
}
