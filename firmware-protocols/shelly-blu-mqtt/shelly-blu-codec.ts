import { bleAdvertisement } from '../ble-advertisement/ble-advertisement-codec.ts'
import { applyTime, MAX_MESSAGE_BYTES, macOf, nameId, newDraft, parseMessage, rssiOf } from '../ble-gateway/gateway-record.ts'
import { HeardAdvertisement, serviceStructure } from '../ble-gateway/heard-advertisement.ts'
import type { Codec, DecodeResult, Decoder, DecoderMemory, FrameContext } from '../codec.ts'
import { encodeAdStructures } from '../kit/ad-structures.ts'
import { type Extra, isJsonObject, type JsonObject, keepRest } from '../kit/json.ts'
import { failure, ignored, readings } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { bthomePayload, SCRIPT_NAMES } from './bthome-from-json.ts'

const BTHOME_UUID = Uint8Array.of(0xfc, 0xd2)
/** A legacy advertisement holds less; longer lists are none of a tag's. */
const MAX_SERVICE_DATA = 250

const ONLINE = /(?:^|\/)([^/]+)\/online$/i
const KNOWN = new Set([
  ...SCRIPT_NAMES,
  'addr',
  'address',
  'rssi',
  'local_name',
  'service_data',
  'data',
  'gateway',
  'time',
  'encryption',
  'BTHome_version'
])

/**
 * What scripts on Shelly devices publish of the BTHome tags they hear:
 *
 *   universal-blu-to-mqtt   {"addr","rssi","local_name","service_data":{"encryption","BTHome_version","pid","battery","button",…}}
 *   ble-shelly-blu          {"encryption","BTHome_version","pid",…,"rssi","address"}, alone or as the event "shelly-blu" of a
 *                           NotifyEvent {"src","method","params":{"ts","events":[{"event","data":{…}}]}}
 *   raw bytes               {"addr","rssi","time","gateway","data":[bytes of the service data]}
 *   <device>/online         true | false: the Shelly itself
 *
 * The topic of the first is the tag's address. Scripts cannot decrypt: `encryption` true carries no values, raw bytes do.
 */
class ShellyBluDecoder implements Decoder {
  readonly #heard: HeardAdvertisement

  constructor(settings: unknown, memory: DecoderMemory | undefined) {
    this.#heard = new HeardAdvertisement(settings, memory)
  }

  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (frame.length > MAX_MESSAGE_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_MESSAGE_BYTES}`)
    if (frame.length === 0) return ignored('empty payload')
    const device = ONLINE.exec(context.topic ?? '')?.[1]
    if (device !== undefined) return online(device, utf8Text(frame), context)
    const message = parseMessage(frame)
    if (!isJsonObject(message)) return failure('FRAME_FORMAT', 'no JSON object')
    if (isJsonObject(message['params'])) return this.#notification(message, message['params'], context)
    const reading = this.#tag(message, undefined, context)
    return reading === undefined ? failure('FRAME_FORMAT', 'no address of a tag, in the message or as the topic') : readings(reading)
  }

  #notification(message: JsonObject, params: JsonObject, context: FrameContext): DecodeResult {
    const source = typeof message['src'] === 'string' ? message['src'].toLowerCase() : undefined
    const list: Reading[] = []
    for (const event of Array.isArray(params['events']) ? params['events'] : []) {
      if (!isJsonObject(event) || !isJsonObject(event['data'])) continue
      const reading = this.#tag(event['data'], source, { ...context, topic: undefined })
      if (reading !== undefined) list.push(reading)
    }
    return list.length === 0 ? ignored('a notification without a tag') : { kind: 'readings', readings: list }
  }

  #tag(message: JsonObject, source: string | undefined, context: FrameContext): Reading | undefined {
    const mac = macOf(message['addr']) ?? macOf(message['address']) ?? macOf(context.topic?.split('/').at(-1))
    if (mac === undefined) return undefined
    const draft = newDraft(context)
    const extra: Extra = {}
    draft.tag = mac
    draft.extra = extra
    const receiver = source ?? message['gateway']
    if (typeof receiver === 'string' && receiver !== '') draft.receiver = nameId(receiver)
    const rssi = rssiOf(message['rssi'])
    if (rssi !== undefined) draft.rssiDbm = rssi
    const name = message['local_name']
    if (typeof name === 'string' && name !== '') extra['local_name'] = name
    applyTime(draft, extra, message['time'])
    const values = isJsonObject(message['service_data']) ? message['service_data'] : message
    if (values['encryption'] === true) extra['encrypted'] = true
    const payload = bytesOf(message['data']) ?? (values['encryption'] === true ? undefined : bthomePayload(values))
    const structure = payload === undefined ? undefined : serviceStructure(BTHOME_UUID, payload)
    if (structure !== undefined) this.#heard.fill(draft, extra, encodeAdStructures([structure]), mac, context)
    keepRest(values, KNOWN, extra)
    return draft
  }
}

function online(device: string, text: string, context: FrameContext): DecodeResult {
  if (text !== 'true' && text !== 'false') return ignored('no word on whether the device is there')
  const draft = newDraft(context)
  draft.device = nameId(device.toLowerCase())
  draft.online = text === 'true'
  return readings(draft)
}

function bytesOf(data: unknown): Uint8Array | undefined {
  if (!Array.isArray(data) || data.length === 0 || data.length > MAX_SERVICE_DATA) return undefined
  const isBytes = data.every((item) => typeof item === 'number' && Number.isInteger(item) && item >= 0 && item <= 255)
  return isBytes ? Uint8Array.from(data as readonly number[]) : undefined
}

export const shellyBluMqtt: Codec = {
  protocol: 'shelly-blu-mqtt',
  title: 'Shelly devices as gateways of BTHome tags (scripts), MQTT or HTTP',
  transport: 'mqtt',
  alsoOver: ['http', 'websocket'],
  encoding: 'text',
  idScope: 'world',
  idNamespace: 'ble',
  ...(bleAdvertisement.settings === undefined ? {} : { settings: bleAdvertisement.settings }),
  usualTopics: ['+/events/rpc'],
  createDecoder: (settings, memory) => new ShellyBluDecoder(settings, memory)
}
