const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** No frame of any protocol is this long; a longer line is told of and let go, so that memory stays flat. */
export const MAX_LINE_BYTES = 1 << 20

/**
 * Cuts lines out of a byte stream: at \n alone, since a lone \r may belong to a frame; one \r before it goes too. A line
 * that is too long is given as undefined.
 */
export class LineSplitter {
  #parts: Buffer[] = []
  #held = 0
  #overflown = false

  push(chunk: Buffer, onLine: (line: string | undefined) => void): void {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#hold(chunk.subarray(from, end))
      onLine(this.#take())
      from = end + 1
    }
    // A copy: the stream may use the memory of the chunk again.
    if (from < chunk.length) this.#hold(Buffer.from(chunk.subarray(from)))
  }

  /** A last line without its line end. */
  end(onLine: (line: string | undefined) => void): void {
    if (this.#held > 0 || this.#overflown) onLine(this.#take())
  }

  #hold(part: Buffer): void {
    this.#held += part.length
    if (this.#held > MAX_LINE_BYTES) {
      this.#overflown = true
      this.#parts = []
    }
    if (!this.#overflown && part.length > 0) this.#parts.push(part)
  }

  #take(): string | undefined {
    const bytes = Buffer.concat(this.#parts)
    const overflown = this.#overflown
    this.#parts = []
    this.#held = 0
    this.#overflown = false
    if (overflown) return undefined
    return bytes.at(-1) === CARRIAGE_RETURN ? bytes.toString('utf8', 0, bytes.length - 1) : bytes.toString('utf8')
  }
}
