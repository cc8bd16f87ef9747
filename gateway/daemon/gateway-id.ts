import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { GatewayError } from '../errors.ts'

const ID = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export interface KeptId {
  readonly id: string
  /** What the gateway was called at its last start, when the configuration now says otherwise. */
  readonly before: string | undefined
}

/**
 * The gateway's id: given in the configuration, or drawn once; kept in the data directory. It is part of every event's id, so it
 * never changes by itself: where it is kept but cannot be read, a GatewayError says what to do. It is no secret and no hardware number.
 */
export function gatewayId(dataDir: string, configured: string | undefined): KeptId {
  const file = join(dataDir, 'gateway-id')
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
  const readable = kept !== undefined && ID.test(kept)
  if (configured === undefined && readable) return { id: kept, before: undefined }
  if (configured === undefined && kept !== undefined)
    throw new GatewayError(
      'GATEWAY_ID_DAMAGED',
      `${file} is damaged, and a new id would make this another gateway; set gateway.id to the old id (every event in Kafka names it), or delete the file to begin as a new gateway`,
      { details: { file } }
    )
  const id = configured ?? `gw-${randomBytes(5).toString('hex')}`
  if (kept !== id) {
    mkdirSync(dataDir, { recursive: true, mode: 0o750 })
    writeDurably(file, `${id}\n`, dataDir)
  }
  return { id, before: readable && kept !== id ? kept : undefined }
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
