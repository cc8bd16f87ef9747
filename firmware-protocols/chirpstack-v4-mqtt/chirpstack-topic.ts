import { isJsonObject, type JsonObject } from '../kit/json.ts'

export type DeviceEvent = 'up' | 'join' | 'ack' | 'txack' | 'log' | 'status' | 'location' | 'integration'

const DEVICE_EVENTS: ReadonlySet<string> = new Set<DeviceEvent>(['up', 'join', 'ack', 'txack', 'log', 'status', 'location', 'integration'])
const isDeviceEvent = (text: string | undefined): text is DeviceEvent => text !== undefined && DEVICE_EVENTS.has(text)

export type ChirpstackTopic =
  | { readonly about: 'device'; readonly event: DeviceEvent }
  | { readonly about: 'gateway'; readonly id: string; readonly what: 'conn' | 'stats' }
  | { readonly about: 'unread'; readonly why: string }
  | { readonly about: 'nothing' }

const DEVICE = /(?:^|\/)application\/[^/]+\/device\/[0-9a-f]{16}\/(event|command)\/([a-z]+)$/i
const GATEWAY = /(?:^|\/)gateway\/([0-9a-f]{16})\/(event|state|command)\/([a-z_]+)$/i
const PUSH = /[?&]event=([a-z]+)/i

/**
 *   application/<uuid>/device/<devEui>/event/(up | join | ack | txack | log | status | location | integration)
 *   application/<uuid>/device/<devEui>/command/down
 *   <region>/gateway/<id>/(state/conn | event/stats | …)
 *   a push over HTTP: …?event=up
 */
export function parseChirpstackTopic(topic: string): ChirpstackTopic {
  const device = DEVICE.exec(topic)
  if (device) {
    const event = device[2]?.toLowerCase()
    if (device[1]?.toLowerCase() === 'command') return { about: 'unread', why: 'downlink' }
    return isDeviceEvent(event) ? { about: 'device', event } : { about: 'unread', why: `event ${event}` }
  }
  const gateway = GATEWAY.exec(topic)
  if (gateway?.[1]) {
    const what = gateway[3]?.toLowerCase()
    if (what === 'conn' || what === 'stats') return { about: 'gateway', id: gateway[1].toLowerCase(), what }
    return { about: 'unread', why: `${what} of a gateway` }
  }
  const event = PUSH.exec(topic)?.[1]?.toLowerCase()
  return isDeviceEvent(event) ? { about: 'device', event } : { about: 'nothing' }
}

const has = (message: JsonObject, key: string): boolean => message[key] !== undefined && message[key] !== null

/** The event that a message without a telling topic is, by the members that only it has. */
export function eventOf(message: JsonObject): DeviceEvent | undefined {
  if (!isJsonObject(message['deviceInfo'])) return undefined
  if (has(message, 'rxInfo') || (has(message, 'txInfo') && !has(message, 'downlinkId'))) return 'up'
  if (has(message, 'location')) return 'location'
  if (has(message, 'integrationName')) return 'integration'
  if (has(message, 'code') || has(message, 'level')) return 'log'
  if (has(message, 'margin') || has(message, 'batteryLevel') || has(message, 'batteryLevelUnavailable')) return 'status'
  if (has(message, 'gatewayId')) return 'txack'
  if (has(message, 'queueItemId')) return 'ack'
  return has(message, 'devAddr') ? 'join' : undefined
}
