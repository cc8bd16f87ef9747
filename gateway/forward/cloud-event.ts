import { dataSchemaUri, eventDefinition } from '../events/catalogue.ts'
import type { Lane } from '../events/define-event.ts'
import type { LoggedEvent } from '../log/event-log.ts'
import { maxQuotedBytes, putPadded, putQuoted } from '../log/json-bytes.ts'
import type { Origin } from '../log/told-lives.ts'
import { DataWriter } from './data-writer.ts'
import type { OutgoingRecord, RecordHeaders, ValueWriter } from './forward-port.ts'
import { MAX_TIME_BYTES, TimeText } from './time-text.ts'

/** Where events of a gateway say they come from. */
export type GatewayIdentity = Origin

export type ContentMode = 'structured' | 'binary'

/** Makes the record of one event for its topic. Hot: runs for every event that leaves. */
export type EventEncoder = (event: LoggedEvent, topic: string) => OutgoingRecord

const STRUCTURED_HEADERS: RecordHeaders = { 'content-type': 'application/cloudevents+json' }
const SEQUENCE_DIGITS = 20
const TIME = Buffer.from(',"time":"')
const AFTER_TIME = Buffer.from('"')
const DATA = Buffer.from('","data":')
const CLOSING_BRACE = 125

/** Writes the value of one event's record; `maxBytes` bounds what `write` writes. Hot: runs for every event that leaves. */
interface EventWriter {
  maxBytes(event: LoggedEvent): number
  write(into: Buffer, at: number, event: LoggedEvent): number
}

/** An event on its way out: its bytes are made where they are sent from, and not before. */
class EventRecord implements OutgoingRecord, ValueWriter {
  readonly topic: string
  readonly headers: RecordHeaders
  readonly #event: LoggedEvent
  readonly #writer: EventWriter

  constructor(topic: string, event: LoggedEvent, writer: EventWriter, headers: RecordHeaders) {
    this.topic = topic
    this.headers = headers
    this.#event = event
    this.#writer = writer
  }

  get key(): string {
    return this.#event.key
  }

  get value(): string {
    const bytes = Buffer.allocUnsafe(this.maxBytes)
    return bytes.toString('utf8', 0, this.write(bytes, 0))
  }

  get writer(): ValueWriter {
    return this
  }

  get maxBytes(): number {
    return this.#writer.maxBytes(this.#event)
  }

  write(into: Buffer, at: number): number {
    return this.#writer.write(into, at, this.#event)
  }
}

function schemaOf(type: string): string | undefined {
  const definition = eventDefinition(type)
  return definition === undefined ? undefined : dataSchemaUri(definition)
}

/**
 * CloudEvents 1.0, JSON event format in structured mode; or the binary mode of the Kafka protocol binding (section 3.2). An event is
 * named by the gateway that recorded it, which `identityOf` its epoch tells, whatever the gateway is called by now.
 */
export function createEventEncoder(identityOf: (epoch: string) => GatewayIdentity, mode: ContentMode): EventEncoder {
  const encoders = new Map<string, EventEncoder>()
  const encoderOf = (epoch: string): EventEncoder => {
    const made = epochEncoder(epoch, identityOf(epoch), mode)
    encoders.set(epoch, made)
    return made
  }
  return (event, topic) => (encoders.get(event.epoch) ?? encoderOf(event.epoch))(event, topic)
}

function epochEncoder(epoch: string, identity: GatewayIdentity, mode: ContentMode): EventEncoder {
  const source = `/site/${encodeURIComponent(identity.site)}/gateway/${encodeURIComponent(identity.gatewayId)}`
  const gateway = encodeURIComponent(identity.gatewayId)
  if (mode === 'binary') return binaryEncoder(source, gateway)
  const writer = new StructuredWriter(source, gateway, epoch)
  return (event, topic) => new EventRecord(topic, event, writer, STRUCTURED_HEADERS)
}

/** What does not change from event to event: before the sequence in the id, before the subject, before the sequence as it sorts. */
interface FixedParts {
  readonly head: Buffer
  readonly middle: Buffer
  readonly tail: Buffer
  readonly bytes: number
}

/** Structured mode, for the events of one epoch. */
class StructuredWriter implements EventWriter {
  readonly #source: string
  readonly #gateway: string
  readonly #epoch: string
  readonly #data = new DataWriter()
  readonly #time = new TimeText()
  readonly #parts: Readonly<Record<Lane, Map<string, FixedParts>>> = { alarm: new Map(), telemetry: new Map() }

  constructor(source: string, gateway: string, epoch: string) {
    this.#source = source
    this.#gateway = gateway
    this.#epoch = epoch
  }

  maxBytes(event: LoggedEvent): number {
    const { bytes } = this.#partsOf(event)
    return bytes + 2 * SEQUENCE_DIGITS + maxQuotedBytes(event.key) + MAX_TIME_BYTES + this.#data.maxBytes(event)
  }

  write(into: Buffer, at: number, event: LoggedEvent): number {
    const { head, middle, tail } = this.#partsOf(event)
    let next = putPadded(into, put(into, at, head), event.sequence, 1)
    next = putQuoted(into, put(into, next, middle), event.key)
    const timeAt = next + TIME.length
    const timeEnd = this.#time.write(into, timeAt, event.time)
    if (timeEnd > timeAt) {
      put(into, next, TIME)
      next = put(into, timeEnd, AFTER_TIME)
    }
    next = putPadded(into, put(into, next, tail), event.sequence, SEQUENCE_DIGITS)
    next = this.#data.write(into, put(into, next, DATA), event)
    into[next] = CLOSING_BRACE
    return next + 1
  }

  #partsOf({ lane, type }: LoggedEvent): FixedParts {
    return this.#parts[lane].get(type) ?? this.#makeParts(lane, type)
  }

  #makeParts(lane: Lane, type: string): FixedParts {
    const schema = schemaOf(type)
    const head = Buffer.from(`{"specversion":"1.0","id":"${this.#gateway}/${this.#epoch}/${lane}/`)
    const middle = Buffer.from(`","source":${JSON.stringify(this.#source)},"type":${JSON.stringify(type)},"subject":`)
    const dataSchema = schema === undefined ? '' : `,"dataschema":${JSON.stringify(schema)}`
    const tail = Buffer.from(`,"datacontenttype":"application/json"${dataSchema},"lane":"${lane}","epoch":"${this.#epoch}","sequence":"`)
    const bytes = head.length + middle.length + TIME.length + AFTER_TIME.length + tail.length + DATA.length + 1
    const parts = { head, middle, tail, bytes }
    this.#parts[lane].set(type, parts)
    return parts
  }
}

function put(into: Buffer, at: number, bytes: Buffer): number {
  into.set(bytes, at)
  return at + bytes.length
}

function binaryEncoder(source: string, gateway: string): EventEncoder {
  const time = new TimeText()
  const data = new DataWriter()
  return (event, topic) => {
    const { lane, epoch, key, type } = event
    const at = time.of(event.time)
    const schema = schemaOf(type)
    const headers: RecordHeaders = {
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: `${gateway}/${epoch}/${lane}/${event.sequence}`,
      ce_source: source,
      ce_type: type,
      ce_subject: key,
      ...(at === undefined ? {} : { ce_time: at }),
      ...(schema === undefined ? {} : { ce_dataschema: schema }),
      ce_lane: lane,
      ce_epoch: epoch,
      ce_sequence: String(event.sequence).padStart(SEQUENCE_DIGITS, '0')
    }
    return new EventRecord(topic, event, data, headers)
  }
}
