import type { Codec, DecodeResult, Decoder, FrameContext } from '../codec.ts'
import { fromHex, toHex } from '../kit/hex.ts'
import { boundedJson, type Extra, isJsonObject, type JsonObject, keepRest, parseLooseJson } from '../kit/json.ts'
import { type Draft, failure, ignored } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { applyAnchors, applyCoordinates, applyMetrics, applyTagData, applyTime, applyZones, idOf, objectOf } from './pozyx-element.ts'

const ELEMENT_KNOWN = new Set(['tagId', 'deviceId', 'timestamp', 'success', 'data', 'version'])
const DATA_KNOWN = new Set(['coordinates', 'tagData', 'anchorData', 'metrics', 'zones', 'extras', 'orientation'])
const BLE_DATA_KNOWN = new Set(['deviceData', 'anchorData'])
const EXTRAS_KNOWN = new Set(['zones', 'version'])

/**
 * A list of elements (one from the gateway on site, several from the cloud), or one alone:
 *
 *   {"version","tagId","timestamp" s,"success","data":{"coordinates" mm,"orientation","tagData","anchorData","metrics","zones" or "extras"}}
 *   {"version","deviceId","timestamp" s,"data":{"deviceData":{"type","payloadRaw"},"anchorData":[…]}}      what was heard of a Bluetooth device
 */
const decoder: Decoder = {
  decode(frame, context): DecodeResult {
    const text = utf8Text(frame)
    if (text.trim() === '') return ignored('an empty message')
    const value = parseLooseJson(text)
    if (!Array.isArray(value)) return isJsonObject(value) ? decodeList([value], context) : failure('FRAME_FORMAT', 'the message is no JSON')
    return value.length === 0 ? ignored('an empty list') : decodeList(value, context)
  }
}

/** An element that is none costs only itself, unless it is the only one. */
function decodeList(list: readonly unknown[], context: FrameContext): DecodeResult {
  const good: Reading[] = []
  for (const item of list) {
    const reading = isJsonObject(item) ? (readTag(item, context) ?? readDevice(item, context)) : undefined
    if (reading) good.push(reading)
  }
  const first = good[0]
  if (first === undefined) return failure('FRAME_FORMAT', 'neither a tagId nor a deviceId')
  const refused = list.length - good.length
  if (refused > 0) good[0] = { ...first, extra: { ...first.extra, refused_elements: refused } }
  return { kind: 'readings', readings: good }
}

function startOf(context: FrameContext): Draft {
  // The broker repeats what it retained to everyone who subscribes.
  return context.retained === true ? { stale: true } : {}
}

function readTag(element: JsonObject, context: FrameContext): Reading | undefined {
  const tag = idOf(element['tagId'])
  if (tag === undefined) return undefined
  const data = objectOf(element['data'])
  const draft = startOf(context)
  draft.tag = tag
  const extra: Extra = { tag_id: tag }
  const { success, version } = element
  if (typeof success === 'boolean') extra['success'] = success
  applyTime(element['timestamp'], draft, extra)
  // Without the flag, which not all versions have, coordinates are a success.
  if (applyCoordinates(data['coordinates'], draft) && success === false) draft.usable = false
  if (isJsonObject(data['orientation'])) extra['orientation'] = boundedJson(data['orientation'])
  applyTagData(objectOf(data['tagData']), draft, extra)
  applyAnchors(data['anchorData'], draft, extra)
  applyMetrics(objectOf(data['metrics']), extra)
  applyZones(data, extra)
  if (typeof version === 'string') extra['version'] = version
  const extras = objectOf(data['extras'])
  if (typeof extras['version'] === 'string') extra['extras_version'] = extras['version']
  keepRest(extras, EXTRAS_KNOWN, extra)
  keepRest(data, DATA_KNOWN, extra)
  keepRest(element, ELEMENT_KNOWN, extra)
  draft.extra = extra
  return draft
}

function readDevice(element: JsonObject, context: FrameContext): Reading | undefined {
  const name = idOf(element['deviceId'])
  if (name === undefined) return undefined
  const bare = name.replace(/[:-]/g, '')
  const isAddress = /^[0-9a-f]{12}$/.test(bare)
  const data = objectOf(element['data'])
  const { payloadRaw, ...deviceData } = objectOf(data['deviceData'])
  const draft = startOf(context)
  draft.tag = isAddress ? bare : name
  if (isAddress) draft.idNamespace = 'ble'
  const extra: Extra = { kind: 'ble_advert', device_id: String(element['deviceId']) }
  applyTime(element['timestamp'], draft, extra)
  if (typeof payloadRaw === 'string') {
    const bytes = fromHex(payloadRaw)
    extra['payload_hex'] = bytes ? toHex(bytes) : payloadRaw
  }
  applyAnchors(data['anchorData'], draft, extra)
  keepRest(deviceData, new Set(), extra)
  if (typeof element['version'] === 'string') extra['version'] = element['version']
  keepRest(data, BLE_DATA_KNOWN, extra)
  keepRest(element, ELEMENT_KNOWN, extra)
  draft.extra = extra
  return draft
}

export const pozyxMqtt: Codec = {
  protocol: 'pozyx-mqtt',
  title: 'Pozyx over MQTT',
  transport: 'mqtt',
  encoding: 'text',
  idScope: 'system',
  usualTopics: ['tags', 'tags/+', 'ble-data'],
  createDecoder: () => decoder
}
