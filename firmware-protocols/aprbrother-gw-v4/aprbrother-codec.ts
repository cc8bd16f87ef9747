import { decode as decodeMessagePack } from '@msgpack/msgpack'
import { MAX_ENTRY_BYTES, readEntry } from '../aprbrother-gw-v4-device/aprbrother-entry.ts'
import { bleAdvertisement } from '../ble-advertisement/ble-advertisement-codec.ts'
import { MAX_MESSAGE_BYTES, macOf, newDraft, parseMessage } from '../ble-gateway/gateway-record.ts'
import { HeardAdvertisement } from '../ble-gateway/heard-advertisement.ts'
import type { Codec, DecodeResult, Decoder, DecoderMemory, FrameContext } from '../codec.ts'
import { fromHex } from '../kit/hex.ts'
import { type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest } from '../kit/json.ts'
import { failure, ignored } from '../kit/results.ts'
import type { Reading } from '../reading.ts'

const KNOWN = new Set(['v', 'mid', 'time', 'ip', 'mac', 'rssi', 'devices'])
/** Some times as many as a gateway sends in a second; the reader of MessagePack must not build more than a message can hold. */
const MAX_DEVICES = 4096
const LIMITS = {
  maxStrLength: 4096,
  maxBinLength: MAX_ENTRY_BYTES,
  maxArrayLength: MAX_DEVICES,
  maxMapLength: 64,
  maxExtLength: 0,
  maxDepth: 8
}
const JSON_OBJECT = 0x7b

/**
 * A message of the AprBrother (April Brother) BLE Gateway V4, MessagePack; the same object in JSON is taken as well, its entries in hex:
 *
 *   { "v": firmware, "mid": message number, "time": s since its start, "ip", "mac", "rssi": of its Wi-Fi, "iccid", "devices": [ bin … ] }
 */
class AprbrotherDecoder implements Decoder {
  readonly #heard: HeardAdvertisement

  constructor(settings: unknown, memory: DecoderMemory | undefined) {
    this.#heard = new HeardAdvertisement(settings, memory)
  }

  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (frame.length > MAX_MESSAGE_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_MESSAGE_BYTES}`)
    if (frame.length === 0) return ignored('empty payload')
    const message = frame[0] === JSON_OBJECT ? parseMessage(frame) : unpack(frame)
    if (!isJsonObject(message)) return failure('FRAME_FORMAT', 'no map of MessagePack')
    const { devices } = message
    if (!Array.isArray(devices)) return failure('FRAME_FORMAT', 'no list of devices')
    const gateway = macOf(message['mac'])
    const list: Reading[] = gateway === undefined ? [] : [gatewayReading(message, gateway, context)]
    for (const device of devices) {
      const entry = device instanceof Uint8Array ? device : typeof device === 'string' ? fromHex(device) : undefined
      const reading = entry === undefined ? undefined : readEntry(entry, gateway, this.#heard, context)
      if (reading !== undefined) list.push(reading)
    }
    if (list.length === 0) return failure('FRAME_FORMAT', 'neither the gateway nor a device that can be read')
    return { kind: 'readings', readings: list }
  }
}

function unpack(frame: Uint8Array): unknown {
  try {
    return decodeMessagePack(frame, LIMITS)
  } catch {
    return undefined
  }
}

function gatewayReading(message: JsonObject, mac: string, context: FrameContext): Reading {
  const draft = newDraft(context)
  const extra: Extra = {}
  draft.device = mac
  draft.online = true
  const sequence = finiteNumber(message['mid'])
  if (sequence !== undefined) draft.sequence = sequence
  const uptime = finiteNumber(message['time'])
  if (uptime !== undefined) extra['uptime_s'] = uptime
  if (typeof message['v'] === 'string') extra['firmware'] = message['v']
  if (typeof message['ip'] === 'string') extra['ip'] = message['ip']
  const rssi = finiteNumber(message['rssi'])
  if (rssi !== undefined) extra['wifi_rssi_dbm'] = rssi
  keepRest(message, KNOWN, extra)
  draft.extra = extra
  return draft
}

export const aprbrotherGwV4: Codec = {
  protocol: 'aprbrother-gw-v4',
  title: 'AprBrother BLE Gateway V4 (MessagePack)',
  transport: 'mqtt',
  alsoOver: ['http', 'websocket'],
  encoding: 'binary',
  idScope: 'world',
  idNamespace: 'ble',
  ...(bleAdvertisement.settings === undefined ? {} : { settings: bleAdvertisement.settings }),
  createDecoder: (settings, memory) => new AprbrotherDecoder(settings, memory)
}
