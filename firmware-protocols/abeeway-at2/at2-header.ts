import type { FrameContext } from '../codec.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { packedVolts, temperatureDegC } from './at2-frame.ts'

const MODES = ['STAND_BY', 'MOTION_TRACKING', 'PERMANENT_TRACKING', 'MOTION_START_END_TRACKING', 'ACTIVITY_TRACKING', 'OFF']
const BATTERY_CHARGING = 0
const BATTERY_UNKNOWN = 255
/** On this port the battery byte is a percentage; on all others (17) a packed voltage. */
const PERCENT_PORT = 18

export const AT2_HEADER_LENGTH = 5

/**
 * Header of all messages but "frame pending" and SMS:
 *
 *   0  u8   message type
 *   1  u3   mode, u1 SOS, u1 application state, u1 moving, u1 periodic position, u1 position on demand
 *   2  u8   battery: 0 charging, 255 unknown; % on port 18, packed 2.8..4.2 V on port 17
 *   3  u8   temperature, packed -44..85 °C
 *   4  u4   token of the last downlink acknowledged, u4 option (its meaning goes with the type)
 */
export function readHeader(view: DataView, context: FrameContext, draft: Draft, extra: Extra): void {
  const status = view.getUint8(1)
  extra['tracking_mode'] = MODES[status >> 5] ?? `MODE_${status >> 5}`
  extra['sos'] = (status & 0x10) !== 0
  extra['app_state'] = (status >> 3) & 1
  draft.moving = (status & 0x04) !== 0
  extra['periodic_position'] = (status & 0x02) !== 0
  extra['on_demand'] = (status & 0x01) !== 0
  readBattery(view.getUint8(2), context.fPort, draft, extra)
  draft.temperatureDegC = temperatureDegC(view.getUint8(3))
  extra['ack_token'] = view.getUint8(4) >> 4
}

function readBattery(raw: number, fPort: number | undefined, draft: Draft, extra: Extra): void {
  if (raw === BATTERY_UNKNOWN) return
  draft.charging = raw === BATTERY_CHARGING
  if (raw === BATTERY_CHARGING) return
  if (fPort === undefined) extra['battery_raw'] = raw
  else if (fPort !== PERCENT_PORT) draft.batteryV = packedVolts(raw)
  else if (raw <= 100) draft.batteryPct = raw
}
