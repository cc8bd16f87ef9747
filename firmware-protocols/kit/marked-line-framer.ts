import type { Framer, FramerCounters } from '../codec.ts'

/** What cuts the lines, with counters that can be added to. */
export interface CountingFramer extends Framer {
  readonly counters: FramerCounters
}

export interface MarkedLineFramerOptions {
  /** Cuts the lines. */
  readonly lines: CountingFramer
  /** Whether the start mark of a line is at `at`. It must not be able to occur inside of a whole line. */
  isMark(line: Uint8Array, at: number): boolean
}

/**
 * Cuts lines also at their start marks: after a lost line end, or bytes lost in the middle of a line, the next line is
 * found where it begins. What is before the first mark of a line counts as discarded; a line without any mark is a frame as
 * it is.
 */
export class MarkedLineFramer implements Framer {
  readonly #lines: CountingFramer
  readonly #isMark: (line: Uint8Array, at: number) => boolean
  #onFrame: (frame: Uint8Array) => void = () => undefined
  readonly #onLine = (line: Uint8Array): void => this.#cut(line)

  constructor({ lines, isMark }: MarkedLineFramerOptions) {
    this.#lines = lines
    this.#isMark = isMark
  }

  get counters(): FramerCounters {
    return this.#lines.counters
  }

  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    this.#onFrame = onFrame
    this.#lines.push(chunk, this.#onLine)
  }

  flush(onFrame: (frame: Uint8Array) => void): void {
    this.#onFrame = onFrame
    this.#lines.flush?.(this.#onLine)
  }

  reset(): void {
    this.#lines.reset()
  }

  #cut(line: Uint8Array): void {
    let from = -1
    for (let at = 0; at < line.length; at++) {
      if (!this.#isMark(line, at)) continue
      if (from >= 0) {
        this.counters.frames++
        this.#onFrame(line.subarray(from, at))
      } else if (at > 0) {
        this.counters.discardedBytes += at
        this.counters.resyncs++
      }
      from = at
    }
    this.#onFrame(from > 0 ? line.subarray(from) : line)
  }
}
