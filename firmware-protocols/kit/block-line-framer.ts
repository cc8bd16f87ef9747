import type { Framer, FramerCounters } from '../codec.ts'

export interface BlockLineFramerOptions {
  /** Longest frame in bytes, without its end. Longer ones are dropped. */
  readonly maxLength: number
  /**
   * Where in `held[0..length)`, whose last byte is an opening brace or a quotation mark inside of an open block, another block
   * begins that cannot be a part of this one; -1: nowhere. Absent: blocks have no start that could be told.
   */
  restartAt?(held: Uint8Array, length: number): number
  /**
   * Whether the line `held[from..to)`, so far, is none of a block: a log line, whose braces mean nothing. It becomes a frame of its
   * own, also inside of a block.
   */
  isForeign?(held: Uint8Array, from: number, to: number): boolean
}

const LF = 10
const CR = 13
const QUOTE = 34
const ARRAY_OPEN = 91
const ARRAY_CLOSE = 93
const OPEN = 123
const CLOSE = 125

/**
 * Cuts lines at CR, LF or any mix of them, but what stands in braces is one frame with the text before them, over however many
 * lines, and ends with its last brace; so do lists of objects. Line ends inside become one LF each. Memory is one frame.
 */
export class BlockLineFramer implements Framer {
  readonly counters: FramerCounters = { bytesIn: 0, frames: 0, badChecksum: 0, oversize: 0, discardedBytes: 0, resyncs: 0 }
  readonly #options: BlockLineFramerOptions
  readonly #held: Uint8Array
  #length = 0
  #depth = 0
  /** The block is a list: it ends with a bracket. */
  #isList = false
  /** Where the current line of a block begins. */
  #lineFrom = 0
  #skipping = false

  constructor(options: BlockLineFramerOptions) {
    this.#options = options
    this.#held = new Uint8Array(options.maxLength)
  }

  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    this.counters.bytesIn += chunk.length
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0
      if (byte === LF || byte === CR) this.#endLine(onFrame)
      else if (this.#skipping) this.counters.discardedBytes++
      else if (this.#length === this.#held.length) this.#giveUp()
      else {
        this.#held[this.#length++] = byte
        if (byte >= ARRAY_CLOSE || byte === QUOTE) this.#structure(byte, onFrame)
      }
    }
  }

  /** A line without its end is whole; a block without its end is not. */
  flush(onFrame: (frame: Uint8Array) => void): void {
    if (this.#depth === 0) this.#endLine(onFrame)
  }

  reset(): void {
    this.counters.discardedBytes += this.#length
    this.#clear()
    this.#skipping = false
  }

  #structure(byte: number, onFrame: (frame: Uint8Array) => void): void {
    const isLetter = byte > ARRAY_CLOSE && byte !== OPEN && byte !== CLOSE
    if (isLetter || this.#isForeign()) return
    if (byte === OPEN && this.#depth === 0) this.#openBlock()
    else if (byte === OPEN || byte === QUOTE) {
      if (byte === OPEN) this.#depth++
      if (this.#depth > 0) this.#restart()
    } else if ((byte === CLOSE || (byte === ARRAY_CLOSE && this.#isList && this.#depth === 1)) && this.#depth > 0) {
      this.#depth--
      if (this.#depth === 0) this.#emit(this.#length, onFrame)
    }
  }

  #openBlock(): void {
    this.#isList = this.#length === 2 && this.#held[0] === ARRAY_OPEN
    this.#depth = this.#isList ? 2 : 1
    this.#lineFrom = 0
  }

  #restart(): void {
    const at = this.#options.restartAt?.(this.#held, this.#length) ?? -1
    if (at <= 0) return
    this.counters.discardedBytes += at
    this.counters.resyncs++
    this.#held.copyWithin(0, at, this.#length)
    this.#length -= at
    this.#isList = false
    this.#depth = 1
    this.#lineFrom = 0
  }

  #endLine(onFrame: (frame: Uint8Array) => void): void {
    if (this.#skipping) {
      this.#skipping = false
      this.counters.resyncs++
    } else if (this.#depth === 0) {
      if (this.#length > 0) this.#emit(this.#length, onFrame)
    } else if (this.#isForeign()) {
      this.counters.frames++
      onFrame(this.#held.subarray(this.#lineFrom, this.#length))
      this.#length = this.#lineFrom
    } else if (this.#held[this.#length - 1] !== LF) {
      if (this.#length === this.#held.length) this.#giveUp()
      else this.#held[this.#length++] = LF
      this.#lineFrom = this.#length
    }
  }

  #isForeign(): boolean {
    return this.#options.isForeign?.(this.#held, this.#lineFrom, this.#length) === true
  }

  #emit(length: number, onFrame: (frame: Uint8Array) => void): void {
    const frame = this.#held.subarray(0, length)
    this.#clear()
    this.counters.frames++
    onFrame(frame)
  }

  #giveUp(): void {
    this.counters.oversize++
    this.counters.discardedBytes += this.#length + 1
    this.#clear()
    this.#skipping = true
  }

  #clear(): void {
    this.#length = 0
    this.#depth = 0
    this.#isList = false
    this.#lineFrom = 0
  }
}
