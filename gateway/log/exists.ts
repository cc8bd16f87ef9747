import { statSync } from 'node:fs'

/** Whether there is such a file. Throws what the disk throws: a name that it cannot look up is not one that is free. */
export function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
