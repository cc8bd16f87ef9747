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
 * `decimals[i] >= 0`, and otherwise the text `texts[i]`.
 */
export class Tokens {
  readonly mantissa: number[] = []
  readonly decimals: number[] = []
  readonly texts: string[] = []
  count = 0

  text(value: string): void {
    this.mantissa[this.count] = 0
    this.decimals[this.count] = -1
    this.texts[this.count] = value
    this.count++
  }

  number(mantissa: number, decimals: number): void {
    this.mantissa[this.count] = mantissa
    this.decimals[this.count] = decimals
    this.texts[this.count] = ''
    this.count++
  }
}

const QUOTE = 34
const BACKSLASH = 92
const MINUS = 45
const POINT = 46

/** Fills `tokens` from a text of this shape; false: it has another. */
export function matchSkeleton(text: string, skeleton: Skeleton, tokens: Tokens): boolean {
  const { pieces, kinds } = skeleton
  tokens.count = 0
  let at = 0
  for (let hole = 0; hole < kinds.length; hole++) {
    const piece = pieces[hole] ?? ''
    if (!text.startsWith(piece, at)) return false
    at += piece.length
    const end = kinds[hole] === 'number' ? numberEnd(text, at) : stringEnd(text, at)
    if (kinds[hole] === 'text') tokens.text(text.slice(at, end))
    else if (end === at) return false
    else readNumber(text, at, end, tokens)
    at = end
  }
  const rest = pieces[kinds.length] ?? ''
  return at + rest.length === text.length && text.startsWith(rest, at)
}

/** Finds the shape of a text. */
export function skeletonOf(text: string): Skeleton {
  const pieces: string[] = []
  const kinds: HoleKind[] = []
  let pieceStart = 0
  let at = 0
  const hole = (start: number, end: number, kind: HoleKind) => {
    pieces.push(text.slice(pieceStart, start))
    kinds.push(kind)
    pieceStart = end
    at = end
  }
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = stringEnd(text, at + 1)
      if (text[end + 1] === ':') at = end + 1
      else {
        hole(at + 1, end, 'text')
        at = end + 1
      }
    } else if (startsNumber(code)) hole(at, numberEnd(text, at), 'number')
    else at++
  }
  pieces.push(text.slice(pieceStart))
  return { pieces, kinds }
}

/** Index of the quote that ends a string, or the end of the text. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start)
  for (;;) {
    if (end < 0) return text.length
    let slashes = 0
    while (end - 1 - slashes >= start && text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
}

function startsNumber(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 45
}

function numberEnd(text: string, start: number): number {
  let end = start
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    // digits, '-', '.', '+', 'e', 'E'
    if (!((code >= 48 && code <= 57) || code === 45 || code === 46 || code === 43 || code === 101 || code === 69)) break
  }
  return end
}

/**
 * Reads the text as mantissa and decimals when that gives the same text back through `String(mantissa / 10^decimals)`: at most 15
 * digits, no needless zeros, no exponent. Anything else stays text.
 */
function readNumber(text: string, start: number, end: number, tokens: Tokens): void {
  const negative = text.charCodeAt(start) === MINUS
  const first = negative ? start + 1 : start
  let mantissa = 0
  let point = end
  for (let i = first; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57) mantissa = mantissa * 10 + code - 48
    else if (code === POINT && point === end) point = i
    else {
      tokens.text(text.slice(start, end))
      return
    }
  }
  const decimals = point === end ? 0 : end - point - 1
  const negativeZero = negative && mantissa === 0
  if (negativeZero || !isShortest(text, first, point, end) || tooSmall(mantissa, decimals)) tokens.text(text.slice(start, end))
  else tokens.number(negative ? -mantissa : mantissa, decimals)
}

/** Digits from `first` on, perhaps with a point at `point`: no needless zero on either side, few enough to be exact. */
function isShortest(text: string, first: number, point: number, end: number): boolean {
  const whole = point - first
  if (whole < 1 || (whole > 1 && text.charCodeAt(first) === 48)) return false
  if (point === end) return whole <= 15
  return end - point >= 2 && text.charCodeAt(end - 1) !== 48 && whole + end - point - 1 <= 15
}

/** String() turns to exponents below 1e-6. */
function tooSmall(mantissa: number, decimals: number): boolean {
  return decimals > 6 && mantissa < 10 ** (decimals - 6)
}
