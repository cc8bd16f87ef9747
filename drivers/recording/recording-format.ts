import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { FrameContext } from '../../firmware-protocols/codec.ts'
import type { Envelope } from '../codec-feed.ts'

/**
 * A recording of what came over one source's link, with its timing.
 *
 *   file    := magic block*
 *   magic   := "TAGREC1" LF
 *   block   := u32 LE length of body, u32 LE CRC-32 of body, body          body: deflate (RFC 1951) of
 *   entries := entry*
 *   entry   := varint microseconds since the entry before (the first: since the recording began)
 *              u8 kind: 1 header, 2 bytes of a stream, 3 message, 4 what a message came with, 5 lost
 *              varint length, that many bytes
 *
 *   header  := JSON {"source","driver","protocol","startedAt"}, the first entry of a file
 *   4       := JSON of topic, address, name …, in force for the messages behind it until the next of its kind
 *   5       := JSON {"entries","bytes"}: the disk was too slow for them
 *
 * Varints are LEB128. A block that is cut or damaged ends what can be read; all before it is whole.
 */
export const MAGIC = new TextEncoder().encode('TAGREC1\n')

const KIND_HEADER = 1
const KIND_BYTES = 2
const KIND_MESSAGE = 3
const KIND_CONTEXT = 4
const KIND_LOST = 5

export interface RecordingHeader {
  readonly source: string
  readonly driver: string
  readonly protocol: string
  /** Epoch milliseconds. */
  readonly startedAt: number
}

/** What a message came with, beside its bytes; keys of tags are never recorded. */
export type MessageContext = Omit<FrameContext, 'receivedAt' | 'key'> & Omit<Envelope, 'onDurable'>

export type RecordedEntry =
  | { readonly kind: 'header'; readonly atUs: number; readonly header: RecordingHeader }
  | { readonly kind: 'bytes'; readonly atUs: number; readonly bytes: Uint8Array }
  | { readonly kind: 'message'; readonly atUs: number; readonly bytes: Uint8Array; readonly context: MessageContext }
  | { readonly kind: 'lost'; readonly atUs: number; readonly entries: number; readonly bytes: number }

/** Longest entry that is believed. */
const MAX_ENTRY_BYTES = 64 * 1024 * 1024

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** Gathers entries of one block. */
export class BlockWriter {
  readonly #parts: Uint8Array[] = []
  #lastUs = 0
  #context = '{}'
  #size = 0

  /** Bytes gathered for the block under way, before they are compressed. */
  get size(): number {
    return this.#size
  }

  header(header: RecordingHeader): void {
    this.#put(0, KIND_HEADER, json(header))
  }

  bytes(atUs: number, bytes: Uint8Array): void {
    this.#put(atUs, KIND_BYTES, bytes)
  }

  message(atUs: number, bytes: Uint8Array, context: MessageContext): void {
    const text = JSON.stringify(context)
    if (text !== this.#context) {
      this.#context = text
      this.#put(atUs, KIND_CONTEXT, new TextEncoder().encode(text))
    }
    this.#put(atUs, KIND_MESSAGE, bytes)
  }

  lost(atUs: number, entries: number, bytes: number): void {
    this.#put(atUs, KIND_LOST, json({ entries, bytes }))
  }

  /** The block as it goes into the file; the next begins empty. */
  take(): Uint8Array {
    const body = deflateRawSync(Buffer.concat(this.#parts))
    this.#parts.length = 0
    this.#size = 0
    const block = Buffer.alloc(8 + body.length)
    block.writeUInt32LE(body.length, 0)
    block.writeUInt32LE(crc32(body), 4)
    body.copy(block, 8)
    return block
  }

  #put(atUs: number, kind: number, content: Uint8Array): void {
    const us = Math.max(this.#lastUs, Math.round(atUs))
    // Content is copied: whoever recorded it goes on using its buffer.
    const entry = Uint8Array.of(...varint(us - this.#lastUs), kind, ...varint(content.length))
    this.#lastUs = us
    this.#parts.push(entry, Uint8Array.from(content))
    this.#size += entry.length + content.length
  }
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return bytes
}

/** Reads the entries of blocks in their order; remembers time and context from block to block. */
export class BlockReader {
  #atUs = 0
  #context: MessageContext = {}

  /** Entries of one body; undefined where it is damaged, though nothing but a defect of the writer passes the checksum. */
  read(body: Uint8Array): readonly RecordedEntry[] | undefined {
    const entries: RecordedEntry[] = []
    try {
      const inflated = inflateRawSync(body, { maxOutputLength: 2 * MAX_ENTRY_BYTES })
      const raw = new Uint8Array(inflated.buffer, inflated.byteOffset, inflated.length)
      for (let at = 0; at < raw.length; ) {
        const [delta, kindAt] = readVarint(raw, at)
        const [length, from] = readVarint(raw, kindAt + 1)
        if (length > raw.length - from) return undefined
        this.#atUs += delta
        const entry = this.#entry(raw[kindAt] ?? 0, raw.subarray(from, from + length))
        if (entry !== undefined) entries.push(entry)
        at = from + length
      }
      return entries
    } catch {
      return undefined
    }
  }

  #entry(kind: number, content: Uint8Array): RecordedEntry | undefined {
    const atUs = this.#atUs
    if (kind === KIND_BYTES) return { kind: 'bytes', atUs, bytes: content }
    if (kind === KIND_MESSAGE) return { kind: 'message', atUs, bytes: content, context: this.#context }
    // Kinds that later versions may add are passed over.
    if (kind !== KIND_HEADER && kind !== KIND_CONTEXT && kind !== KIND_LOST) return undefined
    const value: unknown = JSON.parse(new TextDecoder().decode(content))
    if (kind === KIND_HEADER) return { kind: 'header', atUs, header: value as RecordingHeader }
    if (kind === KIND_LOST) return { kind: 'lost', atUs, ...(value as { readonly entries: number; readonly bytes: number }) }
    this.#context = value as MessageContext
    return undefined
  }
}

function readVarint(bytes: Uint8Array, from: number): [value: number, next: number] {
  let value = 0
  let factor = 1
  for (let at = from; at < bytes.length && factor < 2 ** 53; at++) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return [value, at + 1]
    factor *= 0x80
  }
  throw new RangeError('a number is cut')
}
