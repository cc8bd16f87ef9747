/** Where records of one key and topic passed. */
interface Stretch {
  readonly partition: number
  lowest: number
  highest: number
  earliestMs: number
  latestMs: number
}

interface KeyStretches {
  readonly stretches: Stretch[]
  /** A repeat under this key passed: counted as that, and what range it belongs to is not to be told. */
  repeated: boolean
}

/**
 * Order of what passes the high-water rule, per key and topic. Within a partition the rule itself keeps the order; a key
 * that is spread over partitions keeps it only when it moved once for all (partitions were added), so that the stretches
 * follow each other in sequence and in time.
 */
export class KeyOrder {
  readonly #topics = new Map<string, Map<string, KeyStretches>>()

  passed(topic: string, key: string, partition: number, sequence: number, appendedMs: number, again: boolean): void {
    const known = this.#stretchesOf(topic, key)
    if (again) {
      known.repeated = true
      return
    }
    const stretch = known.stretches.find((candidate) => candidate.partition === partition)
    if (!stretch) {
      known.stretches.push({ partition, lowest: sequence, highest: sequence, earliestMs: appendedMs, latestMs: appendedMs })
      return
    }
    // Within a partition, both only rise.
    stretch.highest = sequence
    stretch.latestMs = appendedMs
  }

  /** How many stretches do not come wholly after the one before. */
  countMisordered(): number {
    let count = 0
    for (const keys of this.#topics.values()) {
      for (const { stretches, repeated } of keys.values()) if (!repeated && stretches.length > 1) count += inversions(stretches)
    }
    return count
  }

  #stretchesOf(topic: string, key: string): KeyStretches {
    let keys = this.#topics.get(topic)
    if (!keys) {
      keys = new Map()
      this.#topics.set(topic, keys)
    }
    let known = keys.get(key)
    if (!known) {
      known = { stretches: [], repeated: false }
      keys.set(key, known)
    }
    return known
  }
}

function inversions(stretches: readonly Stretch[]): number {
  const inOrder = [...stretches].sort((a, b) => a.lowest - b.lowest)
  return inOrder.filter((stretch, index) => {
    const before = inOrder[index - 1]
    return before !== undefined && (before.highest > stretch.lowest || before.latestMs > stretch.earliestMs)
  }).length
}
