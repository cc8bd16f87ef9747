import { AD_MANUFACTURER_DATA, AD_SERVICE_DATA, AD_UUID_LISTS, readAdStructures } from '../../firmware-protocols/kit/ad-structures.ts'
import { toHex } from '../../firmware-protocols/kit/hex.ts'
import { type FilterSettings, normalAddress } from './settings.ts'

/** What follows the first 32 bits in UUIDs of the Bluetooth SIG. */
const BASE_UUID_TAIL = '00001000800000805f9b34fb'

export interface ReportFilter {
  /** Whether an advertisement is to be decoded. `address`: lower-case hex. */
  passes(address: string, data: Uint8Array): boolean
}

/** Undefined: everything passes. */
export function createReportFilter(settings: FilterSettings | undefined): ReportFilter | undefined {
  if (settings === undefined) return undefined
  const prefixes = settings.addresses.map(normalAddress)
  const services = new Set(settings.services.map(fullUuid))
  const companies = new Set(settings.companies.map((id) => Number.parseInt(id.replace(/^0x/i, ''), 16)))
  if (prefixes.length + services.size + companies.size === 0) return undefined
  const exact = new Set(prefixes.filter((prefix) => prefix.length === 12))
  const beginnings = prefixes.filter((prefix) => prefix.length < 12)
  const byContent = services.size + companies.size > 0

  return {
    passes(address, data) {
      if (exact.has(address)) return true
      for (const beginning of beginnings) if (address.startsWith(beginning)) return true
      return byContent && contentPasses(data, services, companies)
    }
  }
}

function contentPasses(payload: Uint8Array, services: ReadonlySet<string>, companies: ReadonlySet<number>): boolean {
  for (const { type, data } of readAdStructures(payload).structures) {
    if (type === AD_MANUFACTURER_DATA) {
      if (data.length >= 2 && companies.has((data[0] ?? 0) | ((data[1] ?? 0) << 8))) return true
      continue
    }
    const dataUuid = AD_SERVICE_DATA.get(type)
    if (dataUuid !== undefined && services.has(uuidAt(data, 0, dataUuid))) return true
    const listed = AD_UUID_LISTS.get(type)
    if (listed === undefined) continue
    for (let at = 0; at + listed <= data.length; at += listed) if (services.has(uuidAt(data, at, listed))) return true
  }
  return false
}

/** UUIDs are little-endian on the air. */
function uuidAt(data: Uint8Array, at: number, bytes: number): string {
  return fullUuid(toHex(data.slice(at, at + bytes).reverse()))
}

/** 32 hex digits, whether it was written short or long. */
export function fullUuid(text: string): string {
  const hex = text.replace(/-/g, '').toLowerCase()
  return hex.length === 32 ? hex : hex.padStart(8, '0') + BASE_UUID_TAIL
}

/** The form that codecs know: 4 digits for UUIDs of the Bluetooth SIG, else 32. */
export function codecUuid(text: string): string {
  const hex = fullUuid(text)
  return hex.startsWith('0000') && hex.endsWith(BASE_UUID_TAIL) ? hex.slice(4, 8) : hex
}
