import { encodeBase64 } from '../kit/base64.ts'
import { formatUtc } from '../kit/civil-time.ts'

/** A message as ChirpStack v4 publishes it, for simulators and tests: members that are 0 or empty are left out. */
export interface ChirpstackMessage {
  readonly topic: string
  readonly payload: string
}

export interface ChirpstackDevice {
  readonly devEui: string
  readonly profile?: string
  readonly tags?: Readonly<Record<string, string>>
}

const APPLICATION = '0c1b7a1e-6f0c-4b9e-9a53-2f6d7f6c1a01'

function message(device: ChirpstackDevice, event: string, timeMs: number, body: object): ChirpstackMessage {
  const { devEui, profile = 'Trackers', tags = {} } = device
  return {
    topic: `application/${APPLICATION}/device/${devEui}/event/${event}`,
    payload: JSON.stringify({
      time: formatUtc(timeMs).replace('Z', '456789+00:00'),
      deviceInfo: { applicationId: APPLICATION, applicationName: 'Site', deviceProfileName: profile, deviceName: 'Tracker', devEui, tags },
      ...body
    })
  }
}

export interface ChirpstackUplink {
  readonly timeMs: number
  readonly dedupId?: string
  readonly frameCount: number
  readonly fPort: number
  readonly data: Uint8Array
  readonly heardBy: readonly { readonly gateway: string; readonly rssiDbm: number; readonly snrDb: number }[]
}

export function encodeChirpstackUp(device: ChirpstackDevice, uplink: ChirpstackUplink): ChirpstackMessage {
  const { timeMs, dedupId, frameCount, fPort, data, heardBy } = uplink
  return message(device, 'up', timeMs, {
    ...(dedupId === undefined ? {} : { deduplicationId: dedupId }),
    devAddr: '00189440',
    ...(frameCount === 0 ? {} : { fCnt: frameCount }),
    fPort,
    ...(data.length === 0 ? {} : { data: encodeBase64(data) }),
    rxInfo: heardBy.map(({ gateway, rssiDbm, snrDb }) => ({ gatewayId: gateway, rssi: rssiDbm, ...(snrDb === 0 ? {} : { snr: snrDb }) })),
    txInfo: { frequency: 868_100_000, modulation: { lora: { bandwidth: 125_000, spreadingFactor: 9, codeRate: 'CR_4_5' } } }
  })
}

export function encodeChirpstackStatus(
  device: ChirpstackDevice,
  timeMs: number,
  batteryPct: number | 'mains' | 'unknown'
): ChirpstackMessage {
  if (batteryPct === 'mains') return message(device, 'status', timeMs, { margin: 7, externalPowerSource: true })
  if (batteryPct === 'unknown') return message(device, 'status', timeMs, { margin: 7, batteryLevelUnavailable: true })
  return message(device, 'status', timeMs, { margin: 7, ...(batteryPct === 0 ? {} : { batteryLevel: batteryPct }) })
}
