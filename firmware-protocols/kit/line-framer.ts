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
    let at = 0
    while (at < chunk.length) {
      const byte = chunk[at] ?? 0
      if (byte === LF || byte === CR) {
        this.#endLine(onFrame)
        at++
      } else if (this.#mayBePrompt(byte)) {
        this.#hold(chunk, at, at + 1)
        if (this.#isPrompt()) this.#emitHeld(onFrame)
        at++
      } else at = this.#takeRun(chunk, at, onFrame)
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

  /** Whether a line that goes on with `byte` can still turn out to be a prompt. Most lines cannot from their first byte. */
  #mayBePrompt(byte: number): boolean {
    if (this.#skipping || this.#length >= this.#longestPrompt) return false
    for (const prompt of this.#prompts) if (prompt[this.#length] === byte && this.#heldBegins(prompt)) return true
    return false
  }

  #heldBegins(prompt: Uint8Array): boolean {
    for (let i = 0; i < this.#length; i++) if (prompt[i] !== this.#held[i]) return false
    return true
  }

  #isPrompt(): boolean {
    for (const prompt of this.#prompts) if (prompt.length === this.#length && this.#heldBegins(prompt)) return true
    return false
  }

  /** Takes bytes up to the end of the line or of the chunk; a whole line in one chunk is handed on without a copy. */
  #takeRun(chunk: Uint8Array, from: number, onFrame: (frame: Uint8Array) => void): number {
    let end = from + 1
    while (end < chunk.length && chunk[end] !== LF && chunk[end] !== CR) end++
    if (this.#skipping) this.counters.discardedBytes += end - from
    else if (this.#length === 0 && end < chunk.length && end - from <= this.#held.length) {
      this.counters.frames++
      onFrame(chunk.subarray(from, end))
    } else this.#hold(chunk, from, end)
    return end
  }

  #hold(chunk: Uint8Array, from: number, end: number): void {
    if (this.#length + end - from > this.#held.length) {
      this.counters.oversize++
      this.counters.discardedBytes += this.#length + end - from
      this.#length = 0
      this.#skipping = true
      return
    }
    for (let i = from; i < end; i++) this.#held[this.#length++] = chunk[i] ?? 0
  }

  #endLine(onFrame: (frame: Uint8Array) => void): void {
    if (this.#skipping) {
      this.#skipping = false
      this.counters.resyncs++
    }
    if (this.#length > 0) this.#emitHeld(onFrame)
  }

  #emitHeld(onFrame: (frame: Uint8Array) => void): void {
    const frame = this.#held.subarray(0, this.#length)
    this.#length = 0
    this.counters.frames++
    onFrame(frame)
  }
}
