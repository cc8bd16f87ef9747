import { formatUuid, toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { viewOf } from './content-fields.ts'

const APPLE = 0x004c
/** Nordic's example firmware, which many tags began as, sends iBeacons under Nordic's own id. */
const NORDIC = 0x0059
const LENGTH = 23
const HEADER = 0x0215
/** Second byte: bytes that follow. */
const FOLLOWING = 0x15

/**
 * iBeacon, behind the company id, big-endian:
 *
 *   0    02 15  type, bytes that follow
 *   2    16     UUID
 *   18   u16    major
 *   20   u16    minor
 *   22   i8     power measured at 1 m, dBm
 */
export function readIBeacon(payload: Uint8Array): ContentResult {
  if (payload.length < 2) return FOREIGN
  const view = viewOf(payload)
  if (view.getUint16(0) !== HEADER) {
    // Phones fill Apple's id with other contents all day. One as long as an iBeacon, and saying so, is a damaged or forged one.
    if (payload.length !== LENGTH || payload[1] !== FOLLOWING) return FOREIGN
    return refused('FRAME_FORMAT', `21 bytes of type ${toHex(payload.subarray(0, 1))}, where an iBeacon has 02`)
  }
  if (payload.length !== LENGTH) return refused('FRAME_LENGTH', `${payload.length} bytes, not ${LENGTH}`)
  const uuid = toHex(payload.subarray(2, 18))
  const major = view.getUint16(18)
  const minor = view.getUint16(20)
  const extra: Extra = { uuid: formatUuid(payload, 2), major, minor, measured_power_dbm: view.getInt8(22) }
  return { kind: 'content', reading: { extra }, beacon: { format: 'ibeacon', uuid, major, minor } }
}

const reader = (companyId: number): AdvertisementReader => ({ title: 'iBeacon', carrier: { companyId }, read: readIBeacon })
export const appleIBeacon = reader(APPLE)
export const nordicIBeacon = reader(NORDIC)
