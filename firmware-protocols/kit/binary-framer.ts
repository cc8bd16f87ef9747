import type { Framer, FramerCounters } from '../codec.ts'

/** `measure` answers: not enough bytes to know, and no frame begins here. */
export const NEED_MORE = -1
export const NO_START = 0

export interface BinaryFramerOptions {
  /** Longest frame in bytes; a start that claims more is a false one. */
  readonly maxLength: number
  /**
   * Length in bytes of the frame that begins at `from`, with everything that belongs to it; `NEED_MORE` while
   * `bytes[from..to)` is too short to tell; `NO_START` where none can begin.
   */
  measure(bytes: Uint8Array, from: number, to: number): number
  /** Whether checksum and end of the whole frame `bytes[from..to)` are right; absent: the protocol has none. */
  isIntact?(bytes: Uint8Array, from: number, to: number): boolean
}

/**
 * Cuts frames that tell their length out of a stream. A start that turns out false (bad checksum, impossible length) costs
 * one byte: the search goes on right behind it, so a flipped length takes no good frame along. A frame that lies whole in
 * one chunk is handed on without a copy; held are never more than two frames' lengths.
 */
export class BinaryFramer implements Framer {
  readonly counters: FramerCounters = { bytesIn: 0, frames: 0, badChecksum: 0, oversize: 0, discardedBytes: 0, resyncs: 0 }
  readonly #options: BinaryFramerOptions
  readonly #held: Uint8Array
  #length = 0
  #lost = false

  constructor(options: BinaryFramerOptions) {
    this.#options = options
    this.#held = new Uint8Array(2 * options.maxLength)
  }

  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    this.counters.bytesIn += chunk.length
    let at = 0
    while (this.#length > 0 && at < chunk.length) {
      const take = Math.min(chunk.length - at, this.#held.length - this.#length)
      this.#held.set(chunk.subarray(at, at + take), this.#length)
      at += take
      const end = this.#length + take
      this.#keep(this.#held, this.#scan(this.#held, 0, end, onFrame), end)
    }
    if (at < chunk.length) this.#keep(chunk, this.#scan(chunk, at, chunk.length, onFrame), chunk.length)
  }

  /**
   * What is held is no whole frame (unless `measure` says so now that nothing follows), but one may begin behind its first
   * byte. Without any, all stays held.
   */
  flush(onFrame: (frame: Uint8Array) => void): void {
    const { measure, isIntact, maxLength } = this.#options
    for (let from = 0; from < this.#length; from++) {
      const length = measure(this.#held, from, this.#length)
      if (length <= 0 || length > maxLength || from + length > this.#length) continue
      if (isIntact?.(this.#held, from, from + length) === false) continue
      this.#discard(from)
      this.#keep(this.#held, this.#scan(this.#held, from, this.#length, onFrame), this.#length)
      from = 0
    }
  }

  reset(): void {
    this.#discard(this.#length)
    this.#length = 0
  }

  /** Hands on every whole frame in `bytes[from..to)`; the position of what may still become one. */
  #scan(bytes: Uint8Array, from: number, to: number, onFrame: (frame: Uint8Array) => void): number {
    const { measure, isIntact, maxLength } = this.#options
    let at = from
    while (at < to) {
      const length = measure(bytes, at, to)
      if (length === NEED_MORE) return at
      if (length === NO_START) this.#discard(1)
      else if (length > maxLength) {
        this.counters.oversize++
        this.#discard(1)
      } else if (at + length > to) return at
      else if (isIntact?.(bytes, at, at + length) === false) {
        this.counters.badChecksum++
        this.#discard(1)
      } else {
        if (this.#lost) this.counters.resyncs++
        this.#lost = false
        this.counters.frames++
        onFrame(bytes.subarray(at, at + length))
        at += length - 1
      }
      at++
    }
    return to
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (bytes === this.#held) this.#held.copyWithin(0, from, to)
    else this.#held.set(bytes.subarray(from, to))
    this.#length = to - from
  }

  #discard(count: number): void {
    this.counters.discardedBytes += count
    if (count > 0) this.#lost = true
  }
}

/** Low eight bits of the sum of `bytes[from..to)`. */
export function sum8(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += bytes[i] ?? 0
  return sum & 0xff
}
