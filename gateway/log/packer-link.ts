import { Worker } from 'node:worker_threads'
import { LANES, type Lane } from '../events/define-event.ts'
import { BLOCK_EVENTS } from './packer.ts'
import type { FromPacker, PackerReport, ToPacker } from './packer-thread.ts'

/** A tail this old is packed though it fills no block: a minute when it is worth it, ten minutes in any case. */
const WORTH_EVENTS = 1024
const WORTH_MS = 60_000
const OLD_MS = 10 * 60_000
const RESTART_MS = 1000
/** After a packing that failed; doubled each time. */
const AGAIN_FIRST_MS = 250
const AGAIN_CAP_MS = 60_000

export interface TailState {
  readonly events: number
  readonly since: number | null
}

/** The log thread's end of the packer thread. A packer that dies is started again; without one the tail just grows. */
export class PackerLink {
  readonly #path: string
  readonly #checkpointBytes: number
  readonly #onMessage: (message: PackerReport) => void
  readonly #onCheckpointed: () => void
  readonly #busy = new Set<Lane>()
  readonly #failed = new Map<Lane, { readonly againAt: number; readonly delayMs: number }>()
  #checkpointing = false
  #writtenBytes = 0
  #worker: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #closed = false

  constructor(
    path: string,
    /** New pages in the write-ahead log after which they are carried into the database. */
    checkpointBytes: number,
    onMessage: (message: PackerReport) => void,
    onCheckpointed: () => void
  ) {
    this.#path = path
    this.#checkpointBytes = checkpointBytes
    this.#onMessage = onMessage
    this.#onCheckpointed = onCheckpointed
    this.#start()
  }

  #start(): void {
    this.#busy.clear()
    this.#checkpointing = false
    const worker = new Worker(new URL(`./packer-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url), {
      name: 'packer',
      workerData: { path: this.#path },
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 }
    })
    this.#worker = worker
    worker.on('message', (message: FromPacker) => {
      // One that was replaced speaks of a database that is gone.
      if (this.#worker === worker) this.#received(message)
    })
    worker.on('error', (error) => this.#onMessage({ kind: 'failed', code: '', message: String(error) }))
    worker.on('exit', () => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      if (!this.#closed) this.#restart = setTimeout(() => this.#start(), RESTART_MS)
    })
  }

  #received(message: FromPacker): void {
    if (message.kind === 'checkpointed') {
      this.#checkpointing = false
      this.#onCheckpointed()
      return
    }
    if (message.kind === 'pack') {
      this.#busy.delete(message.lane)
      this.#failed.delete(message.lane)
    } else if (message.kind === 'failed' && message.lane !== undefined) {
      this.#busy.delete(message.lane)
      const delayMs = Math.min((this.#failed.get(message.lane)?.delayMs ?? AGAIN_FIRST_MS / 2) * 2, AGAIN_CAP_MS)
      this.#failed.set(message.lane, { againAt: performance.now() + delayMs, delayMs })
    }
    this.#onMessage(message)
  }

  /** Asks for what is due. `hurry`: the disk needs the room. */
  consider(tails: Readonly<Record<Lane, TailState>>, wallMs: number, hurry: boolean): void {
    for (const lane of LANES) {
      if (this.#busy.has(lane) || !isDue(tails[lane], wallMs, hurry)) continue
      if (performance.now() < (this.#failed.get(lane)?.againAt ?? 0)) continue
      this.#busy.add(lane)
      this.#post({ kind: 'pack', lane })
    }
  }

  /** Bytes went into the write-ahead log. */
  written(bytes: number): void {
    this.#writtenBytes += bytes
    if (this.#checkpointing || this.#writtenBytes < this.#checkpointBytes) return
    this.#checkpointing = true
    this.#post({ kind: 'checkpoint' })
  }

  /** The packer does not keep up with its checkpoints. */
  get isBehind(): boolean {
    return this.#writtenBytes > this.#checkpointBytes * 4
  }

  /** All is carried over. */
  checkpointed(): void {
    this.#writtenBytes = 0
  }

  #post(message: ToPacker): void {
    this.#worker?.postMessage(message)
  }

  /** Another database lies at the path now. */
  async replace(): Promise<void> {
    clearTimeout(this.#restart)
    const old = this.#worker
    this.#worker = undefined
    await old?.terminate()
    if (!this.#closed && this.#worker === undefined) this.#start()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#restart)
    const worker = this.#worker
    if (worker === undefined) return
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', () => resolve())
    })
    this.#post({ kind: 'close' })
    await ended
  }
}

function isDue({ events, since }: TailState, wallMs: number, hurry: boolean): boolean {
  if (events === 0) return false
  if (events >= BLOCK_EVENTS || hurry) return true
  // A clock that was set back makes it due, too.
  const ageMs = since === null ? 0 : Math.abs(wallMs - since)
  return (events >= WORTH_EVENTS && ageMs >= WORTH_MS) || ageMs >= OLD_MS
}
