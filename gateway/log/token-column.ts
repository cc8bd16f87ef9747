import type { ByteReader, ByteWriter } from './byte-buffer.ts'
import { MAX_COLUMN_VALUE, readInts, writeInts } from './int-column.ts'

/** Strings of a block, each written once. */
export class Words {
  readonly list: string[] = []
  readonly #indexes = new Map<string, number>()

  index(word: string): number {
    const known = this.#indexes.get(word)
    if (known !== undefined) return known
    this.#indexes.set(word, this.list.length)
    this.list.push(word)
    return this.list.length - 1
  }
}

const TEXT = 0
const NUMBER = 1
/** Numbers near the event's own time: the distance is kept. */
const NEAR_TIME = 2
const NEAR_TIME_MS = 1e9
const POWERS = Array.from({ length: 17 }, (_, power) => 10 ** power)

/** What stood in one hole of a shape, over all its texts; rows in which it was no plain number keep their text. */
export class TokenColumn {
  readonly #mantissa: number[] = []
  readonly #decimals: number[] = []
  readonly #texts: string[] = []
  #plain = 0

  push(mantissa: number, decimals: number, text: string): void {
    this.#mantissa.push(mantissa)
    this.#decimals.push(decimals)
    this.#texts.push(text)
    if (decimals >= 0) this.#plain++
  }

  /** `times`: the event time of each row. */
  write(out: ByteWriter, words: Words, times: Float64Array): void {
    const n = this.#mantissa.length
    if (this.#plain * 2 < n) {
      out.u8(TEXT)
      const indexes = new Float64Array(n)
      for (let row = 0; row < n; row++) indexes[row] = words.index(this.#textOf(row))
      writeInts(out, indexes)
      return
    }
    const scale = this.#chooseScale()
    const values = new Float64Array(n)
    const exceptions: number[] = []
    let before = 0
    for (let row = 0; row < n; row++) {
      const decimals = this.#decimals[row] ?? -1
      const value = (this.#mantissa[row] ?? 0) * (POWERS[scale - decimals] ?? 0)
      if (decimals < 0 || decimals > scale || Math.abs(value) > MAX_COLUMN_VALUE) exceptions.push(row)
      else before = value
      values[row] = before
    }
    const nearTime = scale === 0 && isNear(values, times)
    if (nearTime) for (let row = 0; row < n; row++) values[row] = (values[row] ?? 0) - (times[row] ?? 0)
    out.u8(nearTime ? NEAR_TIME : NUMBER)
    out.u8(scale)
    out.varint(exceptions.length)
    for (const row of exceptions) {
      out.varint(row)
      out.varint(words.index(this.#textOf(row)))
    }
    writeInts(out, values)
  }

  #textOf(row: number): string {
    const decimals = this.#decimals[row] ?? -1
    return decimals < 0 ? (this.#texts[row] ?? '') : numberText(this.#mantissa[row] ?? 0, decimals)
  }

  /** The fewest decimals that leave out one row in fifty at most. */
  #chooseScale(): number {
    const histogram = new Array<number>(16).fill(0)
    for (const decimals of this.#decimals) if (decimals >= 0) histogram[decimals] = (histogram[decimals] ?? 0) + 1
    let beyond = this.#plain
    for (const [scale, count] of histogram.entries()) {
      beyond -= count
      if (beyond * 50 <= this.#plain) return scale
    }
    return 15
  }
}

function isNear(values: Float64Array, times: Float64Array): boolean {
  for (let row = 0; row < values.length; row++) {
    if (!(Math.abs((values[row] ?? 0) - (times[row] ?? 0)) < NEAR_TIME_MS)) return false
  }
  return true
}

/** Exact for up to 15 digits: the division rounds to the double that the text stands for, and String gives its shortest text. */
function numberText(mantissa: number, decimals: number): string {
  return String(decimals === 0 ? mantissa : mantissa / 10 ** decimals)
}

/** Gives the text that stood in a row. */
export type TokenTexts = (row: number) => string

export function readTokens(input: ByteReader, words: readonly string[], times: Float64Array): TokenTexts {
  const kind = input.u8()
  if (kind === TEXT) {
    const indexes = readInts(input, times.length)
    return (row) => words[indexes[row] ?? 0] ?? ''
  }
  if (kind !== NUMBER && kind !== NEAR_TIME) throw new RangeError('unknown kind of column')
  const divisor = 10 ** input.u8()
  const exceptions = new Map<number, string>()
  for (let left = input.varint(); left > 0; left--) exceptions.set(input.varint(), words[input.varint()] ?? '')
  const values = readInts(input, times.length)
  if (kind === NEAR_TIME) for (let row = 0; row < values.length; row++) values[row] = (values[row] ?? 0) + (times[row] ?? 0)
  return (row) => exceptions.get(row) ?? String((values[row] ?? 0) / divisor)
}
