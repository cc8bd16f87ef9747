/** Numbers that are added one by one, outside the heap: a block's columns would fill a small nursery many times over. */
export class GrowingColumn {
  #values = new Float64Array(64)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.#length++] = value
  }

  /** A view, valid until the next `push`. */
  view(): Float64Array {
    return this.#values.subarray(0, this.#length)
  }
}
