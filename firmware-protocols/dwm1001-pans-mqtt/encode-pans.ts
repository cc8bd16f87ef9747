import { encodeBase64 } from '../kit/base64.ts'
import type { LocalPosition } from '../reading.ts'

/** A message as a PANS gateway publishes it, for simulators and tests. */
export interface PansMessage {
  readonly topic: string
  readonly payload: string
  readonly qos: 0 | 1
  readonly retain: boolean
}

interface Stamped {
  readonly prefix?: string
  readonly id: string
  /** Epoch milliseconds; older firmware sends no stamp. */
  readonly timeMs?: number
}

function message(about: Stamped, uplink: string, body: object, qos: 0 | 1, retain: boolean): PansMessage {
  const stamp = about.timeMs === undefined ? {} : { timestamp: `${about.timeMs}000` }
  return {
    topic: `${about.prefix ?? 'dwm'}/node/${about.id}/uplink/${uplink}`,
    payload: JSON.stringify({ ...body, ...stamp }),
    qos,
    retain
  }
}

/** `position: null`: the tag has no fix, which PANS sends as NaN and quality 0. */
export function encodePansLocation(
  about: Stamped & { readonly position: LocalPosition | null; readonly quality: number; readonly superframe: number }
): PansMessage {
  const { x, y, z } = about.position ?? { x: 'NaN', y: 'NaN', z: 'NaN' }
  return message(about, 'location', { position: { x, y, z: z ?? 0, quality: about.quality }, superFrameNumber: about.superframe }, 0, true)
}

export function encodePansStatus(
  about: Stamped & { readonly present: boolean; readonly batteryPct?: number; readonly temperatureDegC?: number }
): PansMessage {
  return message(about, 'status', { present: about.present, batt: about.batteryPct, temp: about.temperatureDegC }, 1, true)
}

export function encodePansData(about: Stamped & { readonly data: Uint8Array; readonly superframe: number }): PansMessage {
  return message(about, 'data', { data: encodeBase64(about.data), superFrameNumber: about.superframe }, 1, false)
}

export function encodePansConfig(
  about: Stamped & { readonly label: string; readonly anchorPosition?: LocalPosition; readonly initiator?: boolean }
): PansMessage {
  const role =
    about.anchorPosition === undefined
      ? {
          nodeType: 'TAG',
          tag: { stationaryDetection: true, responsive: true, locationEngine: true, nomUpdateRate: 100, statUpdateRate: 5000 }
        }
      : { nodeType: 'ANCHOR', anchor: { initiator: about.initiator === true, position: { ...about.anchorPosition, quality: 100 } } }
  return message(about, 'config', { configuration: { label: about.label, ble: true, leds: true, ...role } }, 1, true)
}

export function encodePansGateway(about: { readonly prefix?: string; readonly id: string; readonly online: boolean }): PansMessage {
  return { topic: `${about.prefix ?? 'dwm'}/gateway/${about.id}/uplink`, payload: about.online ? '{}' : '', qos: 1, retain: true }
}
