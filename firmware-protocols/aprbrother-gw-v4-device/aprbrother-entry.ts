import { colonMac, newDraft } from '../ble-gateway/gateway-record.ts'
import type { HeardAdvertisement } from '../ble-gateway/heard-advertisement.ts'
import type { FrameContext } from '../codec.ts'
import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Reading } from '../reading.ts'

const HEADER_LENGTH = 8
/** Longest advertising data of Bluetooth 5. */
export const MAX_ENTRY_BYTES = HEADER_LENGTH + 1650
const HIGHEST_TYPE = 4
const RSSI_UNKNOWN = 127

/**
 * One entry of `devices`:
 *
 *   0  u8   advertising type: 0 connectable, 1 directed, 2 scannable, 3 not connectable, 4 scan response
 *   1  6    address, display order
 *   7  i8   RSSI, dBm (127 n/a)
 *   8       advertising data
 *
 * Undefined: too short, or a type that there is none of.
 */
export function readEntry(
  entry: Uint8Array,
  receiver: string | undefined,
  heard: HeardAdvertisement,
  context: FrameContext
): Reading | undefined {
  const type = entry[0] ?? 0
  if (entry.length < HEADER_LENGTH || entry.length > MAX_ENTRY_BYTES || type > HIGHEST_TYPE) return undefined
  const mac = toHex(entry.subarray(1, 7))
  const rssi = ((entry[7] ?? 0) << 24) >> 24
  const data = entry.subarray(HEADER_LENGTH)
  const draft = newDraft(context)
  const extra: Extra = { adv_type: type, mac: colonMac(mac), adv_hex: toHex(data) }
  draft.tag = mac
  if (receiver !== undefined) draft.receiver = receiver
  if (rssi !== RSSI_UNKNOWN) draft.rssiDbm = rssi
  draft.extra = extra
  if (data.length > 0) heard.fill(draft, extra, data, mac, context)
  return draft
}
