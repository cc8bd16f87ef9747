import { MAX_MESSAGE_BYTES, newDraft, parseMessage, timeOf } from '../ble-gateway/gateway-record.ts'
import type { Codec, DecodeResult, Decoder, FrameContext } from '../codec.ts'
import { defineCodec } from '../codec.ts'
import { decodeBase64 } from '../kit/base64.ts'
import { formatUtc } from '../kit/civil-time.ts'
import { toHex } from '../kit/hex.ts'
import { boundedJson, type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest } from '../kit/json.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import {
  applyDeviceInfo,
  applyGateway,
  applyLocation,
  applyRadio,
  applyReceivers,
  applyStatus,
  applyText,
  euiOf
} from './chirpstack-events.ts'
import { UplinkPayloads } from './chirpstack-payload.ts'
import { type ChirpstackSettings, chirpstackSettingsSchema } from './chirpstack-settings.ts'
import { type DeviceEvent, eventOf, parseChirpstackTopic } from './chirpstack-topic.ts'

const KNOWN = new Set([
  'deduplicationId',
  'time',
  'deviceInfo',
  'devAddr',
  'fCnt',
  'fPort',
  'data',
  'object',
  'rxInfo',
  'txInfo',
  'margin',
  'externalPowerSource',
  'batteryLevelUnavailable',
  'batteryLevel',
  'location',
  'level',
  'code',
  'description',
  'context',
  'gatewayId'
])

/** Told by the server, at times while the device is silent: none of them proves that it lives. */
const NOT_OF_THE_DEVICE: ReadonlySet<DeviceEvent> = new Set<DeviceEvent>(['log', 'txack', 'integration'])

/** Repeats come within seconds; hundreds of devices send far fewer messages meanwhile. */
const REMEMBERED_IDS = 4096

/**
 * Events of a ChirpStack v4 application, JSON marshaler. The protobuf mapping leaves out what is 0, false or empty; a build
 * of 4.6 sent `null` for it.
 */
class ChirpstackDecoder implements Decoder {
  readonly #payloads: UplinkPayloads
  readonly #seen = new Set<string>()

