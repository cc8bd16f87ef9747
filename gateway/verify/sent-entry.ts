import type { Delivery } from '../../drivers/driver.ts'
import type { Decoder } from '../../firmware-protocols/codec.ts'
import type { Reading } from '../../firmware-protocols/reading.ts'
import { findCodec } from '../../firmware-protocols/registry.ts'
import { deviceData, type Heard, infoData, isInfo, isMovement, movementData } from '../ingest/event-maker.ts'

/** What one line of the file demands of the topics: an event of this key whose data have these values. */
export interface Expectation {
  /** `key`: the event's whole key; `short`: its part after the namespace; `any`: the message does not say. */
  readonly by: 'key' | 'short' | 'any'
  readonly id: string
  /** Absent: an event of any type. */
  readonly type?: string | undefined
  readonly fields: Readonly<Record<string, unknown>>
}

const DEFAULT_PROTOCOL = 'dwm1001-pans-mqtt'
/** Not of the message itself, or named by the gateway in its own way. */
const NOT_EXPECTED = new Set(['tag', 'device', 'ranges', 'stale', 'redelivered', 'receiver', 'rssiDbm'])

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function byId(id: string): Pick<Expectation, 'by' | 'id'> {
  return { by: id.includes(':') ? 'key' : 'short', id }
}

/** Reads lines of what a publisher had acknowledged. Decoders remember what went before, as a gateway's do. */
export class SentReader {
  readonly #decoders = new Map<string, Decoder>()

  /** What this line demands; nothing where the message says nothing that becomes an event. Throws with the reason when it is no line of this format. */
  expectations(line: string): Expectation[] {
    const entry: unknown = JSON.parse(line)
    if (!isObject(entry)) throw new Error('not a JSON object')
    if (typeof entry['topic'] === 'string' && entry['payload'] !== undefined) return this.#ofPublish(entry['topic'], entry)
    const { key, tag, type, ...fields } = entry
    const expectation = typeof type === 'string' ? { type, fields } : { fields: type === undefined ? fields : { ...fields, type } }
    if (typeof key === 'string')
      return [{ by: 'key', id: key, ...expectation, ...(tag === undefined ? {} : { fields: { ...expectation.fields, tag } }) }]
    if (typeof tag === 'string') return [{ ...byId(tag), ...expectation }]
    throw new Error('neither "topic" with "payload", nor "key", nor "tag"')
  }

  #ofPublish(topic: string, entry: Readonly<Record<string, unknown>>): Expectation[] {
    const { payload, protocol = DEFAULT_PROTOCOL } = entry
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
    const result = this.#decoder(String(protocol)).decode(Buffer.from(text, 'utf8'), { topic })
    return result.kind === 'readings' ? result.readings.flatMap(ofReading) : []
  }

  #decoder(protocol: string): Decoder {
    let decoder = this.#decoders.get(protocol)
    if (!decoder) {
      const codec = findCodec(protocol)
      if (!codec) throw new Error(`unknown protocol ${protocol}`)
      decoder = codec.createDecoder()
      this.#decoders.set(protocol, decoder)
    }
    return decoder
  }
}

/** The events that a reading becomes for certain. Alerts are edges: whether one is due is not to be told from one message. */
function ofReading(reading: Reading): Expectation[] {
  const delivery: Delivery = { readings: [reading], receivedAt: 0, monotonicMs: 0 }
  const heard: Heard = { source: '', namespace: '', delivery, reading }
  if (reading.device !== undefined && reading.tag === undefined)
    return [expectation({ by: 'short', id: reading.device }, 'DeviceStatus', deviceData(heard, ''))]
  const of: Pick<Expectation, 'by' | 'id'> = reading.tag === undefined ? { by: 'any', id: '' } : { by: 'short', id: reading.tag }
  return [
    ...(reading.device === undefined ? [] : [expectation({ by: 'short', id: reading.device }, 'DeviceStatus', deviceData(heard, ''))]),
    ...(isMovement(reading) ? [expectation(of, 'TagMovement', movementData(heard, ''))] : []),
    ...(isInfo(reading) ? [expectation(of, 'TagInfo', infoData(heard, ''))] : [])
  ]
}

function expectation(of: Pick<Expectation, 'by' | 'id'>, type: string, data: object): Expectation {
  const said = Object.entries(data).filter(([name, value]) => value !== undefined && !NOT_EXPECTED.has(name))
  return { ...of, type, fields: Object.fromEntries(said) }
}
