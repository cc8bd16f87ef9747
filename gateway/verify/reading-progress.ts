import type { PartitionExtent } from './topic-extent.ts'

interface OpenPartition {
  readonly extent: PartitionExtent
  /** First offset not taken yet. */
  next: number
}

/**
 * How far each partition has been read. Every offset is taken once, in order, and none beyond the end: a consumer that
 * commits nothing begins anew after each rebalance of its group, and what it gives again is no repeat on the wire.
 */
export class ReadingProgress {
  readonly #open = new Map<string, OpenPartition>()

  constructor(extents: readonly PartitionExtent[]) {
    for (const extent of extents) {
      if (extent.end > extent.low) this.#open.set(`${extent.topic}/${extent.partition}`, { extent, next: extent.low })
    }
  }

  get complete(): boolean {
    return this.#open.size === 0
  }

  get topics(): string[] {
    return [...new Set([...this.#open.values()].map(({ extent }) => extent.topic))]
  }

  /** What is still to come, in words. */
  get waitingFor(): string {
    return [...this.#open.values()]
      .map(({ extent, next }) => `${extent.topic}/${extent.partition} from ${next} to ${extent.end}`)
      .join(', ')
  }

  /** True when this record has to be taken now. */
  take(topic: string, partition: number, offset: number): boolean {
    const open = this.#open.get(`${topic}/${partition}`)
    if (!open || offset < open.next || offset >= open.extent.end) return false
    open.next = offset + 1
    return true
  }

  /** Everything up to `lastOffset` was given, whether or not there are records (offsets may be unused). True when the end is reached. */
  passed(topic: string, partition: number, lastOffset: number): boolean {
    const name = `${topic}/${partition}`
    const open = this.#open.get(name)
    if (!open) return true
    if (lastOffset < open.extent.end - 1) return false
    this.#open.delete(name)
    return true
  }
}
