import type { DecodeResult } from '../codec.ts'
import { type Extra, snakeCase } from '../kit/json.ts'
import { type Draft, failure, readings } from '../kit/results.ts'
import type { Json, Range } from '../reading.ts'

/** What one peer's round gave, under the names that both forms of the firmware's output are brought to. */
export type Measurement = Extra

const MAX_M = 10_000
const MAC = /^0x(?:[0-9a-f]{4}|[0-9a-f]{16})$/
const SUCCEEDED = new Set(['SUCCESS', 'Ok', 'OK'])

/** Names of both forms; the value is multiplied. */
const NAMES: ReadonlyMap<string, readonly [name: string, factor: number]> = new Map([
  ['distance_cm', ['distance_m', 0.01]],
  ['D_cm', ['distance_m', 0.01]],
  ['D cm', ['distance_m', 0.01]],
  ['loc_az', ['local_azimuth_deg', 1]],
  ['LAoA_deg', ['local_azimuth_deg', 1]],
  ['loc_el', ['local_elevation_deg', 1]],
  ['rmt_az', ['remote_azimuth_deg', 1]],
  ['RAoA_deg', ['remote_azimuth_deg', 1]],
  ['rmt_el', ['remote_elevation_deg', 1]],
  ['loc_az_pdoa', ['local_azimuth_pdoa_deg', 1]],
  ['LPDoA_deg', ['local_azimuth_pdoa_deg', 1]],
  ['loc_el_pdoa', ['local_elevation_pdoa_deg', 1]],
  ['LFoM', ['local_fom', 1]],
  ['RSSI_dBm', ['rssi_dbm', 1]],
  ['CFO_ppm', ['cfo_ppm', 1]],
  ['CFO_100ppm', ['cfo_ppm', 0.01]]
])
/** What a round that failed has not measured; a figure in its place is an old one, or none. */
const MEASURED = [
  'distance_m',
  'local_azimuth_deg',
  'local_elevation_deg',
  'remote_azimuth_deg',
  'remote_elevation_deg',
  'local_azimuth_pdoa_deg',
  'local_elevation_pdoa_deg'
]
const IDS = new Set(['mac_address', 'Addr', 'a16'])
const STATUSES = new Set(['status', 'Status', 'S'])

/** Puts one field of a record where it belongs; one without a name here keeps its own. */
export function putField(measurement: Measurement, name: string, value: Json): void {
  if (IDS.has(name)) measurement['mac'] = String(value).toLowerCase()
  else if (STATUSES.has(name)) measurement['status'] = value
  else {
    const known = NAMES.get(name)
    if (known === undefined) measurement[snakeCase(name) || 'value'] = value
    else if (typeof value === 'number') measurement[known[0]] = known[1] === 1 ? value : Math.round(value) / 100
  }
}

/** Why the record cannot be right, or undefined. */
function faultOf(measurement: Measurement): DecodeResult | undefined {
  const { mac, status, distance_m } = measurement
  if (typeof mac !== 'string' || !MAC.test(mac)) return failure('FRAME_FORMAT', 'a measurement without an address')
  if (typeof status !== 'string') return failure('FRAME_FORMAT', 'a measurement without a status')
  if (SUCCEEDED.has(status) && typeof distance_m !== 'number') return failure('FRAME_FORMAT', 'a measurement that lost its distance')
  if (typeof distance_m === 'number' && Math.abs(distance_m) > MAX_M) return failure('VALUE_RANGE', 'a distance of more than 10 km')
  return undefined
}

/** The reading of a round. Distances below 0 come from an antenna delay that is not calibrated: they are told, but no range. */
export function roundReading(measurements: readonly Measurement[], extra: Extra): DecodeResult {
  const ranges: Range[] = []
  for (const measurement of measurements) {
    const fault = faultOf(measurement)
    if (fault !== undefined) return fault
    if (!SUCCEEDED.has(String(measurement['status']))) {
      for (const name of MEASURED) delete measurement[name]
      continue
    }
    const { mac, distance_m: rangeM, rssi_dbm: rssiDbm } = measurement
    if (typeof mac !== 'string' || typeof rangeM !== 'number' || rangeM < 0) continue
    const anchor = mac.slice(2)
    ranges.push(typeof rssiDbm === 'number' ? { anchor, rangeM, rssiDbm } : { anchor, rangeM })
  }
  extra['measurements'] = measurements
  const draft: Draft = { ranges, extra }
  if (typeof extra['seq'] === 'number') draft.sequence = extra['seq']
  return readings(draft)
}
