import {
  encodePansConfig,
  encodePansGateway,
  encodePansLocation,
  encodePansStatus,
  type PansMessage
} from '../../firmware-protocols/dwm1001-pans-mqtt/encode-pans.ts'
import type { Reading } from '../../firmware-protocols/reading.ts'

/** The id under which the simulator's PANS gateway announces itself. */
const GATEWAY_ID = '0000000000000001'
/** Superframes of a PANS network last 100 ms and are counted modulo 2^16. */
const SUPERFRAME_MS = 100

export interface PansNetwork {
  readonly prefix: string
  readonly messagesOf: (reading: Reading, timeMs: number) => readonly PansMessage[]
  readonly announcement: (online: boolean) => PansMessage
}

/** Says what a PANS gateway would publish of the simulator's readings. */
export function createPansNetwork(prefix: string): PansNetwork {
  return {
    prefix,
    announcement: (online) => encodePansGateway({ prefix, id: GATEWAY_ID, online }),
    messagesOf(reading, timeMs) {
      const messages: PansMessage[] = []
      const { tag, device, position, quality = 0, batteryPct, temperatureDegC, online } = reading
      if (tag !== undefined && position !== undefined)
        messages.push(
          encodePansLocation({ prefix, id: tag, timeMs, position, quality, superframe: Math.floor(timeMs / SUPERFRAME_MS) % 65_536 })
        )
      if (tag !== undefined && (batteryPct !== undefined || temperatureDegC !== undefined))
        messages.push(
          encodePansStatus({
            prefix,
            id: tag,
            timeMs,
            present: true,
            ...(batteryPct === undefined ? {} : { batteryPct }),
            ...(temperatureDegC === undefined ? {} : { temperatureDegC })
          })
        )
      if (device !== undefined && online !== undefined) {
        messages.push(encodePansStatus({ prefix, id: device, timeMs, present: online }))
        if (position !== undefined) messages.push(encodePansConfig({ prefix, id: device, timeMs, label: device, anchorPosition: position }))
      }
      return messages
    }
  }
}
