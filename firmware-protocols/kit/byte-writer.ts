/** Puts little-endian numbers one behind the other; for the encoders of simulators and tests. */
export class ByteWriter {
  readonly #bytes: number[] = []

  /** The low `count` bytes of a whole number, also a negative one. */
  int(value: number, count: number): this {
    let rest = BigInt(Math.trunc(value))
    for (let i = 0; i < count; i++) {
      this.#bytes.push(Number(rest & 0xffn))
      rest >>= 8n
    }
    return this
  }

  u8 = (value: number): this => this.int(value, 1)
  u16 = (value: number): this => this.int(value, 2)
  i24 = (value: number): this => this.int(value, 3)
  u32 = (value: number): this => this.int(value, 4)

  u64(value: bigint): this {
    for (let shift = 0n; shift < 64n; shift += 8n) this.#bytes.push(Number((value >> shift) & 0xffn))
    return this
  }

  f32(value: number): this {
    return this.bytes(new Uint8Array(Float32Array.of(value).buffer))
  }

  bytes(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#bytes.push(byte & 0xff)
    return this
  }

  zeros(count: number): this {
    return this.int(0, count)
  }

  get length(): number {
    return this.#bytes.length
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}
