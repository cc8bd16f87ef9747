import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { viewOf } from './content-fields.ts'

/** Radius Networks: under this id AltBeacons are all there is to expect. */
const RADIUS_NETWORKS = 0x0118
const CODE = 0xbeac
const LENGTH = 24
/** Some senders leave out the reserved byte. */
const SHORT_LENGTH = 23

/**
 * AltBeacon (AltBeacon/spec), behind any company id, big-endian:
 *
 *   0    BE AC  code
 *   2    20     beacon id
 *   22   i8     strength at 1 m, dBm
 *   23   u8     reserved for the maker; may be missing
 */
function readAltBeacon(payload: Uint8Array, companyId: number): ContentResult {
  const { length } = payload
  if (length < 2) return FOREIGN
  const view = viewOf(payload)
  const hasLength = length === LENGTH || length === SHORT_LENGTH
  if (view.getUint16(0) !== CODE) {
    return companyId === RADIUS_NETWORKS && hasLength
      ? refused('FRAME_FORMAT', `begins with ${toHex(payload.subarray(0, 2))}, not with beac`)
      : FOREIGN
  }
  if (!hasLength) return refused('FRAME_LENGTH', `${length} bytes, not ${LENGTH}`)
  const beaconId = toHex(payload.subarray(2, 22))
  const extra: Extra = { company_id: companyId, beacon_id: beaconId, reference_rssi_dbm: view.getInt8(22) }
  if (length === LENGTH) extra['mfg_reserved'] = payload[23] ?? 0
  return { kind: 'content', reading: { extra }, beacon: { format: 'altbeacon', beaconId } }
}

export const altBeacon: AdvertisementReader = {
  title: 'AltBeacon',
  carrier: { anyCompany: true },
  read: (payload, { carrierId }) => readAltBeacon(payload, carrierId)
}
