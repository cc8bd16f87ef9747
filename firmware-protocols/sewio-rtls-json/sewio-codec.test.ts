import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decoder } from '../codec.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { encodeSewioMessage, sewioFeed } from './encode-sewio.ts'
import { sewioRtlsJson } from './sewio-codec.ts'

const T0 = 1_790_000_000_000
const readingsOf = (text: string, decoder: Decoder = sewioRtlsJson.createDecoder()): readonly Reading[] => {
  const result = decoder.decode(utf8Bytes(text), {})
  if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
  return result.readings
}
const one = (text: string, decoder?: Decoder): Reading => readingsOf(text, decoder)[0] ?? {}

const metres = fc.integer({ min: -100_000, max: 100_000 }).map((value) => value / 100 || 0)
const feed = fc.record({
  id: fc.nat(5000).map(String),
  posX: metres,
  posY: metres,
  posZ: metres,
  clr: fc.nat(500).map((value) => value / 100),
  numberOfAnchors: fc.integer({ min: 3, max: 20 })
})

describe('Sewio', () => {
  it('reads back positions, with and without envelope, and in a list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(feed, { minLength: 1, maxLength: 10, selector: ({ id }) => id }), fc.nat(1e9), (list, laterMs) => {
        const atMs = T0 + laterMs
        const expected = list.map((item) => ({
          tag: item.id,
          position: { x: item.posX, y: item.posY, z: item.posZ },
          accuracyM: item.clr,
          deviceTime: atMs,
          extra: { kind: 'position', anchors_used: item.numberOfAnchors }
        }))
        const feeds = list.map(({ id, ...streams }) => sewioFeed(id, streams, atMs))
        expect(list.map(({ id, ...streams }) => one(encodeSewioMessage(id, streams, atMs)))).toMatchObject(expected)
        expect(feeds.map((item) => one(JSON.stringify(item)))).toMatchObject(expected)
        expect(readingsOf(JSON.stringify({ results: feeds }))).toMatchObject(expected)
      })
    )
  })

  it('calls unusable what the server is not sure of', () => {
    const place = { posX: 1, posY: 2 }
    expect(one(encodeSewioMessage('1', { ...place, clr: 9999 }, T0))).toMatchObject({ usable: false, extra: { accuracy_m: 9999 } })
    for (const numberOfAnchors of [0, 1, 2]) expect(one(encodeSewioMessage('1', { ...place, numberOfAnchors }, T0)).usable).toBe(false)
    expect(one(encodeSewioMessage('1', { ...place, clr: 0.2, numberOfAnchors: 3 }, T0))).not.toHaveProperty('usable')
    expect(one(encodeSewioMessage('1', { posX: 'NaN', posY: 2 }, T0))).not.toHaveProperty('position')
  })

  it('marks repeats, and silent tags of a list', () => {
    const decoder = sewioRtlsJson.createDecoder()
    const tell = (atMs: number): boolean | undefined => one(encodeSewioMessage('1', { posX: 1, posY: 2 }, atMs), decoder).stale
    expect([tell(T0), tell(T0), tell(T0 - 100), tell(T0 + 1000), tell(T0 - 3_600_000), tell(T0 - 3_599_000)]).toEqual([
      undefined,
      true,
      true,
      undefined,
      undefined,
      undefined
    ])
    const list = [sewioFeed('7', { posX: 1, posY: 2 }, T0 - 120_000), sewioFeed('8', { posX: 1, posY: 2 }, T0)]
    expect(readingsOf(JSON.stringify(list)).map(({ stale }) => stale)).toEqual([true, undefined])
  })

  it('tells each press of a button once', () => {
    const decoder = sewioRtlsJson.createDecoder()
    const press = (value: string, atMs: number): unknown => one(encodeSewioMessage('1', { user_button: value }, atMs), decoder).signals
    expect(press('1', T0)).toEqual([{ kind: 'button', form: 'event', id: String(T0) }])
    expect(press('1', T0)).toBeUndefined()
    expect(press('0', T0 + 10)).toBeUndefined()
    expect(press('1', T0 + 500)).toEqual([{ kind: 'button', form: 'event', id: String(T0 + 500) }])
    const list = [sewioFeed('7', { user_button: '1' }, T0 - 120_000), sewioFeed('8', { user_button: '1' }, T0)]
    expect(readingsOf(JSON.stringify(list)).map(({ signals }) => signals?.length)).toEqual([undefined, 1])
  })

  it('never throws', () => {
    const decoder = sewioRtlsJson.createDecoder()
    const value = fc.oneof(fc.constantFrom(' 6.34', 'x', '77%', '', null, '9999.00'), fc.jsonValue())
    const stream = fc.record({
      id: fc.constantFrom('posX', 'posY', 'clr', 'battery_level', 'user_button', '__proto__', 'q'),
      current_value: value,
      at: value
    })
    const body = fc.record(
      {
        id: fc.oneof(fc.string(), fc.nat(), fc.jsonValue()),
        datastreams: fc.oneof(fc.array(stream, { maxLength: 6 }), fc.jsonValue()),
        feed_id: value,
        zones: value
      },
      { requiredKeys: [] }
    )
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      body.map((inner) => JSON.stringify({ body: inner, resource: '/feeds/1' })),
      fc.array(body, { maxLength: 3 }).map((list) => JSON.stringify(list)),
      fc.tuple(body, fc.nat(100), fc.string({ maxLength: 2 })).map(([inner, at, noise]) => {
        const whole = JSON.stringify(inner)
        return whole.slice(0, at) + noise + whole.slice(at + 1)
      })
    )
    fc.assert(
      fc.property(text, (message) => {
        expect(JSON.stringify(decoder.decode(utf8Bytes(message), {}))).not.toMatch(/:(?:NaN|Infinity)/)
      })
    )
  })
})
