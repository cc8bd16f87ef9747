import { rssiOf, timeOf, within } from '../ble-gateway/gateway-record.ts'
import { boundedJson, type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'

const EUI = /^[0-9a-f]{16}$/

/** Lower-case hex of 8 bytes. */
export function euiOf(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.toLowerCase() : ''
  return EUI.test(text) ? text : undefined
}

const NAMES: readonly (readonly [string, string])[] = [
  ['applicationId', 'application_id'],
  ['applicationName', 'application_name'],
  ['deviceName', 'device_name'],
  ['deviceProfileName', 'device_profile_name'],
  ['tenantName', 'tenant_name']
]

export function applyDeviceInfo(info: JsonObject, extra: Extra): void {
  for (const [from, to] of NAMES) {
    const value = info[from]
    if (typeof value === 'string' && value !== '') extra[to] = value
  }
  if (isJsonObject(info['tags']) && Object.keys(info['tags']).length > 0) extra['tags'] = boundedJson(info['tags'])
}

/** `"key": "text"`, where it is told. */
export function applyText(message: JsonObject, from: string, to: string, extra: Extra): void {
  const value = message[from]
  if (typeof value === 'string' && value !== '') extra[to] = value
}

interface Heard {
  readonly gateway: string | undefined
  readonly rssi: number | undefined
  readonly info: JsonObject
}

/** `rxInfo`: each gateway that heard the uplink; the strongest stands for all. `rssi` and `snr` are left out when 0. */
export function applyReceivers(rxInfo: unknown, draft: Draft, extra: Extra): void {
  const list = Array.isArray(rxInfo) ? rxInfo.filter(isJsonObject) : []
  let best: Heard | undefined
  for (const info of list) {
    const heard: Heard = { gateway: euiOf(info['gatewayId']), rssi: rssiOf(info['rssi']), info }
    if (best === undefined || (heard.rssi ?? -999) > (best.rssi ?? -999)) best = heard
  }
  extra['gateways'] = list.length
  if (best === undefined) return
  if (best.gateway !== undefined) draft.receiver = best.gateway
  if (best.rssi !== undefined) draft.rssiDbm = best.rssi
  extra['snr_db'] = within(best.info['snr'], -100, 100) ?? 0
  const place = placeOf(best.info['location'])
  if (place) extra['gateway_location'] = { latitude_deg: place.latitudeDeg, longitude_deg: place.longitudeDeg }
}

/** Gateways whose place was never set, or was set wrongly, tell 0, 0 or degrees that are none. */
export function placeOf(location: unknown): { latitudeDeg: number; longitudeDeg: number } | undefined {
  if (!isJsonObject(location)) return undefined
  const latitudeDeg = finiteNumber(location['latitude'] ?? 0)
  const longitudeDeg = finiteNumber(location['longitude'] ?? 0)
  if (latitudeDeg === undefined || longitudeDeg === undefined || (latitudeDeg === 0 && longitudeDeg === 0)) return undefined
  return Math.abs(latitudeDeg) <= 90 && Math.abs(longitudeDeg) <= 180 ? { latitudeDeg, longitudeDeg } : undefined
}

/** `txInfo`: what the radio of the device was set to. */
export function applyRadio(txInfo: unknown, extra: Extra): void {
  if (!isJsonObject(txInfo)) return
  const frequency = finiteNumber(txInfo['frequency'])
  if (frequency !== undefined) extra['frequency_hz'] = frequency
  const modulation = txInfo['modulation']
  const lora = isJsonObject(modulation) ? modulation['lora'] : undefined
  if (!isJsonObject(lora)) return
  const factor = finiteNumber(lora['spreadingFactor'])
  const bandwidth = finiteNumber(lora['bandwidth'])
  if (factor !== undefined) extra['spreading_factor'] = factor
  if (bandwidth !== undefined) extra['bandwidth_hz'] = bandwidth
}

/** `{"location":{"latitude","longitude","altitude","source","accuracy"}}`; members that are 0 are left out. */
export function applyLocation(message: JsonObject, draft: Draft, extra: Extra): void {
  const location = message['location']
  const place = placeOf(location)
  if (place === undefined || !isJsonObject(location)) {
    draft.usable = false
    if (isJsonObject(location)) extra['location'] = boundedJson(location)
    return
  }
  draft.geo = { ...place, altitudeM: finiteNumber(location['altitude'] ?? 0) ?? 0 }
  const accuracy = within(location['accuracy'], 0.001, 1e6)
  if (accuracy !== undefined) draft.accuracyM = accuracy
  applyText(location, 'source', 'location_source', extra)
}

/** `{"margin":dB,"externalPowerSource":bool,"batteryLevelUnavailable":bool,"batteryLevel":%}`; what is 0 or false is left out. */
export function applyStatus(message: JsonObject, draft: Draft, extra: Extra): void {
  const external = message['externalPowerSource'] === true
  extra['margin_db'] = finiteNumber(message['margin'] ?? 0) ?? null
  extra['external_power'] = external
  if (external || message['batteryLevelUnavailable'] === true) return
  const battery = within(message['batteryLevel'] ?? 0, 0, 100)
  if (battery !== undefined) draft.batteryPct = battery
}

const GATEWAY_KNOWN = new Set(['gatewayId', 'gatewayIdLegacy', 'time', 'state', 'location'])

/** `state/conn`: {"gatewayId","state":"ONLINE" | "OFFLINE"} (OFFLINE is 0 and may be left out). `event/stats`: counters. */
export function applyGateway(message: JsonObject, what: 'conn' | 'stats', draft: Draft, extra: Extra): void {
  extra['kind'] = what === 'conn' ? 'gateway_state' : 'gateway_stats'
  draft.online = what === 'stats' || message['state'] === 'ONLINE' || message['state'] === 1
  const ms = timeOf(message['time'])
  if (ms !== undefined) draft.deviceTime = ms
  const place = placeOf(message['location'])
  if (place) draft.geo = place
  keepRest(message, GATEWAY_KNOWN, extra)
}
