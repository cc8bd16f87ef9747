import { access, constants, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Logger } from '../../drivers/driver.ts'
import { GatewayError } from '../errors.ts'
import { diskTroubleOf } from '../log/disk-trouble.ts'
import { lastOrigin } from '../log/last-origin.ts'
import { DiskUnusableError } from '../log/log-error.ts'
import type { EventLogHandle } from '../log/open-event-log.ts'
import { drawId, type GatewayId, gatewayId, keepGatewayId } from './gateway-id.ts'

export interface GatewayStorageOptions {
  readonly dataDir: string
  /** The gateway's id where the configuration gives it. */
  readonly configuredId: string | undefined
  readonly logger: Logger
  readonly openLog: (gatewayId: string) => Promise<EventLogHandle>
}

/**
 * What lies in the data directory: the gateway's id, and the log. They are opened one after the other and without holding up this
 * thread: a disk may refuse, or not answer at all, and the gateway runs without it meanwhile.
 */
export class GatewayStorage {
  readonly #options: GatewayStorageOptions
  #gatewayId: string

  constructor(options: GatewayStorageOptions) {
    this.#options = options
    this.#gatewayId = options.configuredId ?? drawId()
  }

  /** Until the log is open it is no more than the configured one, or one drawn for the time being: nothing is recorded under it yet. */
  get gatewayId(): string {
    return this.#gatewayId
  }

  /** May be called again when it has failed. Rejects with a DiskUnusableError for what may pass, and with another for what somebody must put right. */
  async open(): Promise<EventLogHandle> {
    const { dataDir, logger, openLog } = this.#options
    await makeDataDir(dataDir)
    const { id, from } = await this.#identify()
    this.#gatewayId = id
    if (from === 'log') logger.warn({ gatewayId: id, dataDir }, 'the file gateway-id was lost; it is written again from the log')
    const log = await openLog(id)
    // After the log, whose lock says that nobody else uses the directory.
    await this.#keepId()
    return log
  }

  async #identify(): Promise<GatewayId> {
    const { configuredId, dataDir } = this.#options
    try {
      return await gatewayId(dataDir, configuredId, () => lastOrigin(dataDir)?.gatewayId, this.#gatewayId)
    } catch (error) {
      const trouble = diskTroubleOf(error)
      throw trouble === undefined ? error : new DiskUnusableError(trouble, String(error))
    }
  }

  /** Where the disk does not take it, the log will know the id. */
  async #keepId(): Promise<void> {
    try {
      await keepGatewayId(this.#options.dataDir, this.#gatewayId)
    } catch (error) {
      this.#options.logger.error({ error: String(error), gatewayId: this.#gatewayId }, "the gateway's id could not be written down")
    }
  }
}

/** A disk that is full, read-only or failing is the log's affair; anything else is to be put right before the gateway can run. */
async function makeDataDir(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o750 })
  } catch (error) {
    if (diskTroubleOf(error) !== undefined || (await isOnReadOnlyDisk(path))) return
    const why = error instanceof Error ? error.message : String(error)
    throw new GatewayError(
      'LOG_OPEN_FAILED',
      `dataDir ${path} cannot be made or used (${why}); name a directory that this user may write`,
      {
        cause: error
      }
    )
  }
}

/** Of a path that does not exist on a read-only file system, `mkdir` says ENOENT: the nearest directory that exists tells. */
async function isOnReadOnlyDisk(path: string): Promise<boolean> {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    try {
      await access(directory, constants.W_OK)
      return false
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'EROFS') return true
      if (code !== 'ENOENT' || directory === dirname(directory)) return false
    }
  }
}
