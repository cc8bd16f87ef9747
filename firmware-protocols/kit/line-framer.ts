import type { Framer, FramerCounters } from '../codec.ts'

const LF = 10
const CR = 13

export interface LineFramerOptions {
  /** Longest line in bytes, without its end. Longer ones are dropped whole. */
  readonly maxLength: number
  /** Texts that a device prints at the start of a line and then waits behind, without a line end: each is a frame of its own. */
  readonly prompts?: readonly string[]
}

/**
 * Cuts lines at CR, LF or any mix of them; frames are without their line end, empty lines are no frames. A line has no
 * start mark, so after an over-long one the next frame starts behind the next line end.
 */
export class LineFramer implements Framer {
  readonly counters: FramerCounters = { bytesIn: 0, frames: 0, badChecksum: 0, oversize: 0, discardedBytes: 0, resyncs: 0 }
  readonly #held: Uint8Array
  readonly #prompts: readonly Uint8Array[]
  readonly #longestPrompt: number
  #length = 0
  #skipping = false

  constructor(options: LineFramerOptions) {
    this.#held = new Uint8Array(options.maxLength)
    this.#prompts = (options.prompts ?? []).map((prompt) => new TextEncoder().encode(prompt))
    this.#longestPrompt = Math.max(0, ...this.#prompts.map((prompt) => prompt.length))
  }

  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    this.counters.bytesIn += chunk.length
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0
      if (byte === LF || byte === CR) this.#endLine(onFrame)
      else if (this.#skipping) this.counters.discardedBytes++
      else this.#hold(byte, onFrame)
    }
  }

  flush(onFrame: (frame: Uint8Array) => void): void {
    this.#endLine(onFrame)
  }

  reset(): void {
    this.counters.discardedBytes += this.#length
    this.#length = 0
    this.#skipping = false
  }

  #hold(byte: number, onFrame: (frame: Uint8Array) => void): void {
    if (this.#length === this.#held.length) {
      this.counters.oversize++
      this.counters.discardedBytes += this.#length + 1
      this.#length = 0
      this.#skipping = true
      return
    }
    this.#held[this.#length++] = byte
    if (this.#length <= this.#longestPrompt && this.#isPrompt()) this.#emit(onFrame)
  }

  #isPrompt(): boolean {
    for (const prompt of this.#prompts) {
      if (prompt.length !== this.#length) continue
      let same = true
      for (let i = 0; same && i < prompt.length; i++) same = prompt[i] === this.#held[i]
      if (same) return true
    }
    return false
  }

  #endLine(onFrame: (frame: Uint8Array) => void): void {
    if (this.#skipping) {
      this.#skipping = false
      this.counters.resyncs++
    }
    if (this.#length > 0) this.#emit(onFrame)
  }

  #emit(onFrame: (frame: Uint8Array) => void): void {
    const frame = this.#held.subarray(0, this.#length)
    this.#length = 0
    this.counters.frames++
    onFrame(frame)
  }
}
