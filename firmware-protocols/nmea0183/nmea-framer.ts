import type { Framer, FramerCounters } from '../codec.ts'

/** NMEA allows 82 characters; receivers with many signals and TAG blocks exceed that. */
export const MAX_FRAME_BYTES = 512

const DOLLAR = 0x24
const BANG = 0x21
const BACKSLASH = 0x5c

type Phase = 'outside' | 'tag' | 'tag-closed' | 'sentence'

/**
 * Finds sentences, with a TAG block directly before one, in a stream that may also carry UBX, RTCM and noise. Frames are
 * without their line end; the checksum is judged by the decoder, which names the error.
 *
 * `$`, `!` and `\` are reserved: none of them occurs within a sentence. So wherever one appears a new frame begins, and
 * after a false start nothing has to be read again: what was held has no other start in it. Bytes outside of printable
 * ASCII end a false start likewise.
 */
export class NmeaFramer implements Framer {
  readonly counters: FramerCounters = { bytesIn: 0, frames: 0, badChecksum: 0, oversize: 0, discardedBytes: 0, resyncs: 0 }
  readonly #held = new Uint8Array(MAX_FRAME_BYTES)
  #length = 0
  #phase: Phase = 'outside'

  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    this.counters.bytesIn += chunk.length
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0
      if (byte === 10 || byte === 13) this.flush(onFrame)
      else if (byte === DOLLAR || byte === BANG) this.#beginSentence(byte)
      else if (byte === BACKSLASH) this.#tagDelimiter()
      else if (byte < 0x20 || byte > 0x7e) this.#discard(1)
      else this.#content(byte)
    }
  }

  /** The line ends. */
  flush(onFrame: (frame: Uint8Array) => void): void {
    if (this.#phase !== 'sentence') {
      this.#discard(0)
      return
    }
    const frame = this.#held.subarray(0, this.#length)
    this.#length = 0
    this.#phase = 'outside'
    this.counters.frames++
    onFrame(frame)
  }

  reset(): void {
    this.#discard(0)
  }

  #beginSentence(byte: number): void {
    if (this.#phase !== 'tag-closed') this.#discard(0)
    this.#hold(byte, 'sentence')
  }

  #tagDelimiter(): void {
    if (this.#phase === 'tag') {
      this.#hold(BACKSLASH, 'tag-closed')
      return
    }
    this.#discard(0)
    this.#hold(BACKSLASH, 'tag')
  }

  #content(byte: number): void {
    if (this.#phase === 'outside') {
      this.counters.discardedBytes++
      return
    }
    if (this.#phase === 'tag-closed') {
      // No sentence follows: the backslash that seemed to close a block opens one.
      this.#discard(-1)
      this.#hold(BACKSLASH, 'tag')
    }
    this.#hold(byte, this.#phase)
  }

  #hold(byte: number, phase: Phase): void {
    if (this.#length === MAX_FRAME_BYTES) {
      this.counters.oversize++
      this.#discard(1)
      return
    }
    this.#held[this.#length++] = byte
    this.#phase = phase
  }

  /** Drops what is held and `more` bytes besides. */
  #discard(more: number): void {
    if (this.#length > 0) this.counters.resyncs++
    this.counters.discardedBytes += this.#length + more
    this.#length = 0
    this.#phase = 'outside'
  }
}
