import { inspect } from 'node:util'
import { type MessagePort, Worker } from 'node:worker_threads'
import type { Logger } from '../../drivers/driver.ts'
import type { GatewayIdentity } from './cloud-event.ts'
import type { ForwarderThreadData, FromForwarderThread, ToForwarderThread } from './forwarder-messages.ts'
import { type ForwarderStatus, type LaneForwardStatus, NOT_CONFIGURED } from './forwarder-status.ts'
import type { KafkaSettings } from './kafka-settings.ts'

export interface StartForwarderOptions {
  /** The open log: where it lies, and a new port to its thread for each start of ours. */
  readonly log: { readonly path: string; attachForwarder(): MessagePort }
  readonly identity: GatewayIdentity
  /** Undefined: offline. */
  readonly kafka: KafkaSettings | undefined
  readonly logger?: Logger
  /** Called after a change, a few times a second at the most. */
  readonly onStatus?: (status: ForwarderStatus) => void
}

/** The gateway's end of the forwarder's thread. */
export interface ForwarderHandle {
  /** As last told by the thread. */
  status(): ForwarderStatus
  /** Takes effect at once and never touches the backlog; resolves when the old connections are gone. */
  reconfigure(kafka: KafkaSettings | undefined): Promise<void>
  /** Resolves when nothing runs any more. Unacknowledged records are sent by the next start. */
  close(): Promise<void>
}

const RESTART_AFTER_MS = 1_000
const CLOSE_LIMIT_MS = 5_000

/** Starts forwarding in a thread of its own. The thread is started again if it ever dies. */
export function startForwarder(options: StartForwarderOptions): ForwarderHandle {
  return new ForwarderOwner(options)
}

class ForwarderOwner implements ForwarderHandle {
  readonly #options: StartForwarderOptions
  readonly #requests = new Map<number, () => void>()
  #kafka: KafkaSettings | undefined
  #status: ForwarderStatus = NOT_CONFIGURED
  #worker: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #lastRequest = 0
  #closing: Promise<void> | undefined
  #onClosed: () => void = () => undefined

  constructor(options: StartForwarderOptions) {
    this.#options = options
    this.#kafka = options.kafka
    this.#start()
  }

  status(): ForwarderStatus {
    return this.#status
  }

  reconfigure(kafka: KafkaSettings | undefined): Promise<void> {
    this.#kafka = kafka
    if (this.#worker === undefined || this.#closing !== undefined) return Promise.resolve()
    const request = ++this.#lastRequest
    return new Promise((resolve) => {
      this.#requests.set(request, resolve)
      this.#post({ kind: 'configure', request, kafka })
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #start(): void {
    const { log, identity } = this.#options
    const logPort = log.attachForwarder()
    const workerData: ForwarderThreadData = { logPath: log.path, logPort, identity, kafka: this.#kafka }
    const worker = new Worker(new URL(`./forwarder-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url), {
      name: 'forwarder',
      workerData,
      transferList: [logPort],
      // Records live for one request: a large nursery would only take memory from a small board.
      resourceLimits: { maxYoungGenerationSizeMb: 8 }
    })
    worker.on('message', (message: FromForwarderThread) => this.#onMessage(message))
    // What a thread throws may arrive as a plain object.
    worker.on('error', (error: unknown) => {
      const reason = error instanceof Error ? (error.stack ?? error.message) : inspect(error)
      this.#options.logger?.error({ reason }, 'the forwarder thread failed')
    })
    worker.on('exit', () => this.#onExit(worker))
    this.#worker = worker
  }

  #onMessage(message: FromForwarderThread): void {
    if (message.kind === 'status') {
      this.#status = message.status
      this.#options.onStatus?.(message.status)
    } else if (message.kind === 'configured') {
      this.#requests.get(message.request)?.()
      this.#requests.delete(message.request)
    } else {
      this.#onClosed()
    }
  }

  /** A defect, or the end. Cursors are in the log, so a new thread goes on where the old one had got to. */
  #onExit(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const { lanes } = this.#status
    const gone = (lane: LaneForwardStatus): LaneForwardStatus => ({ ...lane, connected: false, ratePerSecond: 0 })
    this.#status = { ...this.#status, connected: false, lanes: { alarm: gone(lanes.alarm), telemetry: gone(lanes.telemetry) } }
    if (this.#closing === undefined) this.#options.onStatus?.(this.#status)
    for (const settle of this.#requests.values()) settle()
    this.#requests.clear()
    this.#onClosed()
    if (this.#closing === undefined) this.#restart = setTimeout(() => this.#start(), RESTART_AFTER_MS)
  }

  async #close(): Promise<void> {
    clearTimeout(this.#restart)
    const worker = this.#worker
    if (worker === undefined) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#onClosed = resolve
      timer = setTimeout(resolve, CLOSE_LIMIT_MS)
      this.#post({ kind: 'close' })
    })
    clearTimeout(timer)
    await worker.terminate()
  }

  #post(message: ToForwarderThread): void {
    this.#worker?.postMessage(message)
  }
}
