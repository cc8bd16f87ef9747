/** Data status in bits 5 and 6 of an extended report's type (Core Specification, volume 4, part E, 7.7.65.13). */
const STATUS_SHIFT = 5
const STATUS_MASK = 3
const MORE_TO_COME = 1

/** Longest data of extended advertising. */
const DATA_BYTES_MAX = 1650
/** Advertisements under way at a time; a radio hears one after the other, so a few would do. */
const OPEN_MAX = 64

interface Open {
  readonly parts: Uint8Array[]
  bytes: number
}

export interface JoinCounters {
  /** Advertisements given up: a part was missing, or there were too many at a time. */
  lost: number
}

/** Joins the parts of long advertisements, which come in reports one after the other. Holds no more than 64 of them. */
export class ReportFragments {
  readonly counters: JoinCounters = { lost: 0 }
  readonly #open = new Map<string, Open>()

  /**
   * The whole data, or undefined while parts are still to come. One that the adapter cut off is given as far as it came: what stands
   * whole in it can be read.
   */
  take(address: string, type: number, data: Uint8Array): Uint8Array | undefined {
    const more = ((type >> STATUS_SHIFT) & STATUS_MASK) === MORE_TO_COME
    const open = this.#open.get(address)
    if (open === undefined) {
      if (!more) return data
      this.#begin(address, data)
      return undefined
    }
    open.parts.push(Uint8Array.from(data))
    open.bytes += data.length
    if (open.bytes > DATA_BYTES_MAX) {
      this.#open.delete(address)
      this.counters.lost++
      return undefined
    }
    if (more) return undefined
    this.#open.delete(address)
    return joined(open.parts, open.bytes)
  }

  #begin(address: string, data: Uint8Array): void {
    if (this.#open.size >= OPEN_MAX) {
      const [oldest] = this.#open.keys()
      if (oldest !== undefined) this.#open.delete(oldest)
      this.counters.lost++
    }
    this.#open.set(address, { parts: [Uint8Array.from(data)], bytes: data.length })
  }
}

export function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
