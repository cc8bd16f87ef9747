import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodePansLocation, encodePansStatus } from '../../firmware-protocols/dwm1001-pans-mqtt/encode-pans.ts'
import { type Expectation, SentReader } from './sent-entry.ts'
import { SentLedger } from './sent-ledger.ts'
import type { WireEvent } from './wire-event.ts'

function event(data: Record<string, unknown>, key = 'pans:4d18', type = 'TagMovement'): WireEvent {
  return { gateway: 'g', epoch: '1', lane: 'telemetry', sequence: 1, type, key, data: { bootId: 'b', monotonicMs: 1, ...data } }
}

function missingOf(lines: readonly object[], events: readonly WireEvent[]): number {
  const ledger = new SentLedger()
  const reader = new SentReader()
  for (const line of lines) for (const expectation of reader.expectations(JSON.stringify(line))) ledger.acknowledge(expectation)
  for (const each of events) ledger.observe(each)
  return ledger.missing
}

describe('SentLedger', () => {
  it('agrees with comparing every demand with every event, as multisets', () => {
    const content = fc.record({ x: fc.nat(3), label: fc.constantFrom('a', 'b'), list: fc.array(fc.nat(1), { maxLength: 2 }) })
    fc.assert(
      fc.property(fc.array(content, { maxLength: 30 }), fc.array(content, { maxLength: 30 }), (sent, logged) => {
        const ledger = new SentLedger()
        for (const { x, label, list } of sent) ledger.acknowledge({ by: 'key', id: 'k:1', fields: { list, deep: { label, at: { x } } } })
        for (const { x, label, list } of logged) ledger.observe(event({ deep: { at: { x, y: 1 }, label }, list, more: true }, 'k:1'))
        const left = logged.map((each) => JSON.stringify(each))
        const missing = sent.filter((each) => {
          const found = left.indexOf(JSON.stringify(each))
          if (found >= 0) left.splice(found, 1)
          return found < 0
        })
        expect(ledger.missing).toBe(missing.length)
      })
    )
  })

  it('demands what was acknowledged n times n times, and allows more', () => {
    const line = { tag: '4d18', position: { x: 1 } }
    const logged = event({ position: { x: 1, y: 2 } })
    expect(missingOf([line, line], [logged])).toBe(1)
    expect(missingOf([line, line], [logged, logged])).toBe(0)
    expect(missingOf([line], [logged, logged])).toBe(0)
  })

  it('compares key, type and every given field', () => {
    const logged = event({ position: { x: 1, y: 2 }, extra: { superframe: 7 } })
    const found = [
      { key: 'pans:4d18', position: { x: 1 } },
      { tag: 'pans:4d18', position: { y: 2 }, extra: { superframe: 7 } },
      { tag: '4d18', type: 'TagMovement' },
      { tag: '4d18', position: {} }
    ]
    expect(missingOf(found, [logged])).toBe(0)
    const notFound = [
      { key: '4d18', position: { x: 1 } },
      { tag: 'other:4d18', position: { x: 1 } },
      { tag: 'd18', position: { x: 1 } },
      { tag: '4d18', type: 'TagInfo' },
      { tag: '4d18', position: { x: 1.5 } },
      { tag: '4d18', position: { z: null } },
      { tag: '4d18', position: [1] }
    ]
    for (const line of notFound) expect(missingOf([line], [logged]), JSON.stringify(line)).toBe(1)
  })

  it('counts what is there unmarked more often than acknowledged', () => {
    const demand: Expectation = { by: 'short', id: '4d18', fields: { x: 1 } }
    const ledger = new SentLedger()
    ledger.acknowledge(demand)
    ledger.observe(event({ x: 1 }))
    ledger.observe(event({ x: 1, redelivered: true }))
    ledger.observe(event({ x: 1, stale: true }))
    expect(ledger.repeatedUnmarked).toBe(0)
    ledger.observe(event({ x: 1 }))
    expect(ledger.repeatedUnmarked).toBe(1)
  })
})

describe('SentReader', () => {
  it('reads an MQTT publish as the events that its codec makes certain', () => {
    const at = { id: '4d18', timeMs: 1_700_000_000_000 }
    const location = encodePansLocation({ ...at, position: { x: 1.5, y: 2, z: 3 }, quality: 80, superframe: 77 })
    const logged = event({ tag: 'pans:4d18', position: { x: 1.5, y: 2, z: 3 }, quality: 80, deviceTime: at.timeMs, ...extraOf(77) })
    expect(missingOf([location], [logged])).toBe(0)
    expect(missingOf([{ ...location, payload: JSON.parse(location.payload) }], [logged])).toBe(0)
    expect(missingOf([location], [event({ ...logged.data, ...extraOf(78) })])).toBe(1)
    expect(missingOf([location], [event({ ...logged.data, position: { x: 1.5, y: 2, z: 4 } })])).toBe(1)
    expect(missingOf([location], [{ ...logged, key: 'pans:4d19' }])).toBe(1)
    const status = encodePansStatus({ ...at, present: true, batteryPct: 90 })
    expect(missingOf([status], [event({ online: true, batteryPct: 90 }, 'pans:4d18', 'TagInfo')])).toBe(1)
    const whole = { online: true, batteryPct: 90, deviceTime: at.timeMs, extra: extraOfStatus() }
    expect(missingOf([status], [event(whole, 'pans:4d18', 'TagInfo')])).toBe(0)
  })

  it('demands nothing for what becomes no event, and refuses what is no line of the format', () => {
    const reader = new SentReader()
    expect(reader.expectations('{"topic":"dwm/node/4d18/downlink/data","payload":"{}"}')).toEqual([])
    for (const line of ['[]', '{}', '{"payload":"{}"}', 'nonsense', '{"topic":"t","payload":"{}","protocol":"no-such"}']) {
      expect(() => reader.expectations(line), line).toThrow()
    }
  })
})

function extraOf(superframe: number): { extra: object } {
  return { extra: { kind: 'location', node_id: '4d18', timestamp_utc: '2023-11-14T22:13:20.000Z', superframe } }
}

function extraOfStatus(): object {
  return { kind: 'status', node_id: '4d18', present: true, timestamp_utc: '2023-11-14T22:13:20.000Z' }
}
