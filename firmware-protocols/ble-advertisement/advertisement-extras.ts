import {
  AD_COMPLETE_NAME,
  AD_FLAGS,
  AD_MANUFACTURER_DATA,
  AD_SERVICE_DATA,
  AD_SHORT_NAME,
  AD_TX_POWER,
  AD_UUID_LISTS,
  type AdStructure
} from '../kit/ad-structures.ts'
import { toHex } from '../kit/hex.ts'
import { type Extra, isJsonObject } from '../kit/json.ts'
import { utf8Text } from '../kit/text.ts'
import type { Json } from '../reading.ts'
import { uuidText } from './carrier-index.ts'

/**
 * Adds what any device may put beside the content that is understood; several structures under one name become a list. What the
 * content itself has named stays. Gives the tx power that is told for the advertisement.
 */
export function addAdvertisementExtras(structures: readonly AdStructure[], extra: Extra): number | undefined {
  const isNamed = extra['name'] !== undefined
  let txPowerDbm: number | undefined
  for (const structure of structures) {
    const { type, data } = structure
    const byte = data[0] ?? 0
    if (type === AD_FLAGS && data.length === 1) extra['flags'] ??= byte
    else if (type === AD_TX_POWER && data.length === 1) {
      txPowerDbm = (byte << 24) >> 24
      extra['ad_tx_power_dbm'] ??= txPowerDbm
    } else if (type === AD_COMPLETE_NAME || type === AD_SHORT_NAME) {
      if (!isNamed && (type === AD_COMPLETE_NAME || extra['name'] === undefined)) extra['name'] = utf8Text(data)
    } else if (!takeUuids(structure, extra)) takeHex(structure, extra)
  }
  return txPowerDbm
}

function takeUuids({ type, data }: AdStructure, extra: Extra): boolean {
  const size = AD_UUID_LISTS.get(type)
  if (size === undefined || data.length % size !== 0) return false
  const before = extra['service_uuids']
  const uuids: Json[] = Array.isArray(before) ? [...before] : []
  for (let at = 0; at < data.length; at += size) uuids.push(uuidText(data.subarray(at, at + size)))
  extra['service_uuids'] = uuids
  return true
}

function takeHex({ type, data }: AdStructure, extra: Extra): void {
  const uuidSize = AD_SERVICE_DATA.get(type)
  const idSize = type === AD_MANUFACTURER_DATA ? 2 : uuidSize
  if (idSize === undefined || data.length < idSize) keep(extra, 'ad_structures', type.toString(16).padStart(2, '0'), data)
  else keep(extra, uuidSize ? 'service_data' : 'manufacturer_data', uuidText(data.subarray(0, idSize)), data.subarray(idSize))
}

function keep(extra: Extra, group: string, name: string, data: Uint8Array): void {
  const found = extra[group]
  const known: { readonly [name: string]: Json } = isJsonObject(found) ? (found as { readonly [name: string]: Json }) : {}
  const before = known[name]
  const hex = toHex(data)
  extra[group] = { ...known, [name]: before === undefined ? hex : [...(Array.isArray(before) ? before : [before]), hex] }
}
