import { join } from 'node:path'

/** Files of a log directory. */
export interface LogPaths {
  readonly directory: string
  readonly database: string
  readonly mark: string
  readonly identity: string
  readonly lock: string
  readonly ballast: string
}

export function logPaths(directory: string): LogPaths {
  return {
    directory,
    database: join(directory, 'events.db'),
    mark: join(directory, 'log.mark'),
    identity: join(directory, 'log.identity'),
    lock: join(directory, 'log.lock'),
    ballast: join(directory, 'log.ballast')
  }
}
