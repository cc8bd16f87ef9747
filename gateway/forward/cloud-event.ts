import { dataSchemaUri, eventDefinition } from '../events/catalogue.ts'
import type { LoggedEvent } from '../log/event-log.ts'
import type { Origin } from '../log/told-lives.ts'
import type { OutgoingRecord, RecordHeaders } from './forward-port.ts'

/** Where events of a gateway say they come from. */
export type GatewayIdentity = Origin

export type ContentMode = 'structured' | 'binary'

/** Makes the record of one event for its topic. Hot: runs for every event that leaves. */
export type EventEncoder = (event: LoggedEvent, topic: string) => OutgoingRecord

const STRUCTURED_HEADERS: RecordHeaders = { 'content-type': 'application/cloudevents+json' }
const SEQUENCE_DIGITS = 20
/** 9999-12-31T23:59:59.999Z: the last instant that RFC 3339 can write. */
const LAST_RFC3339_MS = 253_402_300_799_999

/**
 * RFC 3339 text of an instant, or undefined where there is none. Neighbouring events mostly share the second, so its text
 * is kept; `toISOString` alone would be a tenth of the cost of an event.
 */
function createTimeFormat(): (timeMs: number) => string | undefined {
  let second = Number.NaN
  let text = ''
  return (timeMs) => {
    const whole = Math.trunc(timeMs)
    if (!(whole >= 0 && whole <= LAST_RFC3339_MS)) return undefined
    const wholeSecond = Math.floor(whole / 1000)
    if (wholeSecond !== second) {
      second = wholeSecond
      text = new Date(wholeSecond * 1000).toISOString().slice(0, 20)
    }
    const millisecond = whole - wholeSecond * 1000
    return `${text}${millisecond < 10 ? '00' : millisecond < 100 ? '0' : ''}${millisecond}Z`
  }
}

/** `data`: the origin, then the event's own fields. The body is JSON text already and goes in as it is. */
function dataText(event: LoggedEvent): string {
  const source = event.source === undefined ? '' : `"source":${JSON.stringify(event.source)},`
  const origin = `{${source}"receivedAt":${event.receivedAt},"clockQuality":"${event.clockQuality}","bootId":${JSON.stringify(event.bootId)},"monotonicMs":${event.monotonicMs}`
  return event.body.length > 2 ? `${origin},${event.body.slice(1)}` : `${origin}}`
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
    const made = epochEncoder(identityOf(epoch), mode)
    encoders.set(epoch, made)
    return made
  }
  return (event, topic) => (encoders.get(event.epoch) ?? encoderOf(event.epoch))(event, topic)
}

function epochEncoder(identity: GatewayIdentity, mode: ContentMode): EventEncoder {
  const source = `/site/${encodeURIComponent(identity.site)}/gateway/${encodeURIComponent(identity.gatewayId)}`
  const gateway = encodeURIComponent(identity.gatewayId)
  return mode === 'structured' ? structuredEncoder(source, gateway) : binaryEncoder(source, gateway)
}

function structuredEncoder(source: string, gateway: string): EventEncoder {
  const timeText = createTimeFormat()
  // Everything of a type that does not change from event to event, as text: before the subject, and before the sequence.
  const fixedTexts = new Map<string, { readonly head: string; readonly schema: string }>()
  const fixedOf = (type: string) => {
    const schema = schemaOf(type)
    const fixed = {
      head: `","source":${JSON.stringify(source)},"type":${JSON.stringify(type)},"subject":`,
      schema: `,"datacontenttype":"application/json"${schema === undefined ? '' : `,"dataschema":${JSON.stringify(schema)}`},"lane":"`
    }
    fixedTexts.set(type, fixed)
    return fixed
  }
  return (event, topic) => {
    const { head, schema } = fixedTexts.get(event.type) ?? fixedOf(event.type)
    const { lane, epoch, key } = event
    const time = timeText(event.time)
    const sequence = String(event.sequence)
    const value = `{"specversion":"1.0","id":"${gateway}/${epoch}/${lane}/${sequence}${head}${JSON.stringify(key)}${
      time === undefined ? '' : `,"time":"${time}"`
    }${schema}${lane}","epoch":"${epoch}","sequence":"${sequence.padStart(SEQUENCE_DIGITS, '0')}","data":${dataText(event)}}`
    return { topic, key, value, headers: STRUCTURED_HEADERS }
  }
}

function binaryEncoder(source: string, gateway: string): EventEncoder {
  const timeText = createTimeFormat()
  return (event, topic) => {
    const { lane, epoch, key, type } = event
    const time = timeText(event.time)
    const schema = schemaOf(type)
    const headers: RecordHeaders = {
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: `${gateway}/${epoch}/${lane}/${event.sequence}`,
      ce_source: source,
      ce_type: type,
      ce_subject: key,
      ...(time === undefined ? {} : { ce_time: time }),
      ...(schema === undefined ? {} : { ce_dataschema: schema }),
      ce_lane: lane,
      ce_epoch: epoch,
      ce_sequence: String(event.sequence).padStart(SEQUENCE_DIGITS, '0')
    }
    return { topic, key, value: dataText(event), headers }
  }
}
