/** Growable byte writer and its reader: unsigned and zigzag varints up to 2^53, and counted UTF-8. */
export class ByteWriter {
  #bytes: Buffer
  #length = 0

  constructor(initialBytes = 4096) {
    this.#bytes = Buffer.allocUnsafe(initialBytes)
  }

  get length(): number {
    return this.#length
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  /** Whole number from 0 to 2^53 - 1, seven bits a byte, lowest first. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = rest < 0x80000000 ? (rest & 0x7f) | 0x80 : (rest % 0x80) | 0x80
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  /** Whole number of magnitude below 2^52. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  float64(value: number): void {
    this.#reserve(8)
    this.#bytes.writeDoubleLE(value, this.#length)
    this.#length += 8
  }

  text(value: string): void {
    const bytes = Buffer.byteLength(value)
    this.varint(bytes)
    this.#reserve(bytes)
    this.#bytes.write(value, this.#length, 'utf8')
    this.#length += bytes
  }

  /** The bytes written so far; a view, valid until the next write. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}

export class ByteReader {
  readonly #bytes: Buffer
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u8(): number {
    const value = this.#bytes[this.#position++]
    if (value === undefined) throw new RangeError('bytes end early')
    return value
  }

  varint(): number {
    let value = this.u8()
    if (value < 0x80) return value
    value &= 0x7f
    let factor = 0x80
    for (;;) {
      const byte = this.u8()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 0x80
      if (factor > 2 ** 56) throw new RangeError('varint too long')
    }
  }

  zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  float64(): number {
    const value = this.#bytes.readDoubleLE(this.#position)
    this.#position += 8
    return value
  }

  text(): string {
    const length = this.varint()
    const end = this.#position + length
    if (end > this.#bytes.length) throw new RangeError('bytes end early')
    const value = this.#bytes.toString('utf8', this.#position, end)
    this.#position = end
    return value
  }
}
