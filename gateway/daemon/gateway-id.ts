import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const ID = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * The gateway's id: given in the configuration, or drawn once and kept in the data directory. It is part of every event's
 * id, so it never changes by itself; it is no secret and no hardware number.
 */
export function gatewayId(dataDir: string, configured: string | undefined): string {
  if (configured !== undefined) return configured
  const file = join(dataDir, 'gateway-id')
  if (existsSync(file)) {
    const kept = readFileSync(file, 'utf8').trim()
    if (ID.test(kept)) return kept
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o750 })
  const drawn = `gw-${randomBytes(5).toString('hex')}`
  writeDurably(file, `${drawn}\n`, dataDir)
  return drawn
}

/** Power is cut on real sites: the name appears only with its content behind it. */
function writeDurably(file: string, text: string, directory: string): void {
  const temporary = `${file}.new`
  const fd = openSync(temporary, 'w', 0o640)
  writeSync(fd, text)
  fsyncSync(fd)
  closeSync(fd)
  renameSync(temporary, file)
  const folder = openSync(directory, 'r')
  fsyncSync(folder)
  closeSync(folder)
}
