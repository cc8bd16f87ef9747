import { MAX_NUMBER_BYTES, maxQuotedBytes, putNumber, putQuoted } from './json-bytes.ts'

const COMMA = 44
const COLON = 58
const OPENING_BRACKET = 91
const CLOSING_BRACKET = 93
const OPENING_BRACE = 123
const CLOSING_BRACE = 125
const NULL = Buffer.from('null')
const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
/** Bytes or characters. */
const SHORT = 48
/** Deeper than any event is; what goes round in a circle is left to `JSON.stringify`, which says so. */
const MAX_DEPTH = 32

/**
 * JSON texts, one after the other, in bytes that are used again: an event's data go into its batch without a string in between.
 * To the letter what `JSON.stringify` gives (a `toJSON` is called with an empty key).
 */
export class JsonWriter {
  #bytes = Buffer.allocUnsafe(4096)
  #length = 0
  /** Bytes beyond one for each UTF-16 unit. */
  #surplus = 0

  /** Bytes written. */
  get length(): number {
    return this.#length
  }

  /** Length of what is written as a string, in UTF-16 units. */
  get units(): number {
    return this.#length - this.#surplus
  }

  /** The bytes written; a view, valid until the next write. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
    this.#surplus = 0
  }

  /** All that is written, as a string. */
  toText(): string {
    return this.#bytes.toString('utf8', 0, this.#length)
  }

  /** Bytes of JSON; `units` takes them for ASCII. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    // For a few bytes a loop costs less than a call.
    if (bytes.length > SHORT) this.#bytes.set(bytes, this.#length)
    else for (let i = 0; i < bytes.length; i++) this.#bytes[this.#length + i] = bytes[i] ?? 0
    this.#length += bytes.length
  }

  /** Text that is JSON already. */
  text(json: string): void {
    if (json.length <= SHORT && this.#ascii(json)) return
    this.#reserve(3 * json.length)
    const bytes = this.#bytes.write(json, this.#length)
    this.#length += bytes
    this.#surplus += bytes - json.length
  }

  /** False: it is not ASCII, and not written. */
  #ascii(text: string): boolean {
    this.#reserve(text.length)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return false
      this.#bytes[this.#length + i] = code
    }
    this.#length += text.length
    return true
  }

  /** False: there is no JSON for it (`undefined`, a function). Throws what `JSON.stringify` throws; nothing is written then. */
  value(value: unknown): boolean {
    const length = this.#length
    const surplus = this.#surplus
    try {
      return this.#put(value, 0)
    } catch (error) {
      this.#length = length
      this.#surplus = surplus
      throw error
    }
  }

  #put(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'string':
        this.#quoted(value)
        return true
      case 'number':
        this.number(value)
        return true
      case 'boolean':
        this.raw(value ? TRUE : FALSE)
        return true
      case 'undefined':
        return false
      case 'object':
        if (value === null) this.raw(NULL)
        else if (depth > MAX_DEPTH) return this.#other(value)
        else if (Array.isArray(value)) this.#array(value, depth)
        else if (isPlain(value)) return this.#object(value, depth)
        else return this.#other(value)
        return true
      default:
        return this.#other(value)
    }
  }

  #object(value: Readonly<Record<string, unknown>>, depth: number): boolean {
    const start = this.#length
    const surplus = this.#surplus
    let next = OPENING_BRACE
    for (const name in value) {
      const member = value[name]
      if (member === undefined) continue
      if (name === 'toJSON' && typeof member === 'function') {
        this.#length = start
        this.#surplus = surplus
        return this.#other(value)
      }
      const before = this.#length
      const surplusBefore = this.#surplus
      this.#byte(next)
      this.#quoted(name)
      this.#byte(COLON)
      if (this.#put(member, depth + 1)) next = COMMA
      else {
        this.#length = before
        this.#surplus = surplusBefore
      }
    }
    if (next === OPENING_BRACE) this.#byte(OPENING_BRACE)
    this.#byte(CLOSING_BRACE)
    return true
  }

  #array(values: readonly unknown[], depth: number): void {
    this.#byte(OPENING_BRACKET)
    for (let i = 0; i < values.length; i++) {
      if (i > 0) this.#byte(COMMA)
      if (!this.#put(values[i], depth + 1)) this.raw(NULL)
    }
    this.#byte(CLOSING_BRACKET)
  }

  #other(value: unknown): boolean {
    const json = JSON.stringify(value) as string | undefined
    if (json === undefined) return false
    this.text(json)
    return true
  }

  number(value: number): void {
    if (Number.isFinite(value)) {
      this.#reserve(MAX_NUMBER_BYTES)
      this.#length = putNumber(this.#bytes, this.#length, value)
    } else this.raw(NULL)
  }

  #quoted(text: string): void {
    this.#reserve(maxQuotedBytes(text))
    const end = putQuoted(this.#bytes, this.#length, text)
    const bytes = end - this.#length
    // Escaped, or not ASCII.
    if (bytes !== text.length + 2) this.#surplus += bytes - JSON.stringify(text).length
    this.#length = end
  }

  #byte(code: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1)
    this.#bytes[this.#length++] = code
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#length + bytes, 2 * this.#bytes.length))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

/** Its members are all that `JSON.stringify` looks at. */
function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
