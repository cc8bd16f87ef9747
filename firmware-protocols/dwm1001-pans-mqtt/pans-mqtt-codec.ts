import type { Codec, DecodeResult, Decoder, FrameContext } from '../codec.ts'
import { type Extra, finiteNumber, isJsonObject, type JsonObject, parseLooseJson } from '../kit/json.ts'
import { isPansFix, localPosition } from '../kit/local-position.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import { applyAnchorConfig, applyData, applyRest, applyStamp, applySuperframe, keepAsSent } from './pans-payload.ts'
import { type PansTopic, parsePansTopic } from './pans-topic.ts'

/** PANS messages have some hundred bytes; the cap keeps a wrong or hostile publisher from costing more. */
const MAX_PAYLOAD_BYTES = 65_536

/** Node ids are 16 bits, so a real system stays far below; the cap holds against invented ids. */
const MAX_REMEMBERED = 65_536

const STATUS_KNOWN = new Set(['present', 'batt', 'temp', 'timestamp'])
const POSITION_KNOWN = new Set(['x', 'y', 'z', 'quality'])
const LOCATION_KNOWN = new Set(['position', 'superFrameNumber', 'timestamp'])
const DATA_KNOWN = new Set(['data', 'superFrameNumber', 'timestamp'])
const SERVICE_KNOWN = new Set(['type', 'data', 'timestamp'])
const CONFIG_KNOWN = new Set(['label', 'nodeType', 'tag', 'anchor'])
const CONFIG_MESSAGE_KNOWN = new Set(['configuration', 'timestamp'])
const TAG_CONFIG_KNOWN = new Set<string>()
const GATEWAY_KNOWN = new Set(['timestamp'])