  constructor(settings: ChirpstackSettings) {
    this.#payloads = new UplinkPayloads(settings.payload)
  }

  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    const topic = parseChirpstackTopic(context.topic ?? '')
    if (topic.about === 'unread') return ignored(topic.why)
    if (frame.length > MAX_MESSAGE_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_MESSAGE_BYTES}`)
    if (frame.length === 0) return ignored('empty payload')
    const message = parseMessage(frame)
    if (!isJsonObject(message)) return failure('FRAME_FORMAT', 'no JSON object (is the marshaler of ChirpStack set to protobuf?)')
    const draft = newDraft(context)
    const extra: Extra = {}
    draft.extra = extra
    if (topic.about === 'gateway') {
      draft.device = topic.id
      applyGateway(message, topic.what, draft, extra)
      return readings(draft)
    }
    const event = topic.about === 'device' ? topic.event : eventOf(message)
    if (event === undefined) return failure('FRAME_CONTEXT', 'neither topic nor members tell an event of ChirpStack v4')
    return this.#device(event, message, context, draft, extra)
  }

  #device(event: DeviceEvent, message: JsonObject, context: FrameContext, draft: Draft, extra: Extra): DecodeResult {
    const info = isJsonObject(message['deviceInfo']) ? message['deviceInfo'] : {}
    const devEui = euiOf(info['devEui'])
    if (devEui === undefined) return failure('FRAME_FORMAT', 'no deviceInfo with a devEui')
    draft.tag = devEui
    extra['kind'] = event
    extra['dev_eui'] = devEui
    applyDeviceInfo(info, extra)
    applyText(message, 'deduplicationId', 'dedup_id', extra)
    applyText(message, 'devAddr', 'dev_addr', extra)
    const time = timeOf(message['time'])
    if (time !== undefined) {
      draft.deviceTime = time
      extra['timestamp_utc'] = formatUtc(time)
    }
    if (NOT_OF_THE_DEVICE.has(event)) draft.stale = true
    if (this.#isRepeat(event, message['deduplicationId'])) {
      draft.stale = true
      extra['duplicate'] = true
    }
    if (event === 'up' && !this.#up(message, info, context, draft, extra)) return failure('FRAME_FORMAT', 'data is no base64')
    if (event === 'ack') applyAck(message, draft, extra)
    if (event === 'status') applyStatus(message, draft, extra)
    if (event === 'location') applyLocation(message, draft, extra)
    if (event === 'log' || event === 'txack') applyServerWords(message, draft, extra)
    keepRest(message, KNOWN, extra)
    return readings(draft)
  }

  /** `{"fCnt","fPort","data":base64,"object":{…},"rxInfo":[…],"txInfo":{…},"dr","adr","confirmed"}`. False: damaged. */
  #up(message: JsonObject, info: JsonObject, context: FrameContext, draft: Draft, extra: Extra): boolean {
    const data = message['data'] ?? ''
    const payload = typeof data === 'string' ? decodeBase64(data) : undefined
    if (payload === undefined) return false
    const frameCount = finiteNumber(message['fCnt'] ?? 0) ?? 0
    const fPort = finiteNumber(message['fPort'] ?? 0) ?? 0
    draft.sequence = frameCount
    extra['f_cnt'] = frameCount
    extra['f_port'] = fPort
    extra['data_hex'] = toHex(payload)
    applyReceivers(message['rxInfo'], draft, extra)
    applyRadio(message['txInfo'], extra)
    if (isJsonObject(message['object'])) extra['object'] = boundedJson(message['object'])
    const receivedAt = draft.deviceTime ?? context.receivedAt
    this.#payloads.fill(draft, extra, payload, info, { receivedAt, fPort, retained: draft.stale === true })
    return true
  }

  #isRepeat(event: DeviceEvent, id: unknown): boolean {
    if (typeof id !== 'string' || id === '' || id.length > 64) return false
    const key = `${event} ${id}`
    if (this.#seen.has(key)) return true
    this.#seen.add(key)
    if (this.#seen.size > REMEMBERED_IDS) {
      const [oldest] = this.#seen
      if (oldest !== undefined) this.#seen.delete(oldest)
    }
    return false
  }
}

/** `{"acknowledged":bool}` of a confirmed downlink; without an answer in time it is left out. */
function applyAck(message: JsonObject, draft: Draft, extra: Extra): void {
  const acknowledged = message['acknowledged'] === true
  extra['acknowledged'] = acknowledged
  if (!acknowledged) draft.stale = true
}

/** `{"level","code","description","context":{…}}` of a log, `{"gatewayId"}` of a downlink that was sent. */
function applyServerWords(message: JsonObject, draft: Draft, extra: Extra): void {
  applyText(message, 'level', 'level', extra)
  applyText(message, 'code', 'code', extra)
  applyText(message, 'description', 'description', extra)
  const gateway = euiOf(message['gatewayId'])
  if (gateway !== undefined) draft.receiver = gateway
  if (isJsonObject(message['context'])) {
    extra['context'] = boundedJson(message['context'])
    applyText(message['context'], 'deduplication_id', 'dedup_id', extra)
  }
}

export const chirpstackV4Mqtt: Codec = defineCodec<ChirpstackSettings>({
  protocol: 'chirpstack-v4-mqtt',
  title: 'LoRaWAN devices by ChirpStack v4 (JSON), Abeeway payloads read',
  transport: 'mqtt',
  alsoOver: ['http'],
  encoding: 'text',
  idScope: 'world',
  idNamespace: 'lorawan',
  settings: chirpstackSettingsSchema,
  usualTopics: ['application/+/device/+/event/+', 'gateway/+/state/conn', 'gateway/+/event/stats'],
  createDecoder: (settings) => new ChirpstackDecoder(settings ?? { payload: 'auto' })
})
