import { join } from 'node:path'

/** Files of a log directory. */
export interface LogPaths {
  readonly directory: string
  readonly database: string
  /** A database that is being built. */
  readonly unfinished: string
  readonly mark: string
  readonly identity: string
  /** What is remembered of the lives of this log. */
  readonly lives: string
  /** With what the database was signed last. */
  readonly signature: string
  readonly lock: string
  readonly ballast: string
}

export function logPaths(directory: string): LogPaths {
  return {
    directory,
    database: join(directory, 'events.db'),
    unfinished: join(directory, 'events.db.new'),
    mark: join(directory, 'log.mark'),
    identity: join(directory, 'log.identity'),
    lives: join(directory, 'log.lives'),
    signature: join(directory, 'log.signature'),
    lock: join(directory, 'log.lock'),
    ballast: join(directory, 'log.ballast')
  }
}
