import type { Extra } from '../kit/json.ts'
import { hexAt } from './at2-frame.ts'

const NOTIFICATIONS = ['WARNING_MESSAGE', 'ALERT_MESSAGE', 'RECORD_MESSAGE']
const ACTIONS = ['RECORD_START', 'RECORD_UPDATE', 'RECORD_STOP']
const LISTS = ['PEER_LIST', 'WARNING_LIST', 'ALERT_LIST']
const DAILY_REPORT = 3
const DAILY_RESPONSE = 6
const LEAST = [38, 38, 38, 42, 23, 23, 19, 6]
/** The two spare bits of the duration count wraps of its 16 bits. */
const DURATION_WRAP_S = 65_535

/**
 * Message 0x0C: distance between wearers. 5 u1 encrypted, u2 action, u2 wraps of the duration, u3 kind:
 *
 *   0..2  6 16 bytes rolling id; u16 at 22 least, 24 mean distance, 0.1 m; 26 u16 exposure; 28 4 bytes metadata;
 *         32 u16 s of contact; 34 u32 exposure today
 *   3     6 { u32 alerts, u32 warnings, u32 exposure } of three days;   6  6 u8 day, 7 the same of one day
 *   4, 5  6 16 bytes rolling id; 22 u1 white-listed at bit 3, u3 list
 */
export function readProximity(view: DataView, extra: Extra): boolean {
  const flags = view.byteLength > 5 ? view.getUint8(5) : 0
  const kind = flags & 0x07
  if (view.byteLength < (LEAST[kind] ?? 6)) return false
  extra['encrypted'] = (flags & 0x80) !== 0
  if (kind < DAILY_REPORT) {
    readContact(view, flags, kind, extra)
  } else if (kind === DAILY_REPORT) {
    extra['proximity'] = 'DAILY_REPORT'
    extra['days'] = [day(view, 6), day(view, 18), day(view, 30)]
  } else if (kind === DAILY_RESPONSE) {
    extra['proximity'] = 'DAILY_RESPONSE'
    extra['day'] = view.getUint8(6)
    extra['days'] = [day(view, 7)]
  } else if (kind < DAILY_RESPONSE) {
    extra['proximity'] = kind === 4 ? 'WHITE_LISTING' : 'WHITE_LISTING_SOLICITED'
    extra['peer'] = hexAt(view, 6, 16)
    extra['list'] = LISTS[view.getUint8(22) & 0x07] ?? null
    extra['white_listed'] = (view.getUint8(22) & 0x08) !== 0
  } else extra['data_hex'] = hexAt(view, 5, view.byteLength - 5)
  return true
}

function readContact(view: DataView, flags: number, kind: number, extra: Extra): void {
  extra['proximity'] = NOTIFICATIONS[kind] ?? null
  extra['record_action'] = ACTIONS[(flags >> 5) & 0x03] ?? null
  extra['peer'] = hexAt(view, 6, 16)
  extra['closest_m'] = view.getUint16(22) / 10
  extra['mean_distance_m'] = view.getUint16(24) / 10
  extra['exposure'] = view.getUint16(26)
  extra['metadata_hex'] = hexAt(view, 28, 4)
  extra['contact_s'] = ((flags >> 3) & 0x03) * DURATION_WRAP_S + view.getUint16(32)
  extra['exposure_today'] = view.getUint32(34)
}

const day = (view: DataView, at: number): { [key: string]: number } => ({
  alerts: view.getUint32(at),
  warnings: view.getUint32(at + 4),
  exposure: view.getUint32(at + 8)
})
