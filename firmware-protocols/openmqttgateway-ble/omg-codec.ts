import { bleAdvertisement } from '../ble-advertisement/ble-advertisement-codec.ts'
import { colonMac, MAX_MESSAGE_BYTES, macOf, newDraft, parseMessage, rssiOf, within } from '../ble-gateway/gateway-record.ts'
import { beaconUuid, HeardAdvertisement, serviceStructure } from '../ble-gateway/heard-advertisement.ts'
import type { Codec, DecodeResult, Decoder, DecoderMemory, FrameContext } from '../codec.ts'
import { AD_MANUFACTURER_DATA, type AdStructure, encodeAdStructures } from '../kit/ad-structures.ts'
import { fromHex, toHex } from '../kit/hex.ts'
import { type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest } from '../kit/json.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import { utf8Text } from '../kit/text.ts'
import { applyFields, applySignals, FIELD_NAMES } from './omg-fields.ts'
import { parseOmgTopic } from './omg-topic.ts'

const KNOWN = new Set([
  ...FIELD_NAMES,
  'id',
  'mac',
  'rssi',
  'name',
  'distance',
  'uuid',
  'major',
  'minor',
  'servicedata',
  'servicedatauuid',
  'manufacturerdata'
])
const UNITS = { uptime: '_s', freemem: '_bytes' }
/** Longest AD structure. */
const MAX_DATA_BYTES = 251

/** What OpenMQTTGateway and Theengs Gateway publish of the tags they hear: one flat JSON object a tag. */
class OmgDecoder implements Decoder {
  readonly #heard: HeardAdvertisement

  constructor(settings: unknown, memory: DecoderMemory | undefined) {
    this.#heard = new HeardAdvertisement(settings, memory)
  }

  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (frame.length > MAX_MESSAGE_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_MESSAGE_BYTES}`)
    if (frame.length === 0) return ignored('empty payload')
    const topic = parseOmgTopic(context.topic ?? '')
    if (topic.about === 'other') return ignored(topic.why)
    if (topic.about === 'will') return will(topic.gateway, utf8Text(frame), context)
    const message = parseMessage(frame)
    if (!isJsonObject(message)) return failure('FRAME_FORMAT', 'no JSON object')
    if (topic.about === 'system') return system(topic.gateway, message, context)
    const mac = macOf(message['mac']) ?? macOf(message['id']) ?? macOf(topic.last)
    const uuid = beaconUuid(message['uuid'] ?? message['id'] ?? topic.last)
    if (mac === undefined && uuid === undefined) return failure('FRAME_FORMAT', 'no address of a tag, in the message or the topic')
    const draft = newDraft(context)
    const extra: Extra = {}
    draft.extra = extra
    draft.tag = mac ?? toHex(uuid ?? new Uint8Array(0))
    if (topic.gateway !== undefined) draft.receiver = topic.gateway
    if (mac !== undefined) extra['mac'] = colonMac(mac)
    applyTag(message, uuid, draft, extra)
    this.#air(message, mac ?? draft.tag, uuid, draft, extra, context)
    keepRest(message, KNOWN, extra)
    return readings(draft)
  }

  /** What was heard goes through our own reader as well: for its signals, and for what the gateway's decoder does not know. */
  #air(message: JsonObject, sender: string, uuid: Uint8Array | undefined, draft: Draft, extra: Extra, context: FrameContext): void {
    const structures = structuresOf(message, extra)
    if (structures.length > 0) {
      this.#heard.fill(draft, extra, encodeAdStructures(structures), sender, context)
      return
    }
    const major = within(message['major'], 0, 0xffff)
    const minor = within(message['minor'], 0, 0xffff)
    if (uuid === undefined || major === undefined || minor === undefined) return
    const txPowerDbm = within(message['txpower'], -128, 127)
    this.#heard.fillBeacon(draft, extra, { uuid, major, minor, txPowerDbm }, sender, context)
  }
}

function applyTag(message: JsonObject, uuid: Uint8Array | undefined, draft: Draft, extra: Extra): void {
  const rssi = rssiOf(message['rssi'])
  if (rssi !== undefined) draft.rssiDbm = rssi
  const { name } = message
  if (typeof name === 'string' && name !== '') extra['local_name'] = name
  const distance = within(message['distance'], 0, 10_000)
  if (distance !== undefined) extra['distance_m'] = distance
  if (uuid !== undefined) extra['uuid'] = toHex(uuid)
  for (const number of ['major', 'minor']) {
    const value = finiteNumber(message[number])
    if (value !== undefined) extra[number] = value
  }
  applyFields(message, draft, extra)
  applySignals(message, draft)
}

/**
 *   manufacturerdata   hex of company id and payload, as on the air
 *   servicedata        hex behind the UUID in servicedatauuid (`0xfcd2`, 16, 32 or 128 bits); both may be lists
 */
function structuresOf(message: JsonObject, extra: Extra): readonly AdStructure[] {
  const structures: AdStructure[] = []
  const manufacturer = bytesOf(message['manufacturerdata'])
  if (manufacturer !== undefined) {
    extra['manufacturer_data_hex'] = toHex(manufacturer)
    structures.push({ type: AD_MANUFACTURER_DATA, data: manufacturer })
  }
  const service = bytesOf(message['servicedata'])
  if (service === undefined) return structures
  extra['service_data_hex'] = toHex(service)
  const uuid = uuidOf(message['servicedatauuid'])
  if (uuid === undefined) return structures
  extra['service_uuid'] = toHex(uuid)
  const structure = serviceStructure(uuid, service)
  if (structure !== undefined) structures.push(structure)
  return structures
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string' || value === '' || value.length > 2 * MAX_DATA_BYTES) return undefined
  return fromHex(value)
}

const uuidOf = (value: unknown): Uint8Array | undefined => (typeof value === 'string' ? bytesOf(value.replace(/^0x/i, '')) : undefined)

function will(gateway: string, text: string, context: FrameContext): DecodeResult {
  if (text !== 'online' && text !== 'offline') return ignored('no word on whether the gateway is there')
  return readings({ ...newDraft(context), device: gateway, online: text === 'online' })
}

function system(gateway: string, message: JsonObject, context: FrameContext): DecodeResult {
  const extra: Extra = {}
  keepRest(message, new Set(), extra, UNITS)
  return readings({ ...newDraft(context), device: gateway, online: true, extra })
}

export const openmqttgatewayBle: Codec = {
  protocol: 'openmqttgateway-ble',
  title: 'OpenMQTTGateway and Theengs Gateway: Bluetooth tags, MQTT or HTTP',
  transport: 'mqtt',
  alsoOver: ['http'],
  encoding: 'text',
  idScope: 'world',
  idNamespace: 'ble',
  ...(bleAdvertisement.settings === undefined ? {} : { settings: bleAdvertisement.settings }),
  usualTopics: ['+/BTtoMQTT/#', '+/SYStoMQTT', 'home_presence/+'],
  createDecoder: (settings, memory) => new OmgDecoder(settings, memory)
}
