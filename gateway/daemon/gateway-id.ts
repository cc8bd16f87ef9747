import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { GatewayError } from '../errors.ts'

const ID = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export interface GatewayId {
  readonly id: string
  /** The file that keeps it was gone or damaged: this is the id under which the log has recorded. */
  readonly recalled: boolean
}

/**
 * The gateway's id: given in the configuration, or drawn once; kept in the data directory. It is part of every event's id, so it
 * never changes by itself: where the file is lost, the log still knows it (`recall`); where it is damaged and no log knows it, a
 * GatewayError says what to do. It is no secret and no hardware number.
 */
export function gatewayId(dataDir: string, configured: string | undefined, recall: () => string | undefined): GatewayId {
  if (configured !== undefined) return { id: configured, recalled: false }
  const kept = keptId(dataDir)
  if (kept !== undefined && ID.test(kept)) return { id: kept, recalled: false }
  const recalled = recall()
  if (recalled !== undefined) return { id: recalled, recalled: true }
  if (kept === undefined) return { id: `gw-${randomBytes(5).toString('hex')}`, recalled: false }
  const file = fileOf(dataDir)
  throw new GatewayError(
    'GATEWAY_ID_DAMAGED',
    `${file} is damaged, and a new id would make this another gateway; set gateway.id to the old id (every event in Kafka names it), or delete the file to begin as a new gateway`,
    { details: { file } }
  )
}

/** Writes it down where the directory does not say so yet. Throws what the disk throws. */
export function keepGatewayId(dataDir: string, id: string): void {
  if (keptId(dataDir) !== id) writeDurably(fileOf(dataDir), `${id}\n`, dataDir)
}

const fileOf = (dataDir: string): string => join(dataDir, 'gateway-id')

function keptId(dataDir: string): string | undefined {
  const file = fileOf(dataDir)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/** Power is cut on real sites: the name appears only with its content behind it. */
function writeDurably(file: string, text: string, directory: string): void {
  const temporary = `${file}.new`
  const fd = openSync(temporary, 'w', 0o640)
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, file)
  const folder = openSync(directory, 'r')
  fsyncSync(folder)
  closeSync(folder)
}
