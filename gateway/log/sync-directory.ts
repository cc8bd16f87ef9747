import { closeSync, fsyncSync, openSync } from 'node:fs'

/** A new name in a directory outlasts a power cut only after this. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
