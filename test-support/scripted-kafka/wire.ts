/** Primitive types of Kafka's protocol (the non-flexible versions), big-endian. */

export class WireReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  get left(): number {
    return this.#buffer.length - this.#at
  }

  #take(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    return at
  }

  int8(): number {
    return this.#buffer.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.#take(4))
  }

  int64(): number {
    return Number(this.#buffer.readBigInt64BE(this.#take(8)))
  }

  bytes(length: number): Buffer {
    const at = this.#take(length)
    if (length < 0 || this.#at > this.#buffer.length) throw new RangeError('length beyond the end')
    return this.#buffer.subarray(at, this.#at)
  }

  nullableString(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.bytes(length).toString('utf8')
  }

  string(): string {
    return this.nullableString() ?? ''
  }

  /** A null array reads as undefined. */
  nullableArray<T>(item: () => T): T[] | undefined {
    const length = this.int32()
    return length < 0 ? undefined : Array.from({ length }, item)
  }

  array<T>(item: () => T): T[] {
    return this.nullableArray(item) ?? []
  }

  /** Zigzag varint of up to 64 bits. */
  varint(): number {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.#buffer.readUInt8(this.#take(1)))
      value |= (byte & 0x7fn) << shift
      if (byte < 0x80n) return Number((value >> 1n) ^ -(value & 1n))
    }
  }

  varBytes(): Buffer | null {
    const length = this.varint()
    return length < 0 ? null : this.bytes(length)
  }
}

export class WireWriter {
  readonly #parts: Buffer[] = []

  #number(bytes: number, write: (buffer: Buffer) => void): this {
    const buffer = Buffer.alloc(bytes)
    write(buffer)
    this.#parts.push(buffer)
    return this
  }

  int8(value: number): this {
    return this.#number(1, (buffer) => buffer.writeInt8(value))
  }

  int16(value: number): this {
    return this.#number(2, (buffer) => buffer.writeInt16BE(value))
  }

  int32(value: number): this {
    return this.#number(4, (buffer) => buffer.writeInt32BE(value))
  }

  int64(value: number): this {
    return this.#number(8, (buffer) => buffer.writeBigInt64BE(BigInt(value)))
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const text = Buffer.from(value)
    this.int16(text.length)
    this.#parts.push(text)
    return this
  }

  bytes(value: Buffer): this {
    this.int32(value.length)
    this.#parts.push(value)
    return this
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length)
    for (const item of items) write(item)
    return this
  }

  build(): Buffer {
    return Buffer.concat(this.#parts)
  }
}
