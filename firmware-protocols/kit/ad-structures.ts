/** One AD structure of an advertisement: its type and what follows (Core Specification, Supplement, part A). */
export interface AdStructure {
  readonly type: number
  /** A view into the payload. */
  readonly data: Uint8Array
}

export interface AdStructures {
  readonly structures: readonly AdStructure[]
  /** The last structure claims more bytes than there are; it is not among `structures`. */
  readonly cutOff: boolean
}

export const AD_FLAGS = 0x01
export const AD_SHORT_NAME = 0x08
export const AD_COMPLETE_NAME = 0x09
export const AD_TX_POWER = 0x0a
export const AD_SERVICE_DATA_16 = 0x16
export const AD_SERVICE_DATA_32 = 0x20
export const AD_SERVICE_DATA_128 = 0x21
export const AD_MANUFACTURER_DATA = 0xff

/** Lists of service UUIDs, complete or not: bytes of a UUID by type. */
export const AD_UUID_LISTS: ReadonlyMap<number, number> = new Map([
  [0x02, 2],
  [0x03, 2],
  [0x04, 4],
  [0x05, 4],
  [0x06, 16],
  [0x07, 16]
])
/** Service data: bytes of the UUID before it, by type. */
export const AD_SERVICE_DATA: ReadonlyMap<number, number> = new Map([
  [AD_SERVICE_DATA_16, 2],
  [AD_SERVICE_DATA_32, 4],
  [AD_SERVICE_DATA_128, 16]
])

/** Bytes of a legacy advert; its scan response, also of 31, begins behind them where a receiver hands out both as one block. */
const LEGACY_BYTES = 31

/**
 * Advertising payload, legacy or extended, also an advert with its scan response behind it:
 *
 *   { <length u8> <type u8> <data, length - 1 bytes> }      length 0: the rest is padding
 *
 * Padding of the advert's 31 bytes ends there, and the scan response follows, where a payload of up to 62 bytes has both.
 * Structures come in any order and any number. One whose length runs past the end is dropped; those before it stand.
 */
export function readAdStructures(payload: Uint8Array): AdStructures {
  const structures: AdStructure[] = []
  let at = 0
  while (at < payload.length) {
    const length = payload[at] ?? 0
    if (length === 0) {
      const resume = scanResponseAt(payload, at)
      if (resume === undefined) return { structures, cutOff: false }
      at = resume
      continue
    }
    const end = at + 1 + length
    if (end > payload.length) return { structures, cutOff: true }
    structures.push({ type: payload[at + 1] ?? 0, data: payload.subarray(at + 2, end) })
    at = end
  }
  return { structures, cutOff: false }
}

function scanResponseAt(payload: Uint8Array, paddingAt: number): number | undefined {
  if (paddingAt >= LEGACY_BYTES || payload.length <= LEGACY_BYTES || payload.length > 2 * LEGACY_BYTES) return undefined
  for (let at = paddingAt; at < LEGACY_BYTES; at++) if (payload[at] !== 0) return undefined
  return LEGACY_BYTES
}

/** For simulators and tests. A structure holds at most 254 bytes of data. */
export function encodeAdStructures(structures: readonly AdStructure[]): Uint8Array {
  const bytes: number[] = []
  for (const { type, data } of structures) bytes.push(data.length + 1, type, ...data)
  return Uint8Array.from(bytes)
}

/** Manufacturer data: company id, little-endian, then the maker's own payload. */
export function manufacturerStructure(companyId: number, payload: Uint8Array): AdStructure {
  return { type: AD_MANUFACTURER_DATA, data: Uint8Array.of(companyId & 0xff, companyId >> 8, ...payload) }
}
