/** Random whole numbers that a seed repeats (mulberry32): a failure can be looked at again. */
export class RepeatableRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 … `limit` - 1; 0 where there is no choice. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return limit <= 1 ? 0 : ((t ^ (t >>> 14)) >>> 0) % limit
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }
}

/** A frame with bits flipped, bytes lost or bytes put in. */
export function mutated(frame: Uint8Array, random: RepeatableRandom): Uint8Array {
  const bytes = [...frame]
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(bytes.length)
    switch (random.below(3)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
        break
      case 1:
        bytes.splice(at, 1 + random.below(4))
        break
      default:
        bytes.splice(at, 0, ...random.bytes(1 + random.below(4)))
    }
  }
  return Uint8Array.from(bytes)
}
