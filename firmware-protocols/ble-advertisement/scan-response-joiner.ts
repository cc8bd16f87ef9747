import { AD_COMPLETE_NAME, AD_SHORT_NAME, AD_UUID_LISTS, readAdStructures } from '../kit/ad-structures.ts'
import { LruMap } from '../kit/lru-map.ts'

/** A scan response is sent 150 µs after its advert; reports of the two reach us together unless something stalls. */
const TOGETHER_MS = 1_000
const REMEMBERED_SENDERS = 4096

const ADV_IND = 0
const ADV_SCAN_IND = 2
const SCAN_RSP = 4

interface Sender {
  advert: Uint8Array
  advertMs: number
  /** Structures of the last scan response that say who the sender is. */
  names: Uint8Array
}

const NOTHING = new Uint8Array(0)
/** Structures that say who a sender is, not what it measures: these may be old. */
const says = (type: number): boolean => type === AD_COMPLETE_NAME || type === AD_SHORT_NAME || AD_UUID_LISTS.has(type)

/** The structures that are whole and, with `wanted`, of a wanted type; without padding, so that more can follow. */
function wholeStructures(payload: Uint8Array, wanted?: (type: number) => boolean): Uint8Array {
  const { structures } = readAdStructures(payload)
  const kept = wanted === undefined ? structures : structures.filter(({ type }) => wanted(type))
  let length = 0
  for (const { data } of kept) length += data.length + 2
  const whole = new Uint8Array(length)
  let at = 0
  for (const { type, data } of kept) {
    whole[at] = data.length + 1
    whole[at + 1] = type
    whole.set(data, at + 2)
    at += data.length + 2
  }
  return whole
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/**
 * Puts adverts and scan responses together for decoding, for a receiver that hears them as reports of their own. What is measured
 * is never joined to a report of another time: of an earlier scan response only its names are added to a later advert, and an
 * advert is put before a scan response only when it came within a second. Memory is bounded; the senders heard last stay.
 */
export class ScanResponseJoiner {
  readonly #senders: LruMap<string, Sender>

  constructor(capacity = REMEMBERED_SENDERS) {
    this.#senders = new LruMap(capacity)
  }

  get size(): number {
    return this.#senders.size
  }

  /**
   * What to decode for this report. `pduType` as in a legacy advertising report: 0 and 2 can be followed by a scan response, 4 is
   * one; all others are given back as they are. `address`: of one form for a sender. The payload may be reused afterwards.
   */
  join(address: string, pduType: number, payload: Uint8Array, monotonicMs: number): Uint8Array {
    if (pduType === SCAN_RSP) return this.#scanResponse(address, payload, monotonicMs)
    return pduType === ADV_IND || pduType === ADV_SCAN_IND ? this.#advert(address, payload, monotonicMs) : payload
  }

  #advert(address: string, payload: Uint8Array, monotonicMs: number): Uint8Array {
    const advert = wholeStructures(payload)
    const known = this.#senders.get(address)
    if (known === undefined) {
      this.#senders.set(address, { advert, advertMs: monotonicMs, names: NOTHING })
      return payload
    }
    known.advert = advert
    known.advertMs = monotonicMs
    return known.names.length === 0 ? payload : joined(advert, known.names)
  }

  #scanResponse(address: string, payload: Uint8Array, monotonicMs: number): Uint8Array {
    const known = this.#senders.get(address)
    const names = wholeStructures(payload, says)
    if (known === undefined) {
      this.#senders.set(address, { advert: NOTHING, advertMs: Number.NEGATIVE_INFINITY, names })
      return payload
    }
    known.names = names
    return monotonicMs - known.advertMs <= TOGETHER_MS ? joined(known.advert, payload) : payload
  }
}
