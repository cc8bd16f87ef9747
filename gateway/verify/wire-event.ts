import { crc32 } from 'node:zlib'

/** Header values as kafkajs gives them. */
export type WireHeaders = Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>

/** A record as it stands on a topic. */
export interface WireRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: WireHeaders | undefined
}

/** What a record says of itself. */
export interface WireEvent {
  readonly gateway: string
  readonly epoch: string
  readonly lane: string
  readonly sequence: number
  readonly type: string
  readonly key: string
  readonly data: Readonly<Record<string, unknown>>
}

type Attributes = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function headerText(headers: WireHeaders, name: string): string | undefined {
  const value = headers[name]
  const single = Array.isArray(value) ? value[0] : value
  return single?.toString()
}

/** CloudEvents Kafka protocol binding, section 3.2: attributes are headers `ce_…`, the value is the data. */
function binaryAttributes(headers: WireHeaders): Attributes {
  const attributes: Record<string, unknown> = {}
  for (const name of Object.keys(headers)) if (name.startsWith('ce_')) attributes[name.slice(3)] = headerText(headers, name)
  return attributes
}

function parseJson(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'))
  } catch {
    return undefined
  }
}

function decoded(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Reads a CloudEvent in structured or binary mode; a text says why the record is none of this contract's. */
export function parseWireEvent(record: WireRecord): WireEvent | string {
  const { value, headers = {} } = record
  if (value === null) return 'no value'
  const parsed = parseJson(value)
  if (!isObject(parsed)) return 'the value is no JSON object'
  const binary = headers['ce_id'] !== undefined
  const attributes = binary ? binaryAttributes(headers) : parsed
  const data = binary ? parsed : parsed['data']
  if (!isObject(data)) return 'no data'
  return fromAttributes(attributes, record.key?.toString('utf8') ?? '', data)
}

/** `id` is gateway/epoch/lane/sequence; the extensions say the same, and have to. */
function fromAttributes(attributes: Attributes, key: string, data: Record<string, unknown>): WireEvent | string {
  const { specversion, id, type, lane, epoch } = attributes
  if (specversion !== '1.0') return 'no CloudEvent 1.0'
  if (typeof id !== 'string' || typeof type !== 'string') return 'no id or no type'
  const [gateway, idEpoch, idLane, idSequence, ...more] = id.split('/')
  if (gateway === undefined || gateway === '' || idSequence === undefined || more.length > 0)
    return `id ${id} is not gateway/epoch/lane/sequence`
  const sequence = Number(attributes['sequence'])
  if (!Number.isSafeInteger(sequence) || sequence < 0) return `sequence ${String(attributes['sequence'])} is no number of a lane`
  if (idEpoch === undefined || idLane === undefined || idEpoch !== String(epoch) || idLane !== lane || Number(idSequence) !== sequence)
    return `id ${id} says something else than the extensions`
  return { gateway: decoded(gateway), epoch: idEpoch, lane: idLane, sequence, type, key, data }
}

/**
 * 32 bits of what an event says, to tell a repeat from another event under the same number. The receive time is left
 * out: it may be corrected between two deliveries, when the clock's error becomes known.
 */
export function contentHash(event: WireEvent): number {
  const { receivedAt: _, ...lasting } = event.data
  return crc32(JSON.stringify([event.type, event.key, lasting]))
}
