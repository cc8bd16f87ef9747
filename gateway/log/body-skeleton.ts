/**
 * The shape of a JSON text: its literal pieces with holes between them, one for each number and each string value. Texts of one
 * event type share a few shapes, so only what stands in the holes has to be kept. Filling the holes gives the very text back,
 * whatever it was: nothing here needs it to be valid JSON.
 */
export interface Skeleton {
  /** One more than there are holes. */
  readonly pieces: readonly string[]
  readonly kinds: readonly HoleKind[]
}

export type HoleKind = 'number' | 'text'

/**
 * What stood in the holes of one text, in place of objects for speed. Hole `i` is a number `mantissa[i] / 10^decimals[i]` when
 * `decimals[i] >= 0`, and otherwise the text between the bytes `starts[i]` and `ends[i]`.
 */
export class Tokens {
  readonly mantissa: number[] = []
  readonly decimals: number[] = []
  readonly starts: number[] = []
  readonly ends: number[] = []
  count = 0

  text(start: number, end: number): void {
    this.#add(0, -1, start, end)
  }

  number(mantissa: number, decimals: number): void {
    this.#add(mantissa, decimals, 0, 0)
  }

  #add(mantissa: number, decimals: number, start: number, end: number): void {
    this.mantissa[this.count] = mantissa
    this.decimals[this.count] = decimals
    this.starts[this.count] = start
    this.ends[this.count] = end
    this.count++
  }
}

const QUOTE = 34
const BACKSLASH = 92
const MINUS = 45
const POINT = 46
const COLON = 58

/** Finds what stands in the holes of the texts of one shape, in UTF-8. */
export class SkeletonMatcher {
  readonly #pieces: readonly Uint8Array[]
  readonly #kinds: readonly HoleKind[]

  constructor({ pieces, kinds }: Skeleton) {
    this.#pieces = pieces.map((piece) => Buffer.from(piece))
    this.#kinds = kinds
  }

  /** Fills `tokens` from the text between two places; false: it has another shape. */
  match(bytes: Uint8Array, from: number, to: number, tokens: Tokens): boolean {
    tokens.count = 0
    let at = from
    for (let hole = 0; hole < this.#kinds.length; hole++) {
      at = this.#skipPiece(hole, bytes, at, to)
      if (at < 0) return false
      if (this.#kinds[hole] === 'number') {
        const end = numberEnd(bytes, at, to)
        if (end === at) return false
        readNumber(bytes, at, end, tokens)
        at = end
      } else {
        const end = stringEnd(bytes, at, to)
        tokens.text(at, end)
        at = end
      }
    }
    return this.#skipPiece(this.#kinds.length, bytes, at, to) === to
  }

  /** The place behind a piece, or -1 where it does not stand. */
  #skipPiece(index: number, bytes: Uint8Array, at: number, to: number): number {
    const piece = this.#pieces[index]
    if (piece === undefined || at + piece.length > to) return -1
    for (let i = 0; i < piece.length; i++) if (bytes[at + i] !== piece[i]) return -1
    return at + piece.length
  }
}

/** Finds the shape of a text, in UTF-8: holes begin and end at ASCII characters, so no character is cut. */
export function skeletonOf(text: Buffer): Skeleton {
  const pieces: string[] = []
  const kinds: HoleKind[] = []
  let pieceStart = 0
  let at = 0
  const hole = (start: number, end: number, kind: HoleKind) => {
    pieces.push(text.toString('utf8', pieceStart, start))
    kinds.push(kind)
    pieceStart = end
    at = end
  }
  while (at < text.length) {
    const code = text[at] ?? 0
    if (code === QUOTE) {
      const end = stringEnd(text, at + 1, text.length)
      if (text[end + 1] === COLON) at = end + 1
      else {
        hole(at + 1, end, 'text')
        at = end + 1
      }
    } else if (startsNumber(code)) hole(at, numberEnd(text, at, text.length), 'number')
    else at++
  }
  pieces.push(text.toString('utf8', pieceStart))
  return { pieces, kinds }
}

/** Place of the quote that ends a string, or the end of the text. */
function stringEnd(bytes: Uint8Array, start: number, to: number): number {
  for (let end = start; end < to; end++) {
    const code = bytes[end]
    if (code === QUOTE) return end
    if (code === BACKSLASH) end++
  }
  return to
}

function startsNumber(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 45
}

function numberEnd(bytes: Uint8Array, start: number, to: number): number {
  let end = start
  for (; end < to; end++) {
    const code = bytes[end] ?? 0
    // digits, '-', '.', '+', 'e', 'E'
    if (!((code >= 48 && code <= 57) || code === 45 || code === 46 || code === 43 || code === 101 || code === 69)) break
  }
  return end
}

/**
 * Reads the text as mantissa and decimals when that gives the same text back through `String(mantissa / 10^decimals)`: at most 15
 * digits, no needless zeros, no exponent. Anything else stays text.
 */
function readNumber(bytes: Uint8Array, start: number, end: number, tokens: Tokens): void {
  const negative = bytes[start] === MINUS
  const first = negative ? start + 1 : start
  let mantissa = 0
  let point = end
  for (let i = first; i < end; i++) {
    const code = bytes[i] ?? 0
    if (code >= 48 && code <= 57) mantissa = mantissa * 10 + code - 48
    else if (code === POINT && point === end) point = i
    else {
      tokens.text(start, end)
      return
    }
  }
  const decimals = point === end ? 0 : end - point - 1
  const negativeZero = negative && mantissa === 0
  if (negativeZero || !isShortest(bytes, first, point, end) || tooSmall(mantissa, decimals)) tokens.text(start, end)
  else tokens.number(negative ? -mantissa : mantissa, decimals)
}

/** Digits from `first` on, perhaps with a point at `point`: no needless zero on either side, few enough to be exact. */
function isShortest(bytes: Uint8Array, first: number, point: number, end: number): boolean {
  const whole = point - first
  if (whole < 1 || (whole > 1 && bytes[first] === 48)) return false
  if (point === end) return whole <= 15
  return end - point >= 2 && bytes[end - 1] !== 48 && whole + end - point - 1 <= 15
}

/** String() turns to exponents below 1e-6. */
function tooSmall(mantissa: number, decimals: number): boolean {
  return decimals > 6 && mantissa < 10 ** (decimals - 6)
}
