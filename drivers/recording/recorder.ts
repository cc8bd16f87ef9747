import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Logger, TimerHandle } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import type { LinkTap } from '../link-tap.ts'
import { BlockWriter, MAGIC, type MessageContext, type RecordingHeader } from './recording-format.ts'

/** A block goes to the disk when it is so large, or so old: a crash loses no more. */
const BLOCK_BYTES = 64 * 1024
const BLOCK_EVERY_MS = 1_000
/** What may wait for a slow disk; more is left out, and that is recorded. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024

export interface RecorderOptions {
  readonly directory: string
  readonly header: Omit<RecordingHeader, 'startedAt'>
  /** The file is not made larger. */
  readonly maxBytes: number
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Writes what comes over a link to `<directory>/<source>-<time>.tagrec`. It never waits, and never harms the source: a disk that
 * fails ends the recording, said once.
 */
export class Recorder implements LinkTap {
  readonly path: string
  readonly #options: RecorderOptions
  readonly #block = new BlockWriter()
  readonly #startedMs: number
  #writing: Promise<void>
  #waitingBytes = 0
  #writtenBytes = 0
  #lost = { entries: 0, bytes: 0 }
  #timer: TimerHandle | undefined
  #file: FileHandle | undefined
  #over = false

  constructor(options: RecorderOptions) {
    const { clock, directory, header } = options
    this.#options = options
    const startedAt = clock.wallMs()
    this.#startedMs = clock.monotonicMs()
    const stamp = new Date(startedAt).toISOString().replace(/[-:]|\.\d+/g, '')
    this.path = join(directory, `${header.source}-${stamp}.tagrec`)
    this.#block.header({ ...header, startedAt })
    this.#writing = this.#begin()
    this.#schedule()
  }

  bytes(chunk: Uint8Array): void {
    if (this.#takes(chunk.length)) this.#block.bytes(this.#nowUs(), chunk)
    this.#flushFull()
  }

  message(bytes: Uint8Array, context: MessageContext): void {
    if (this.#takes(bytes.length)) this.#block.message(this.#nowUs(), bytes, context)
    this.#flushFull()
  }

  /** Resolves when all is on the disk. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    this.#flush()
    this.#over = true
    await this.#writing
    await this.#file?.close()
    this.#file = undefined
  }

  #nowUs(): number {
    return (this.#options.clock.monotonicMs() - this.#startedMs) * 1_000
  }

  #takes(bytes: number): boolean {
    if (this.#over) return false
    if (this.#waitingBytes + this.#block.size < MAX_WAITING_BYTES) {
      if (this.#lost.entries > 0) this.#block.lost(this.#nowUs(), this.#lost.entries, this.#lost.bytes)
      this.#lost = { entries: 0, bytes: 0 }
      return true
    }
    this.#lost.entries++
    this.#lost.bytes += bytes
    return false
  }

  #schedule(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#flush()
      if (!this.#over) this.#schedule()
    }, BLOCK_EVERY_MS)
  }

  #flushFull(): void {
    if (this.#block.size >= BLOCK_BYTES) this.#flush()
  }

  #flush(): void {
    if (this.#over || this.#block.size === 0) return
    const block = this.#block.take()
    if (this.#writtenBytes + this.#waitingBytes + block.length > this.#options.maxBytes) {
      this.#end('the recording has reached its limit')
      return
    }
    this.#waitingBytes += block.length
    this.#writing = this.#writing.then(() => this.#write(block))
  }

  async #begin(): Promise<void> {
    const { directory, header, log } = this.#options
    try {
      await mkdir(directory, { recursive: true, mode: 0o750 })
      this.#file = await open(this.path, 'wx', 0o640)
      await this.#file.write(MAGIC)
      this.#writtenBytes += MAGIC.length
      log.info({ sourceId: header.source, file: this.path }, 'the source is being recorded')
    } catch (error) {
      this.#end(`the recording cannot be begun: ${messageOf(error)}`)
    }
  }

  async #write(block: Uint8Array): Promise<void> {
    try {
      await this.#file?.write(block)
      this.#writtenBytes += block.length
    } catch (error) {
      this.#end(`the recording cannot be gone on with: ${messageOf(error)}`)
    }
    this.#waitingBytes -= block.length
  }

  #end(why: string): void {
    if (this.#over) return
    this.#over = true
    this.#timer?.cancel()
    this.#options.log.warn({ sourceId: this.#options.header.source, file: this.path, bytes: this.#writtenBytes }, why)
  }
}
