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

/** What any device may put beside the content that is understood; several structures under one name become a list. */
export function advertisementExtras(structures: readonly AdStructure[]): {
  readonly extra: Extra
  readonly txPowerDbm: number | undefined
} {
  const extra: Extra = {}
  for (const structure of structures) if (!takeCommon(structure, extra) && !takeUuids(structure, extra)) takeHex(structure, extra)
  const txPowerDbm = extra['ad_tx_power_dbm']
  return { extra, txPowerDbm: typeof txPowerDbm === 'number' ? txPowerDbm : undefined }
}

function takeCommon({ type, data }: AdStructure, extra: Extra): boolean {
  const isByte = data.length === 1
  const [byte = 0] = data
  if (type === AD_COMPLETE_NAME) extra['name'] = utf8Text(data)
  else if (type === AD_SHORT_NAME) extra['name'] ??= utf8Text(data)
  else if (type === AD_FLAGS && isByte) extra['flags'] = byte
  else if (type === AD_TX_POWER && isByte) extra['ad_tx_power_dbm'] = (byte << 24) >> 24
  else return false
  return true
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