class PansDecoder implements Decoder {
  readonly #topics = new Map<string, PansTopic>()
  /** Ids whose configuration said ANCHOR: their status is that of a device, not of a tag. */
  readonly #anchors = new Set<string>()

  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (context.topic === undefined) return failure('FRAME_CONTEXT', 'the MQTT topic is needed')
    const topic = this.#topic(context.topic)
    if (topic.about === 'downlink') return ignored('downlink')
    if (topic.about === 'nothing') return failure('FRAME_CONTEXT', `topic ${context.topic.slice(0, 200)} is none of PANS`)
    if (frame.length > MAX_PAYLOAD_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_PAYLOAD_BYTES}`)
    const draft: Draft = {}
    if (context.retained === true) draft.stale = true
    if (topic.about === 'gateway') return decodeGateway(topic.id, frame, draft)
    if (frame.length === 0) return ignored('empty payload: a retained message was deleted')
    const payload = parseLooseJson(utf8Text(frame))
    if (!isJsonObject(payload)) return failure('FRAME_FORMAT', 'the payload is no JSON object')
    return this.#node(topic.id, topic.uplink, payload, draft)
  }

  #node(id: string, uplink: string, payload: JsonObject, draft: Draft): DecodeResult {
    if (uplink === 'location') return decodeLocation(id, payload, draft)
    if (uplink === 'config') return this.#config(id, payload, draft)
    if (this.#anchors.has(id)) draft.device = id
    else draft.tag = id
    const extra: Extra = { kind: uplink, node_id: id }
    if (uplink === 'status') return decodeStatus(payload, draft, extra)
    if (uplink === 'service') {
      const type = payload['type']
      if (typeof type !== 'string') return failure('FRAME_FORMAT', 'service message without a type')
      extra['service_type'] = type
    }
    if (!applyData(payload, extra)) return failure('FRAME_FORMAT', 'data is no base64')
    applySuperframe(payload, extra)
    return finish(payload, uplink === 'service' ? SERVICE_KNOWN : DATA_KNOWN, draft, extra)
  }

  /** `{"configuration":{"label","nodeType":"TAG|ANCHOR","ble","leds","tag":{…}|"anchor":{"initiator","position":{…}}}[,"timestamp"]}` */
  #config(id: string, payload: JsonObject, draft: Draft): DecodeResult {
    const configuration = payload['configuration']
    if (!isJsonObject(configuration)) return failure('FRAME_FORMAT', 'config message without a configuration')
    const { label, nodeType, tag, anchor } = configuration
    const extra: Extra = { kind: 'config', node_id: id }
    if (typeof label === 'string') extra['label'] = label
    if (typeof nodeType === 'string') extra['node_type'] = nodeType.toLowerCase()
    if (extra['node_type'] === 'anchor') {
      if (this.#anchors.size < MAX_REMEMBERED) this.#anchors.add(id)
      draft.device = id
    } else {
      this.#anchors.delete(id)
      draft.tag = id
    }
    if (isJsonObject(anchor)) applyAnchorConfig(anchor, extra)
    if (isJsonObject(tag)) applyRest(tag, TAG_CONFIG_KNOWN, extra)
    applyRest(configuration, CONFIG_KNOWN, extra)
    return finish(payload, CONFIG_MESSAGE_KNOWN, draft, extra)
  }

  #topic(topic: string): PansTopic {
    const known = this.#topics.get(topic)
    if (known) return known
    const parsed = parsePansTopic(topic)
    if (this.#topics.size >= MAX_REMEMBERED) this.#topics.clear()
    this.#topics.set(topic, parsed)
    return parsed
  }
}

function finish(payload: JsonObject, known: ReadonlySet<string>, draft: Draft, extra: Extra): DecodeResult {
  applyStamp(payload, draft, extra)
  applyRest(payload, known, extra)
  draft.extra = extra
  return readings(draft)
}

/** `{"position":{"x":m,"y":m,"z":m,"quality":0..100},"superFrameNumber":n[,"timestamp":"µs"]}` */
function decodeLocation(id: string, payload: JsonObject, draft: Draft): DecodeResult {
  const reported = payload['position']
  if (!isJsonObject(reported)) return failure('FRAME_FORMAT', 'location message without a position')
  draft.tag = id
  const position = localPosition(reported)
  if (position) draft.position = position
  const quality = finiteNumber(reported['quality'])
  if (quality !== undefined) {
    if (quality < 0 || quality > 100) return failure('VALUE_RANGE', `quality ${quality} is not within 0 and 100`)
    draft.quality = quality
  }
  if (!isPansFix(position, quality)) draft.usable = false
  const extra: Extra = { kind: 'location', node_id: id, timestamp_utc: null }
  applySuperframe(payload, extra)
  applyRest(reported, POSITION_KNOWN, extra)
  return finish(payload, LOCATION_KNOWN, draft, extra)
}

/** `{"present":bool[,"downlink":bool,"batt":%,"temp":°C,"batt_state":n,"timestamp":"µs"]}` */
function decodeStatus(payload: JsonObject, draft: Draft, extra: Extra): DecodeResult {
  const present = payload['present']
  if (typeof present === 'boolean') {
    draft.online = present
    extra['present'] = present
  } else keepAsSent(payload, 'present', extra)
  const batteryPct = finiteNumber(payload['batt'])
  if (batteryPct !== undefined && batteryPct >= 0 && batteryPct <= 100) draft.batteryPct = batteryPct
  else keepAsSent(payload, 'batt', extra)
  const temperatureDegC = finiteNumber(payload['temp'])
  if (temperatureDegC !== undefined) draft.temperatureDegC = temperatureDegC
  else keepAsSent(payload, 'temp', extra)
  return finish(payload, STATUS_KNOWN, draft, extra)
}

/** Any JSON object while the gateway is there; its last will is an empty payload. */
function decodeGateway(id: string, frame: Uint8Array, draft: Draft): DecodeResult {
  draft.device = id
  const extra: Extra = { kind: 'gateway_status', gateway_id: id }
  draft.online = frame.length > 0
  const payload = frame.length > 0 ? parseLooseJson(utf8Text(frame)) : {}
  if (!isJsonObject(payload)) return failure('FRAME_FORMAT', 'the payload is no JSON object')
  return finish(payload, GATEWAY_KNOWN, draft, extra)
}

export const dwm1001PansMqtt: Codec = {
  protocol: 'dwm1001-pans-mqtt',
  title: 'Qorvo PANS over MQTT (DWM1001, LEAPS)',
  transport: 'mqtt',
  encoding: 'text',
  idScope: 'system',
  usualTopics: ['node/+/uplink/#', 'gateway/+/uplink'],
  createDecoder: () => new PansDecoder()
}
