import type { FrameContext } from '../codec.ts'
import { formatUtc } from '../kit/civil-time.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'

const TYPES = ['UNKNOWN', 'NOTIFICATION', 'POSITION', 'QUERY', 'RESPONSE', 'TELEMETRY']
const HALF_DAY_MS = 43_200_000
const HALF_DAY_S = 43_200
/** A tracker's clock may run ahead of the network's by this much; anything later is of the half day before. */
const AHEAD_MS = 3_600_000
const BATTERY_CHARGING = 0
const BATTERY_UNKNOWN = 127

export interface At3Header {
  readonly type: number
  /** Where the body begins. */
  readonly body: number
}

/**
 *   0  u1 multi-frame, u1 SOS, u3 type, u3 token of the last downlink acknowledged
 *   1  u1 buffered, u7 battery %: 0 charging, 127 unknown
 *   2  u16 s of the half day (65535 unknown); when buffered u32 s since 1970
 *   4 or 6, when multi-frame: u3 group, u1 last, u1 -, u3 frame number
 *
 * Undefined: too short.
 */
export function readHeader(view: DataView, context: FrameContext, draft: Draft, extra: Extra): At3Header | undefined {
  if (view.byteLength < 4) return undefined
  const flags = view.getUint8(0)
  const buffered = (view.getUint8(1) & 0x80) !== 0
  const multiFrame = (flags & 0x80) !== 0
  const time = buffered ? 6 : 4
  const body = multiFrame ? time + 1 : time
  if (view.byteLength < body) return undefined
  const type = (flags >> 3) & 0x07
  extra['type'] = TYPES[type] ?? `TYPE_${type}`
  extra['sos'] = (flags & 0x40) !== 0
  extra['ack_token'] = flags & 0x07
  applyBattery(view.getUint8(1) & 0x7f, draft)
  if (buffered) {
    draft.stale = true
    extra['buffered'] = true
    setTime(draft, extra, view.getUint32(2) * 1000)
  } else applyHalfDay(view.getUint16(2), context.receivedAt, draft, extra)
  if (multiFrame) {
    const frame = view.getUint8(time)
    extra['group'] = frame >> 5
    extra['last_frame'] = (frame & 0x10) !== 0
    extra['frame_number'] = frame & 0x07
  }
  return { type, body }
}

function applyBattery(battery: number, draft: Draft): void {
  if (battery === BATTERY_UNKNOWN) return
  draft.charging = battery === BATTERY_CHARGING
  if (battery >= 1 && battery <= 100) draft.batteryPct = battery
}

function setTime(draft: Draft, extra: Extra, ms: number): void {
  draft.deviceTime = ms
  extra['timestamp_utc'] = formatUtc(ms)
}

function applyHalfDay(seconds: number, receivedAt: number | undefined, draft: Draft, extra: Extra): void {
  if (seconds >= HALF_DAY_S) return
  if (receivedAt === undefined) extra['half_day_s'] = seconds
  else {
    const latest = receivedAt + AHEAD_MS
    const ms = latest - ((((latest - seconds * 1000) % HALF_DAY_MS) + HALF_DAY_MS) % HALF_DAY_MS)
    if (ms >= 0) setTime(draft, extra, ms)
  }
}
