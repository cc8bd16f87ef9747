import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { BlockReader, MAGIC, type RecordedEntry, type RecordingHeader } from './recording-format.ts'

/** Longest compressed block that is believed. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024

export interface Recording {
  readonly header: RecordingHeader
  /** From the first entry behind the header. Ends, without an error, where the file is cut or damaged: see `whole`. */
  entries(): AsyncGenerator<RecordedEntry, void, void>
  /** After the entries were read: false when the file goes on behind the last whole block. */
  readonly whole: boolean
  close(): Promise<void>
}

/** Opens a recording; undefined: the file is none. Throws what the file system throws. */
export async function openRecording(path: string): Promise<Recording | undefined> {
  const file = await open(path, 'r')
  try {
    const reader = new FileBlocks(file)
    if (!(await reader.startsRight())) {
      await file.close()
      return undefined
    }
    const first = await reader.next()
    const [head, ...rest] = first ?? []
    if (head?.kind !== 'header') {
      await file.close()
      return undefined
    }
    return new FileRecording(file, reader, head.header, rest)
  } catch (error) {
    await file.close()
    throw error
  }
}

class FileRecording implements Recording {
  readonly header: RecordingHeader
  readonly #file: FileHandle
  readonly #blocks: FileBlocks
  readonly #first: readonly RecordedEntry[]

  constructor(file: FileHandle, blocks: FileBlocks, header: RecordingHeader, first: readonly RecordedEntry[]) {
    this.#file = file
    this.#blocks = blocks
    this.header = header
    this.#first = first
  }

  get whole(): boolean {
    return this.#blocks.whole
  }

  async *entries(): AsyncGenerator<RecordedEntry, void, void> {
    yield* this.#first
    for (let block = await this.#blocks.next(); block !== undefined; block = await this.#blocks.next()) yield* block
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

class FileBlocks {
  readonly #file: FileHandle
  readonly #decoder = new BlockReader()
  #at = 0
  whole = true

  constructor(file: FileHandle) {
    this.#file = file
  }

  async startsRight(): Promise<boolean> {
    const magic = await this.#bytes(MAGIC.length)
    return magic !== undefined && Buffer.compare(magic, MAGIC) === 0
  }

  /** Entries of the next block; undefined at the end, or where the file cannot be read on. */
  async next(): Promise<readonly RecordedEntry[] | undefined> {
    const head = await this.#bytes(8)
    if (head === undefined) return undefined
    const length = head.readUInt32LE(0)
    const body = length > MAX_BLOCK_BYTES ? undefined : await this.#bytes(length)
    const entries = body === undefined || crc32(body) !== head.readUInt32LE(4) ? undefined : this.#decoder.read(body)
    if (entries === undefined) this.whole = false
    return entries
  }

  async #bytes(length: number): Promise<Buffer | undefined> {
    const bytes = Buffer.alloc(length)
    const { bytesRead } = await this.#file.read(bytes, 0, length, this.#at)
    if (bytesRead < length) {
      if (bytesRead > 0) this.whole = false
      return undefined
    }
    this.#at += length
    return bytes
  }
}
