import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binaryRecord, type EventRecord, structuredRecord } from '../../test-support/kafka/event-records.ts'
import { createEventEncoder } from '../forward/cloud-event.ts'
import { contentHash, parseWireEvent, type WireEvent, type WireRecord } from './wire-event.ts'

function wire({ key, value, headers }: EventRecord): WireRecord {
  const buffers = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]))
  return { key: Buffer.from(key), value: Buffer.from(value), headers: buffers }
}

function parsed(record: WireRecord): WireEvent {
  const event = parseWireEvent(record)
  if (typeof event === 'string') throw new Error(event)
  return event
}

const told = fc.record({
  sequence: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  epoch: fc.integer({ min: 1, max: 2_000_000_000_000 }).map(String),
  lane: fc.constantFrom('alarm' as const, 'telemetry' as const),
  key: fc.string({ minLength: 1 }),
  data: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()))
})

describe('parseWireEvent', () => {
  it('reads structured and binary mode alike', () => {
    fc.assert(
      fc.property(told, (event) => {
        const structured = parsed(wire(structuredRecord(event)))
        expect(structured).toMatchObject({ gateway: 'gw1', epoch: event.epoch, lane: event.lane, sequence: event.sequence, key: event.key })
        expect(parsed(wire(binaryRecord(event)))).toEqual(structured)
      })
    )
  })

  it('reads what the forwarder writes, in both modes, for any identity and key', () => {
    const identity = fc.record({ site: fc.string({ minLength: 1 }), gatewayId: fc.string({ minLength: 1 }) })
    const mode = fc.constantFrom('structured' as const, 'binary' as const)
    fc.assert(
      fc.property(told, identity, mode, ({ sequence, epoch, lane, key, data }, gateway, contentMode) => {
        const origin = { source: 's', receivedAt: 1_790_000_000_000, clockQuality: 'synchronised', bootId: 'b', monotonicMs: 5 }
        const logged = { ...origin, lane, epoch, sequence, type: 'TagInfo', key, time: 1_790_000_000_000, body: JSON.stringify(data) }
        const record = createEventEncoder(() => gateway, contentMode)(logged, 't')
        const headers = Object.fromEntries(Object.entries(record.headers ?? {}).map(([name, text]) => [name, String(text)]))
        const event = parsed(wire({ key: record.key, value: record.value, headers }))
        expect(event).toMatchObject({ gateway: gateway.gatewayId, epoch, lane, sequence, type: 'TagInfo', key })
        expect(event.data).toMatchObject({ bootId: 'b', monotonicMs: 5 })
      })
    )
  })

  it('gives a reason for whatever is no event, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(typeof parseWireEvent({ key: null, value: Buffer.from(bytes) })).toBe('string')
      })
    )
    expect(parseWireEvent({ key: null, value: null })).toBe('no value')
  })

  it('refuses an id that says something else than the extensions', () => {
    const good = structuredRecord({ sequence: 7 })
    for (const id of [
      'gw1/1/telemetry/8',
      'gw1/2/telemetry/7',
      'gw1/1/alarm/7',
      'gw1/1/telemetry',
      'gw1/1/telemetry/7/8',
      '/1/telemetry/7'
    ]) {
      const value = Buffer.from(JSON.stringify({ ...JSON.parse(good.value), id }))
      expect(parseWireEvent({ key: null, value }), id).toContain('id')
    }
  })

  it('decodes a gateway id that had to be escaped', () => {
    const record = structuredRecord({ sequence: 7, gateway: 'north%2Fhall' })
    expect(parsed(wire(record)).gateway).toBe('north/hall')
  })
})

describe('contentHash', () => {
  it('is the same for a repeat, whatever became of the receive time, and another one for another event', () => {
    const event = parsed(wire(structuredRecord({ sequence: 7 })))
    expect(contentHash({ ...event, data: { ...event.data, receivedAt: 1 } })).toBe(contentHash(event))
    expect(contentHash({ ...event, data: { ...event.data, position: { x: 9, y: 9 } } })).not.toBe(contentHash(event))
    expect(contentHash({ ...event, key: 'pans:0001' })).not.toBe(contentHash(event))
  })
})
