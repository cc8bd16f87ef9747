/** A timer of one key of one processor. */
export interface Timer {
  readonly place: number
  readonly key: string
  readonly name: string
  /** When it is looked at; the key may have moved its due time further since. */
  atMs: number
}

/** Earlier first; what is due at one instant fires in an order that does not depend on when it was set. */
function isBefore(a: Timer, b: Timer): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  if (a.place !== b.place) return a.place < b.place
  if (a.key !== b.key) return a.key < b.key
  return a.name < b.name
}

/** A binary heap of timers. Nothing is searched in it: what has been moved or cancelled is found out when it comes to the top. */
export class TimerHeap {
  readonly #heap: Timer[] = []

  get size(): number {
    return this.#heap.length
  }

  peek(): Timer | undefined {
    return this.#heap[0]
  }

  push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(timer, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = timer
  }

  pop(): Timer | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      let least = heap[child]
      if (least === undefined) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, least)) {
        child += 1
        least = right
      }
      if (!isBefore(least, last)) break
      heap[at] = least
      at = child
    }
    heap[at] = last
    return top
  }
}
