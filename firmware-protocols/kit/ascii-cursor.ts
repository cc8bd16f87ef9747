const POINT = 46
const MINUS = 45
const PLUS = 43

/** Powers of ten that a double holds exactly; with a mantissa below 2^53 one division is correctly rounded. */
const POWERS = Array.from({ length: 16 }, (_unused, exponent) => 10 ** exponent)
const MAX_DIGITS = 15

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57
const isLetter = (byte: number): boolean => (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)
const isAmong = (byte: number, list: string): boolean => byte !== 0 && list.length > 0 && list.includes(String.fromCharCode(byte))

/**
 * Reads ASCII fields from bytes without making a text of them. One cursor serves all frames of a decoder. A field that is
 * not there sets `failed`, which stays set until the next `start`, so that a grammar can be read line by line and
 * judged once at the end.
 */
export class AsciiCursor {
  failed = false
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0

  /** Begins a frame. Line ends and blanks around it are not part of it. */
  start(bytes: Uint8Array): void {
    let from = 0
    let end = bytes.length
    while (from < end && (bytes[from] ?? 0) <= 32) from++
    while (end > from && (bytes[end - 1] ?? 0) <= 32) end--
    this.failed = false
    this.#bytes = bytes
    this.#at = from
    this.#end = end
  }

  get atEnd(): boolean {
    return this.#at >= this.#end
  }

  /** The next byte, 0 at the end. */
  peek(): number {
    return this.#at < this.#end ? (this.#bytes[this.#at] ?? 0) : 0
  }

  /** Passes over `text` if it comes next. */
  skip(text: string): boolean {
    if (this.#at + text.length > this.#end) return false
    for (let i = 0; i < text.length; i++) if (this.#bytes[this.#at + i] !== text.charCodeAt(i)) return false
    this.#at += text.length
    return true
  }

  /** As `skip`, where the text must come. */
  require(text: string): void {
    if (!this.skip(text)) this.failed = true
  }

  skipBlanks(): void {
    while (this.peek() === 32) this.#at++
  }

  /** An unsigned decimal integer of at most 15 digits. */
  integer(): number {
    const from = this.#at
    let value = 0
    while (isDigit(this.peek()) && this.#at - from < MAX_DIGITS) {
      value = value * 10 + this.peek() - 48
      this.#at++
    }
    if (this.#at === from) this.failed = true
    return value
  }

  /**
   * A decimal with a point and digits on both sides of it, as C's `%.2f` prints it; `nan` and `inf` read as NaN. A number
   * without a point fails: it is another unit or a damaged line.
   */
  decimal(): number {
    const negative = this.peek() === MINUS
    if (negative || this.peek() === PLUS) this.#at++
    if (isLetter(this.peek())) return this.#notANumber()
    const from = this.#at
    const whole = this.integer()
    const wholeDigits = this.#at - from
    if (this.peek() !== POINT) this.failed = true
    this.#at++
    const fractionFrom = this.#at
    let mantissa = whole
    while (isDigit(this.peek()) && wholeDigits + this.#at - fractionFrom < MAX_DIGITS) {
      mantissa = mantissa * 10 + this.peek() - 48
      this.#at++
    }
    const scale = POWERS[this.#at - fractionFrom] ?? 1
    if (this.#at === fractionFrom) this.failed = true
    return negative && mantissa !== 0 ? -mantissa / scale : mantissa / scale
  }

  #notANumber(): number {
    const text = this.word(3)
    if (text !== 'nan' && text !== 'inf') this.failed = true
    return Number.NaN
  }

  /** Letters and digits, and what is listed in `also`; at least one and at most `maxLength`, in lower case. */
  word(maxLength: number, also = ''): string {
    let text = ''
    for (let byte = this.peek(); isDigit(byte) || isLetter(byte) || isAmong(byte, also); byte = this.peek()) {
      if (text.length === maxLength) {
        this.failed = true
        return text
      }
      text += String.fromCharCode(byte >= 65 && byte <= 90 ? byte + 32 : byte)
      this.#at++
    }
    if (text.length === 0) this.failed = true
    return text
  }

  /** Everything up to the end of the frame, one character a byte. */
  rest(): string {
    let text = ''
    for (; this.#at < this.#end; this.#at++) text += String.fromCharCode(this.#bytes[this.#at] ?? 0)
    return text
  }
}
