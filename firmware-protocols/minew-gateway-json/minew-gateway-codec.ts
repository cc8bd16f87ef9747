import { bleAdvertisement } from '../ble-advertisement/ble-advertisement-codec.ts'
import { MAX_MESSAGE_BYTES, macOf, parseMessage } from '../ble-gateway/gateway-record.ts'
import { HeardAdvertisement } from '../ble-gateway/heard-advertisement.ts'
import type { Codec, DecodeResult, Decoder, DecoderMemory, FrameContext } from '../codec.ts'
import { isJsonObject, type JsonObject } from '../kit/json.ts'
import { failure, ignored } from '../kit/results.ts'
import type { Reading } from '../reading.ts'
import { gatewayReading, isGatewayRecord, tagReading } from './minew-records.ts'

/** `/gw/<mac>/status`; other prefixes and ends are set by some installers. */
const TOPIC_MAC = /(?:^|\/)([0-9a-f]{12})(?:\/|$)/i

/**
 * A message of a Minew gateway (G1 and its family, upload format JSON-LONG), over MQTT or as the body of a POST:
 *
 *   [ { "timestamp": RFC 3339, "type": "Gateway" | "iBeacon" | "S1" | "Unknown" | …, "mac": 12 hex digits, … }, … ]
 *
 * The gateway's id is the `mac` of the Gateway record, or else in the topic. A record without a `mac` is left out.
 */
class MinewDecoder implements Decoder {
  readonly #heard: HeardAdvertisement

  constructor(settings: unknown, memory: DecoderMemory | undefined) {
    this.#heard = new HeardAdvertisement(settings, memory)
  }

  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (frame.length > MAX_MESSAGE_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_MESSAGE_BYTES}`)
    if (frame.length === 0) return ignored('empty payload')
    const message = parseMessage(frame)
    const records = Array.isArray(message) ? message : [message]
    if (records.length === 0) return ignored('no records')
    const receiver = gatewayOf(records, context.topic)
    const readings: Reading[] = []
    for (const record of records) {
      const mac = isJsonObject(record) ? macOf(record['mac']) : undefined
      if (!isJsonObject(record) || mac === undefined) continue
      readings.push(
        isGatewayRecord(record) ? gatewayReading(record, mac, context) : tagReading(record, mac, receiver, this.#heard, context)
      )
    }
    if (readings.length === 0) return failure('FRAME_FORMAT', 'no record with a mac')
    return { kind: 'readings', readings }
  }
}

function gatewayOf(records: readonly unknown[], topic: string | undefined): string | undefined {
  for (const record of records) {
    if (!isJsonObject(record) || !isGatewayRecord(record as JsonObject)) continue
    const mac = macOf(record['mac'])
    if (mac !== undefined) return mac
  }
  return topic === undefined ? undefined : TOPIC_MAC.exec(topic)?.[1]?.toLowerCase()
}

export const minewGatewayJson: Codec = {
  protocol: 'minew-gateway-json',
  title: 'Minew Bluetooth gateways (G1 family), JSON over MQTT or HTTP',
  transport: 'mqtt',
  alsoOver: ['http'],
  encoding: 'text',
  idScope: 'world',
  idNamespace: 'ble',
  ...(bleAdvertisement.settings === undefined ? {} : { settings: bleAdvertisement.settings }),
  usualTopics: ['gw/+/status'],
  createDecoder: (settings, memory) => new MinewDecoder(settings, memory)
}
