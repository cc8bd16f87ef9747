import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dataSchemaUri, EVENT_CATALOGUE, eventDefinition, wireDataSchema } from '../events/catalogue.ts'
import type { LoggedEvent } from '../log/event-log.ts'
import { createEventEncoder } from './cloud-event.ts'

const identity = { site: 'north pit', gatewayId: 'gw-1' }
const structured = createEventEncoder(() => identity, 'structured')
const binary = createEventEncoder(() => identity, 'binary')

const movement: LoggedEvent = {
  lane: 'telemetry',
  epoch: '01jd8a',
  sequence: 4711,
  type: 'TagMovement',
  key: 'pans-hall1:4d18',
  time: Date.UTC(2026, 10, 20, 9, 22, 16, 7),
  source: 'hall1',
  receivedAt: 1_795_166_536_010,
  clockQuality: 'synchronised',
  bootId: 'b-1',
  monotonicMs: 12_345.678,
  body: '{"tag":"pans-hall1:4d18","position":{"x":1.25,"y":-3,"z":0.5},"quality":87}'
}

const events: fc.Arbitrary<LoggedEvent> = fc.record({
  lane: fc.constantFrom('alarm', 'telemetry'),
  epoch: fc.stringMatching(/^[0-9a-z]{1,26}$/),
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  type: fc.constantFrom(...EVENT_CATALOGUE.map(({ type }) => type)),
  key: fc.string({ unit: 'binary', minLength: 1 }),
  time: fc.oneof(fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.constantFrom(0, 999, 1000, 253_402_300_799_999)),
  source: fc.option(fc.string(), { nil: undefined }),
  receivedAt: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  clockQuality: fc.constantFrom('synchronised', 'free-running', 'unset'),
  bootId: fc.string(),
  monotonicMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
  body: fc
    .dictionary(
      fc.stringMatching(/^[a-z]{1,8}$/).map((name) => `x${name}`),
      fc.jsonValue()
    )
    .map((body) => JSON.stringify(body))
})

/** The same as text, piece by piece. */
function plainText({
  lane,
  epoch,
  sequence,
  type,
  key,
  time,
  source,
  receivedAt,
  clockQuality,
  bootId,
  monotonicMs,
  body
}: LoggedEvent): string {
  const definition = eventDefinition(type)
  const own = body.slice(1, -1)
  const data = [
    ...(source === undefined ? [] : [`"source":${JSON.stringify(source)}`]),
    `"receivedAt":${receivedAt}`,
    `"clockQuality":"${clockQuality}"`,
    `"bootId":${JSON.stringify(bootId)}`,
    `"monotonicMs":${monotonicMs}`,
    ...(own === '' ? [] : [own])
  ]
  const parts = [
    '"specversion":"1.0"',
    `"id":"gw-1/${epoch}/${lane}/${sequence}"`,
    '"source":"/site/north%20pit/gateway/gw-1"',
    `"type":${JSON.stringify(type)}`,
    `"subject":${JSON.stringify(key)}`,
    `"time":"${new Date(time).toISOString()}"`,
    '"datacontenttype":"application/json"',
    ...(definition === undefined ? [] : [`"dataschema":"${dataSchemaUri(definition)}"`]),
    `"lane":"${lane}"`,
    `"epoch":"${epoch}"`,
    `"sequence":"${String(sequence).padStart(20, '0')}"`,
    `"data":{${data.join(',')}}`
  ]
  return `{${parts.join(',')}}`
}

