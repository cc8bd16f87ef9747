/**
 * What was seen of a run of sequences: one bit "on the wire", one bit "passed the high-water rule" and 32 bits of content
 * each. Kept in pages, because numbering may start anywhere; two million sequences take some 9 MB.
 */
const PAGE_BITS = 12
const PAGE_SIZE = 1 << PAGE_BITS
const OFFSET_MASK = PAGE_SIZE - 1
const WORDS = PAGE_SIZE / 32

interface Page {
  readonly seen: Uint32Array
  readonly passed: Uint32Array
  readonly contents: Uint32Array
}

export interface Sighting {
  /** Not seen before. */
  readonly first: boolean
  /** It passed the high-water rule though it had passed before, elsewhere. */
  readonly passedAgain: boolean
  /** Seen before with other content. */
  readonly conflict: boolean
}

const NEW: Sighting = { first: true, passedAgain: false, conflict: false }

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}

export class SequenceSet {
  readonly #pages = new Map<number, Page>()
  #lastPageIndex = -1
  #lastPage: Page | undefined
  #size = 0

  /** How many different sequences were seen. */
  get size(): number {
    return this.#size
  }

  /** `content`: 32 bits of hash. `passes`: this record is above the mark of its partition. */
  add(sequence: number, content: number, passes: boolean): Sighting {
    const page = this.#page(Math.floor(sequence / PAGE_SIZE))
    const offset = sequence % PAGE_SIZE
    const word = offset >>> 5
    const bit = 1 << (offset & 31)
    const first = ((page.seen[word] ?? 0) & bit) === 0
    const passedBefore = ((page.passed[word] ?? 0) & bit) !== 0
    if (passes) page.passed[word] = (page.passed[word] ?? 0) | bit
    if (first) {
      page.seen[word] = (page.seen[word] ?? 0) | bit
      page.contents[offset] = content
      this.#size++
      return NEW
    }
    return { first, passedAgain: passes && passedBefore, conflict: page.contents[offset] !== content >>> 0 }
  }

  has(sequence: number): boolean {
    const page = this.#pages.get(Math.floor(sequence / PAGE_SIZE))
    const offset = sequence % PAGE_SIZE
    return page !== undefined && ((page.seen[offset >>> 5] ?? 0) & (1 << (offset & 31))) !== 0
  }

  /** Sequences that are on the wire and that a reader who keeps the rule never gets. */
  countNeverPassed(): number {
    let count = 0
    for (const { seen, passed } of this.#pages.values()) {
      for (let word = 0; word < WORDS; word++) count += bitCount((seen[word] ?? 0) & ~(passed[word] ?? 0))
    }
    return count
  }

  /** Runs of sequences within `from` and `to`, both included, that were not seen; in order. */
  *missing(from: number, to: number): Generator<readonly [number, number]> {
    let next = from
    const first = Math.floor(from / PAGE_SIZE)
    const last = Math.floor(to / PAGE_SIZE)
    const indexes = [...this.#pages.keys()].filter((index) => index >= first && index <= last).sort((a, b) => a - b)
    for (const index of indexes) {
      const start = Math.max(from, index * PAGE_SIZE)
      const end = Math.min(to, index * PAGE_SIZE + OFFSET_MASK)
      for (let sequence = start; sequence <= end; sequence++) {
        if (!this.has(sequence)) continue
        if (sequence > next) yield [next, sequence - 1]
        next = sequence + 1
      }
    }
    if (next <= to) yield [next, to]
  }

  #page(index: number): Page {
    if (index === this.#lastPageIndex && this.#lastPage) return this.#lastPage
    let page = this.#pages.get(index)
    if (!page) {
      page = { seen: new Uint32Array(WORDS), passed: new Uint32Array(WORDS), contents: new Uint32Array(PAGE_SIZE) }
      this.#pages.set(index, page)
    }
    this.#lastPageIndex = index
    this.#lastPage = page
    return page
  }
}
