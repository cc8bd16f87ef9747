import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ExtensionError } from './extension-error.ts'

const WRITABLE_BY_ALL = 0o002
const STICKY = 0o1000

/**
 * An extension runs with all rights of the gateway: who can write it can do all that the gateway can. So neither the file nor a folder
 * above it may be writable by everybody (unless only owners may replace what is in the folder, as in /tmp).
 * @throws ExtensionError EXTENSION_UNSAFE.
 */
export async function checkRights(file: string): Promise<void> {
  if (process.platform === 'win32') return
  for (let path = file; ; path = dirname(path)) {
    const { mode } = await stat(path)
    if ((mode & WRITABLE_BY_ALL) !== 0 && (path === file || (mode & STICKY) === 0))
      throw new ExtensionError({
        code: 'EXTENSION_UNSAFE',
        message: `everybody on this machine can write ${path}, and what stands there would run with all rights of the gateway`,
        remedy: `chmod o-w ${path}`
      })
    if (path === dirname(path)) return
  }
}
