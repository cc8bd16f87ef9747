import { randomBytes } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../errors.ts'

const ID = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export interface GatewayId {
  readonly id: string
  /** `log`: the file that keeps it was gone or damaged, and this is the id under which the log has recorded. `drawn`: nobody knows another. */
  readonly from: 'configuration' | 'file' | 'log' | 'drawn'
}

/**
 * The gateway's id: given in the configuration, or drawn once; kept in the data directory. It is part of every event's id, so it
 * never changes by itself: where the file is lost, the log still knows it (`recall`); where it is damaged and no log knows it, a
 * GatewayError says what to do. It is no secret and no hardware number. `drawn`: what it is where nobody knows another. Rejects with what
 * the disk says, too: an id that cannot be read is not one that was never given.
 */
export async function gatewayId(
  dataDir: string,
  configured: string | undefined,
  recall: () => string | undefined,
  drawn = drawId()
): Promise<GatewayId> {
  if (configured !== undefined) return { id: configured, from: 'configuration' }
  const kept = await keptId(dataDir)
  if (kept !== undefined && ID.test(kept)) return { id: kept, from: 'file' }
  const recalled = recall()
  if (recalled !== undefined) return { id: recalled, from: 'log' }
  if (kept === undefined) return { id: drawn, from: 'drawn' }
  const file = fileOf(dataDir)
  throw new GatewayError(
    'GATEWAY_ID_DAMAGED',
    `${file} is damaged, and a new id would make this another gateway; set gateway.id to the old id (every event in Kafka names it), or delete the file to begin as a new gateway`,
    { details: { file } }
  )
}

export function drawId(): string {
  return `gw-${randomBytes(5).toString('hex')}`
}

/** Writes it down where the directory does not say so yet. Rejects with what the disk says. */
export async function keepGatewayId(dataDir: string, id: string): Promise<void> {
  if ((await keptId(dataDir)) !== id) await writeDurably(fileOf(dataDir), `${id}\n`, dataDir)
}

const fileOf = (dataDir: string): string => join(dataDir, 'gateway-id')

async function keptId(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(fileOf(dataDir), 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Power is cut on real sites: the name appears only with its content behind it. */
async function writeDurably(path: string, text: string, directory: string): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', 0o640)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  const folder = await open(directory, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
