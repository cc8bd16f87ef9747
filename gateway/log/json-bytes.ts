/**
 * JSON written as bytes where it is wanted, without the strings in between: what runs for every event that comes and goes.
 * Each function writes at `at`, where there must be room, and gives the place behind it.
 */
const QUOTE = 34
const SPACE = 32
const MINUS = 45
const POINT = 46
const ZERO = 48
const BACKSLASH = 92
const DELETE = 127
const HALF = 1e8
/** Up to here every whole number and its thousandth part are exact to the last digit: fifteen digits. */
const MAX_EXACT = 1e15

/** Most bytes that a number takes: `-0.0000010000000027017382`, with the smallest exponent that is not written as one. */
export const MAX_NUMBER_BYTES = 25

/** Most bytes that the JSON text of a string takes: six for a unit that must be escaped (`\u0007`), or three in UTF-8. */
export function maxQuotedBytes(text: string): number {
  return 2 + 6 * text.length
}

/** A string as JSON text, quotes included; to the letter what `JSON.stringify` gives. */
export function putQuoted(into: Buffer, at: number, text: string): number {
  into[at] = QUOTE
  const from = at + 1
  const { length } = text
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code < SPACE || code >= DELETE || code === QUOTE || code === BACKSLASH) {
      return at + into.write(JSON.stringify(text), at)
    }
    into[from + i] = code
  }
  into[from + length] = QUOTE
  return from + length + 1
}

/** `value`: whole, from 0 to 2^31 - 1. */
function putSmall(into: Buffer, at: number, value: number, digits: number): number {
  let rest = value
  for (let place = at + digits - 1; place >= at; place--) {
    const tenth = (rest / 10) | 0
    into[place] = ZERO + rest - tenth * 10
    rest = tenth
  }
  return at + digits
}

function digitsOf(value: number): number {
  let digits = 1
  for (let power = 10; power <= value; power *= 10) digits++
  return digits
}

/** `value`: whole, from 0 to 1e15 - 1. */
function putWhole(into: Buffer, at: number, value: number): number {
  if (value < HALF) return putSmall(into, at, value | 0, digitsOf(value))
  const upper = Math.floor(value / HALF)
  return putSmall(into, putSmall(into, at, upper, digitsOf(upper)), value - upper * HALF, 8)
}

/** A whole number from 0 to 2^53 - 1, with zeros before it up to that many digits. */
export function putPadded(into: Buffer, at: number, value: number, digits: number): number {
  if (!(value >= 0 && value < MAX_EXACT)) return at + into.write(String(value).padStart(digits, '0'), at)
  const own = digitsOf(value)
  const from = at + digits - own
  for (let place = at; place < from; place++) into[place] = ZERO
  return putWhole(into, Math.max(at, from), value)
}

/**
 * A number as `String` writes it, which for finite numbers is what `JSON.stringify` writes. Up to three decimals are written by
 * whole numbers: a decimal of fifteen digits at most names one double, and no shorter one names the same.
 */
export function putNumber(into: Buffer, at: number, value: number): number {
  const magnitude = value < 0 ? -value : value
  let next = at
  if (value < 0) into[next++] = MINUS
  const whole = Math.floor(magnitude)
  if (whole === magnitude && whole < MAX_EXACT) return putWhole(into, next, whole)
  const thousandths = Math.round(magnitude * 1000)
  // Also false for what is not finite.
  if (!(thousandths < MAX_EXACT && thousandths / 1000 === magnitude)) return at + into.write(String(value), at)
  next = putWhole(into, next, whole)
  into[next++] = POINT
  let decimals = thousandths - whole * 1000
  let digits = 3
  while (decimals % 10 === 0) {
    decimals /= 10
    digits--
  }
  return putSmall(into, next, decimals, digits)
}
