import { applyTime, newDraft, rssiOf, within } from '../ble-gateway/gateway-record.ts'
import { beaconUuid, type HeardAdvertisement } from '../ble-gateway/heard-advertisement.ts'
import type { FrameContext } from '../codec.ts'
import { fromHex, toHex } from '../kit/hex.ts'
import { type Extra, type JsonObject, keepRest } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Reading } from '../reading.ts'

const GATEWAY_KNOWN = new Set(['timestamp', 'type', 'mac'])
const TAG_KNOWN = new Set([
  ...GATEWAY_KNOWN,
  'rssi',
  'bleName',
  'battery',
  'temperature',
  'humidity',
  'rawData',
  'ibeaconUuid',
  'ibeaconMajor',
  'ibeaconMinor',
  'ibeaconTxPower'
])

export const isGatewayRecord = (record: JsonObject): boolean => record['type'] === 'Gateway'

/** `{"timestamp","type":"Gateway","mac","gatewayFree":n,"gatewayLoad":n}`: the gateway lives. */
export function gatewayReading(record: JsonObject, mac: string, context: FrameContext): Reading {
  const draft = newDraft(context)
  const extra: Extra = { type: 'Gateway', mac }
  draft.device = mac
  draft.online = true
  applyTime(draft, extra, record['timestamp'])
  keepRest(record, GATEWAY_KNOWN, extra)
  draft.extra = extra
  return draft
}

/**
 *   every record   timestamp, type, mac, bleName text, rssi dBm
 *   iBeacon        ibeaconUuid 32 hex, ibeaconMajor, ibeaconMinor, ibeaconTxPower dBm @ 1 m, battery % (0: not reported)
 *   S1             temperature °C, humidity %, battery %
 *   Unknown        rawData: the advertising data in hex
 *
 * Numbers may come as texts.
 */
export function tagReading(
  record: JsonObject,
  mac: string,
  receiver: string | undefined,
  heard: HeardAdvertisement,
  context: FrameContext
): Reading {
  const draft = newDraft(context)
  const extra: Extra = { mac }
  draft.tag = mac
  if (receiver !== undefined) draft.receiver = receiver
  const { type, bleName } = record
  if (typeof type === 'string') extra['type'] = type
  if (typeof bleName === 'string' && bleName !== '') extra['local_name'] = bleName
  applyTime(draft, extra, record['timestamp'])
  const rssi = rssiOf(record['rssi'])
  if (rssi !== undefined) draft.rssiDbm = rssi
  applySensors(record, draft)
  applyBeacon(record, draft, extra, mac, heard, context)
  applyRaw(record['rawData'], draft, extra, mac, heard, context)
  keepRest(record, TAG_KNOWN, extra)
  draft.extra = extra
  return draft
}

function applySensors(record: JsonObject, draft: Draft): void {
  const battery = within(record['battery'], 1, 100)
  if (battery !== undefined) draft.batteryPct = battery
  const temperature = within(record['temperature'], -127, 200)
  if (temperature !== undefined) draft.temperatureDegC = temperature
  const humidity = within(record['humidity'], 0, 100)
  if (humidity !== undefined) draft.humidityPct = humidity
}

function applyBeacon(record: JsonObject, draft: Draft, extra: Extra, mac: string, heard: HeardAdvertisement, context: FrameContext): void {
  const uuid = beaconUuid(record['ibeaconUuid'])
  if (uuid === undefined) return
  extra['uuid'] = toHex(uuid)
  const major = within(record['ibeaconMajor'], 0, 0xffff)
  const minor = within(record['ibeaconMinor'], 0, 0xffff)
  const power = within(record['ibeaconTxPower'], -128, 127)
  if (major !== undefined) extra['major'] = major
  if (minor !== undefined) extra['minor'] = minor
  if (power !== undefined) draft.txPowerDbm = power
  if (major !== undefined && minor !== undefined) heard.fillBeacon(draft, extra, { uuid, major, minor, txPowerDbm: power }, mac, context)
}

function applyRaw(raw: unknown, draft: Draft, extra: Extra, mac: string, heard: HeardAdvertisement, context: FrameContext): void {
  if (typeof raw !== 'string' || raw === '') return
  const payload = fromHex(raw)
  if (payload === undefined) {
    extra['raw_data'] = raw
    return
  }
  extra['adv_hex'] = toHex(payload)
  heard.fill(draft, extra, payload, mac, context)
}
