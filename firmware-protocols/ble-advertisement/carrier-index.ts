import {
  AD_MANUFACTURER_DATA,
  AD_SERVICE_DATA_16,
  AD_SERVICE_DATA_32,
  AD_SERVICE_DATA_128,
  type AdStructure
} from '../kit/ad-structures.ts'
import { toHex } from '../kit/hex.ts'
import type { AdvertisementReader, Carrier } from './advertisement-reader.ts'

/** Bytes of the id before the payload, by AD type; undefined for structures that carry no content of this kind. */
export function idLength(type: number): number | undefined {
  switch (type) {
    case AD_MANUFACTURER_DATA:
    case AD_SERVICE_DATA_16:
      return 2
    case AD_SERVICE_DATA_32:
      return 4
    case AD_SERVICE_DATA_128:
      return 16
    default:
      return undefined
  }
}

/** Company id, or 16- or 32-bit UUID, at the start of a structure: little-endian. */
export function carrierIdOf({ type, data }: AdStructure): number {
  const low = (data[0] ?? 0) | ((data[1] ?? 0) << 8)
  if (type === AD_SERVICE_DATA_32) return low + ((data[2] ?? 0) + (data[3] ?? 0) * 256) * 0x1_0000
  return type === AD_SERVICE_DATA_128 ? 0 : low
}

/** A UUID as people write it, of its bytes from the last to the first. */
export function uuidText(littleEndian: Uint8Array): string {
  const hex = toHex(littleEndian.toReversed())
  if (hex.length !== 32) return hex
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const NOBODY: readonly AdvertisementReader[] = []
const numericKey = (type: number, id: number): number => type * 0x1_0000_0000 + id

type Key = number | string
function keyOf(carrier: Carrier): Key | undefined {
  if ('companyId' in carrier) return numericKey(AD_MANUFACTURER_DATA, carrier.companyId)
  if ('serviceUuid' in carrier) return numericKey(AD_SERVICE_DATA_16, carrier.serviceUuid)
  if ('serviceUuid32' in carrier) return numericKey(AD_SERVICE_DATA_32, carrier.serviceUuid32)
  return 'serviceUuid128' in carrier ? carrier.serviceUuid128 : undefined
}

/** Finds the readers of a structure by the id that it begins with. */
export class CarrierIndex {
  readonly #byKey = new Map<Key, readonly AdvertisementReader[]>()
  readonly #ofAnyCompany: readonly AdvertisementReader[]
  readonly #ofAnyService: readonly AdvertisementReader[]

  constructor(readers: readonly AdvertisementReader[]) {
    this.#ofAnyCompany = readers.filter(({ carrier }) => 'anyCompany' in carrier)
    this.#ofAnyService = readers.filter(({ carrier }) => 'anyService' in carrier)
    for (const reader of readers) {
      const key = keyOf(reader.carrier)
      if (key !== undefined) this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), reader])
    }
    for (const [key, own] of this.#byKey) this.#byKey.set(key, [...own, ...this.#general(key)])
  }

  #general(key: Key): readonly AdvertisementReader[] {
    if (typeof key === 'string') return NOBODY
    const type = Math.floor(key / 0x1_0000_0000)
    if (type === AD_MANUFACTURER_DATA) return this.#ofAnyCompany
    return type === AD_SERVICE_DATA_16 ? this.#ofAnyService : NOBODY
  }

  /** `structure` holds at least its id. */
  readersOf(structure: AdStructure): readonly AdvertisementReader[] {
    const { type, data } = structure
    const key = type === AD_SERVICE_DATA_128 ? uuidText(data.subarray(0, 16)) : numericKey(type, carrierIdOf(structure))
    return this.#byKey.get(key) ?? this.#general(key)
  }
}
