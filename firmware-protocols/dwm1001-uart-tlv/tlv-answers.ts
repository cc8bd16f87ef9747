import type { DecodeResult } from '../codec.ts'
import { toHex, toHexReversed } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { failure } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import {
  TYPE_BLE_ADDRESS,
  TYPE_CFG_VERSION,
  TYPE_CONFIGURATION,
  TYPE_FW_VERSION,
  TYPE_HW_VERSION,
  TYPE_INT_CFG,
  TYPE_LABEL,
  TYPE_NODE_ID,
  TYPE_PAN_ID,
  TYPE_PIN_VALUE,
  TYPE_STATIONARY_SENSITIVITY,
  TYPE_STATUS,
  TYPE_UPDATE_RATE,
  TYPE_USER_DATA
} from './tlv-types.ts'

/** Bits of `status_get`; guide 1.0 sends the first two in a byte, the later host library all in a u16. */
const STATUS_BITS = [
  'loc_ready',
  'uwbmac_joined',
  'bh_status_changed',
  'bh_data_ready',
  'bh_initialized',
  'uwb_scan_ready',
  'usr_data_ready',
  'usr_data_sent',
  'fwup_in_progress'
] as const
const BITS_OF_ONE_BYTE = 2

/** Little-endian, up to 6 bytes. */
function unsigned(frame: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let at = to - 1; at >= from; at--) value = value * 256 + (frame[at] ?? 0)
  return value
}

/**
 * 5A, status: bits u8 (guide 1.0) or u16 (later).
 */
function readStatus(frame: Uint8Array, from: number, to: number, extra: Extra): DecodeResult | undefined {
  if (to - from !== 1 && to - from !== 2) return failure('FRAME_LENGTH', 'a status of neither one nor two bytes')
  const bits = unsigned(frame, from, to)
  const told = to - from === 1 ? BITS_OF_ONE_BYTE : STATUS_BITS.length
  for (let bit = 0; bit < told; bit++) extra[STATUS_BITS[bit] ?? ''] = ((bits >> bit) & 1) === 1
  extra['status_bits'] = bits
  return undefined
}

/** Names of the numbers that answers carry, with their units. */
const NUMBERS: ReadonlyMap<number, string> = new Map([
  [TYPE_CONFIGURATION, 'configuration_bits'],
  [TYPE_INT_CFG, 'int_cfg_bits'],
  [TYPE_STATIONARY_SENSITIVITY, 'stationary_sensitivity'],
  [TYPE_FW_VERSION, 'fw_version'],
  [TYPE_CFG_VERSION, 'cfg_version'],
  [TYPE_HW_VERSION, 'hw_version'],
  [TYPE_PIN_VALUE, 'pin_value']
])

/** Names of ids, sent little-endian. */
const IDS: ReadonlyMap<number, string> = new Map([
  [TYPE_PAN_ID, 'pan_id'],
  [TYPE_NODE_ID, 'node_id'],
  [TYPE_BLE_ADDRESS, 'ble_address']
])

/**
 * Every type without a reader of its own. 45, update rate: u16 and, for the tag at rest, another u16, in 100 ms. Unknown
 * types are kept as `tlv_<type>_hex`; one that comes twice keeps the last.
 */
export function readOther(type: number, frame: Uint8Array, from: number, to: number, extra: Extra): DecodeResult | undefined {
  if (type === TYPE_STATUS) return readStatus(frame, from, to, extra)
  const length = to - from
  const number = NUMBERS.get(type)
  const id = IDS.get(type)
  if (type === TYPE_UPDATE_RATE && (length === 2 || length === 4)) {
    extra['update_rate_s'] = unsigned(frame, from, from + 2) / 10
    if (length === 4) extra['update_rate_stationary_s'] = unsigned(frame, from + 2, to) / 10
  } else if (type === TYPE_LABEL) extra['label'] = utf8Text(frame.subarray(from, to))
  else if (type === TYPE_USER_DATA) extra['data_hex'] = toHex(frame.subarray(from, to))
  else if (number !== undefined && length > 0 && length <= 4) extra[number] = unsigned(frame, from, to)
  else if (id !== undefined && length > 0) extra[id] = toHexReversed(frame, from, to)
  else extra[`tlv_${type.toString(16).padStart(2, '0')}_hex`] = toHex(frame.subarray(from, to))
  return undefined
}
