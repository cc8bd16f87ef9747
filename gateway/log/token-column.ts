import type { ByteReader, ByteWriter } from './byte-buffer.ts'
import { GrowingColumn } from './growing-column.ts'
import { MAX_COLUMN_VALUE, readInts, writeInts } from './int-column.ts'
import type { JsonWriter } from './json-writer.ts'

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

/** Texts of one column, each kept once. Events of a tag stand together, so the one before is mostly the same. */
class ColumnTexts {
  readonly list: string[] = []
  readonly #indexes = new Map<string, number>()
  #lastBytes: Uint8Array = new Uint8Array(0)
  #lastStart = 0
  #lastEnd = 0
  #lastIndex = -1

  /** Index of a text that lies there in UTF-8. */
  index(bytes: Buffer, start: number, end: number): number {
    if (this.#lastIndex < 0 || !this.#isLast(bytes, start, end)) {
      this.#lastBytes = bytes
      this.#lastStart = start
      this.#lastEnd = end
      this.#lastIndex = this.#indexOf(bytes.toString('utf8', start, end))
    }
    return this.#lastIndex
  }

  #isLast(bytes: Uint8Array, start: number, end: number): boolean {
    const last = this.#lastBytes
    const from = this.#lastStart
    if (this.#lastEnd - from !== end - start) return false
    for (let i = 0; i < end - start; i++) if (last[from + i] !== bytes[start + i]) return false
    return true
  }

  #indexOf(text: string): number {
    const known = this.#indexes.get(text)
    if (known !== undefined) return known
    this.#indexes.set(text, this.list.length)
    return this.list.push(text) - 1
  }
}

/** What stood in one hole of a shape, over all its texts; rows in which it was no plain number keep their text. */
export class TokenColumn {
  /** Of a text: its index among the texts. */
  readonly #values = new GrowingColumn()
  /** -1: a text. */
  readonly #decimals = new GrowingColumn()
  readonly #texts = new ColumnTexts()
  #plain = 0

  number(mantissa: number, decimals: number): void {
    this.#values.push(mantissa)
    this.#decimals.push(decimals)
    this.#plain++
  }

  /** `bytes` must stay as they are until the column is written. */
  text(bytes: Buffer, start: number, end: number): void {
    this.#values.push(this.#texts.index(bytes, start, end))
    this.#decimals.push(-1)
  }

  /** `times`: the event time of each row. */
  write(out: ByteWriter, words: Words, times: Float64Array): void {
    const wordOf = this.#wordFinder(words)
    if (this.#plain * 2 < this.#values.length) {
      out.u8(TEXT)
      writeInts(
        out,
        this.#values.view().map((_, row) => wordOf(row))
      )
      return
    }
    const scale = this.#chooseScale()
    const { values, exceptions } = this.#scaled(scale)
    const nearTime = scale === 0 && isNear(values, times)
    if (nearTime) for (let row = 0; row < values.length; row++) values[row] = (values[row] ?? 0) - (times[row] ?? 0)
    out.u8(nearTime ? NEAR_TIME : NUMBER)
    out.u8(scale)
    out.varint(exceptions.length)
    for (const row of exceptions) {
      out.varint(row)
      out.varint(wordOf(row))
    }
    writeInts(out, values)
  }

  /** The numbers as whole ones of that many decimals; in the rows that are exceptions, the one before. */
  #scaled(scale: number): { readonly values: Float64Array; readonly exceptions: readonly number[] } {
    const read = this.#values.view()
    const decimals = this.#decimals.view()
    const values = new Float64Array(read.length)
    const exceptions: number[] = []
    let before = 0
    for (let row = 0; row < read.length; row++) {
      const places = decimals[row] ?? -1
      const value = places < 0 ? 0 : (read[row] ?? 0) * (POWERS[scale - places] ?? 0)
      if (places < 0 || places > scale || Math.abs(value) > MAX_COLUMN_VALUE) exceptions.push(row)
      else before = value
      values[row] = before
    }
    return { values, exceptions }
  }

  /** Finds the word of a row of this column; each of its texts is looked up once. */
  #wordFinder(words: Words): (row: number) => number {
    const values = this.#values.view()
    const decimals = this.#decimals.view()
    const { list } = this.#texts
    const known = new Int32Array(list.length).fill(-1)
    return (row) => {
      const value = values[row] ?? 0
      const places = decimals[row] ?? -1
      if (places >= 0) return words.index(numberText(value, places))
      const index = known[value] ?? -1
      if (index >= 0) return index
      const found = words.index(list[value] ?? '')
      known[value] = found
      return found
    }
  }

  /** The fewest decimals that leave out one row in fifty at most. */
  #chooseScale(): number {
    const histogram = new Array<number>(16).fill(0)
    for (const decimals of this.#decimals.view()) if (decimals >= 0) histogram[decimals] = (histogram[decimals] ?? 0) + 1
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

/** Writes what stood in a row. */
export type TokenReader = (row: number, out: JsonWriter) => void

export function readTokens(input: ByteReader, words: readonly string[], times: Float64Array): TokenReader {
  const kind = input.u8()
  if (kind === TEXT) {
    const indexes = readInts(input, times.length)
    return (row, out) => out.text(words[indexes[row] ?? 0] ?? '')
  }
  if (kind !== NUMBER && kind !== NEAR_TIME) throw new RangeError('unknown kind of column')
  const divisor = 10 ** input.u8()
  const exceptions = new Map<number, string>()
  for (let left = input.varint(); left > 0; left--) exceptions.set(input.varint(), words[input.varint()] ?? '')
  const values = readInts(input, times.length)
  if (kind === NEAR_TIME) for (let row = 0; row < values.length; row++) values[row] = (values[row] ?? 0) + (times[row] ?? 0)
  return (row, out) => {
    const text = exceptions.size === 0 ? undefined : exceptions.get(row)
    if (text === undefined) out.number((values[row] ?? 0) / divisor)
    else out.text(text)
  }
}