describe('CloudEvents, structured mode', () => {
  it('writes the bytes that its text has, within the room it asks for', () => {
    fc.assert(
      fc.property(fc.array(events, { minLength: 1, maxLength: 5 }), (several) => {
        for (const event of several) {
          const { writer } = structured(event, 't')
          if (writer === undefined) throw new Error('no writer')
          const into = Buffer.alloc(writer.maxBytes + 2, 0xee)
          const end = writer.write(into, 1)
          expect(into.toString('utf8', 1, end)).toBe(plainText(event))
          expect([into[0], ...into.subarray(end)].every((byte) => byte === 0xee)).toBe(true)
        }
      }),
      { numRuns: 100 }
    )
  })

  it('writes an event as the contract says', () => {
    const record = structured(movement, 'p.tag-movement')
    expect(record).toMatchObject({
      topic: 'p.tag-movement',
      key: 'pans-hall1:4d18',
      headers: { 'content-type': 'application/cloudevents+json' }
    })
    expect(JSON.parse(record.value)).toEqual({
      specversion: '1.0',
      id: 'gw-1/01jd8a/telemetry/4711',
      source: '/site/north%20pit/gateway/gw-1',
      type: 'TagMovement',
      subject: 'pans-hall1:4d18',
      time: '2026-11-20T09:22:16.007Z',
      datacontenttype: 'application/json',
      dataschema: 'urn:tagward:event:tag-movement:1',
      lane: 'telemetry',
      epoch: '01jd8a',
      sequence: '00000000000000004711',
      data: {
        source: 'hall1',
        receivedAt: 1_795_166_536_010,
        clockQuality: 'synchronised',
        bootId: 'b-1',
        monotonicMs: 12_345.678,
        tag: 'pans-hall1:4d18',
        position: { x: 1.25, y: -3, z: 0.5 },
        quality: 87
      }
    })
  })

  it("passes the catalogue's own schema of what is on the wire", () => {
    const definition = eventDefinition('TagMovement')
    if (definition === undefined) throw new Error('no such event')
    const { data } = JSON.parse(structured(movement, 't').value) as { data: unknown }
    expect(wireDataSchema(definition).strict().parse(data)).toEqual(data)
  })

  it('is valid JSON and keeps every value, whatever is in the event', () => {
    fc.assert(
      fc.property(events, (event) => {
        const parsed = JSON.parse(structured(event, 't').value) as Record<string, unknown> & { data: object }
        const definition = eventDefinition(event.type)
        const { body, source, receivedAt, clockQuality, bootId, monotonicMs } = event
        expect(parsed).toEqual({
          specversion: '1.0',
          id: `gw-1/${event.epoch}/${event.lane}/${event.sequence}`,
          source: '/site/north%20pit/gateway/gw-1',
          type: event.type,
          subject: event.key,
          time: new Date(event.time).toISOString(),
          datacontenttype: 'application/json',
          dataschema: definition === undefined ? undefined : dataSchemaUri(definition),
          lane: event.lane,
          epoch: event.epoch,
          sequence: String(event.sequence).padStart(20, '0'),
          data: {
            ...(source === undefined ? {} : { source }),
            receivedAt,
            clockQuality,
            bootId,
            monotonicMs: Object.is(monotonicMs, -0) ? 0 : monotonicMs,
            ...(JSON.parse(body) as object)
          }
        })
        // CloudEvents 1.0: attribute names are lower-case letters and digits; required attributes are non-empty texts.
        for (const name of Object.keys(parsed)) expect(name).toMatch(/^[a-z0-9]{1,20}$/)
        for (const name of ['id', 'source', 'specversion', 'type']) expect(parsed[name]).toBeTruthy()
      })
    )
  })

  it.each([Number.NaN, -1, 253_402_300_800_000, Number.POSITIVE_INFINITY])('leaves out a time that RFC 3339 cannot write: %d', (time) => {
    expect(JSON.parse(structured({ ...movement, time }, 't').value)).not.toHaveProperty('time')
  })

  it('writes an event of an unknown type without a schema', () => {
    expect(JSON.parse(structured({ ...movement, type: 'FutureEvent' }, 't').value)).not.toHaveProperty('dataschema')
  })
})

describe('CloudEvents, binary mode', () => {
  it('says the same as structured mode, in headers', () => {
    fc.assert(
      fc.property(events, (event) => {
        const record = binary(event, 't')
        const { datacontenttype, data, ...attributes } = JSON.parse(structured(event, 't').value) as Record<string, unknown>
        const { 'content-type': contentType, ...headers } = record.headers ?? {}
        expect(contentType).toBe(datacontenttype)
        expect(headers).toEqual(Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value])))
        expect(JSON.parse(record.value)).toEqual(data)
      })
    )
  })
})
