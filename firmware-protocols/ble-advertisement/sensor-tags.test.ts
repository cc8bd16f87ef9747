import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Edge, type EdgeState, stepEdge } from '../../gateway/ingest/alert-edges.ts'
import type { Decoder } from '../codec.ts'
import { encodeAdStructures, manufacturerStructure } from '../kit/ad-structures.ts'
import type { Reading } from '../reading.ts'
import { bleAdvertisement } from './ble-advertisement-codec.ts'
import { encodeEla, encodeKontaktTelemetry, encodeMinewService, type KontaktField, kontaktClick } from './encode-sensors.ts'

const ADDRESS = 'c0ffee010203'
const service = (uuid: number, payload: Uint8Array): Uint8Array =>
  encodeAdStructures([{ type: 0x16, data: Uint8Array.of(uuid & 0xff, uuid >> 8, ...payload) }])
const manufacturer = (companyId: number, payload: Uint8Array): Uint8Array => encodeAdStructures([manufacturerStructure(companyId, payload)])
function hear(payload: Uint8Array, decoder: Decoder = bleAdvertisement.createDecoder()): Reading {
  const result = decoder.decode(payload, { address: ADDRESS })
  if (result.kind !== 'readings' || result.readings[0] === undefined) throw new Error(JSON.stringify(result))
  return result.readings[0]
}

const i16 = fc.integer({ min: -0x8000, max: 0x7fff })
const u8 = fc.nat(255)
const share = (percent: number): number | undefined => (percent >= 0 && percent <= 100 ? percent : undefined)
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('hex'))

describe('Minew', () => {
  it('reads back temperature, humidity, acceleration, battery and MAC', () => {
    fc.assert(
      fc.property(u8, i16, i16, i16, mac, (battery, a, b, c, tag) => {
        const climate = hear(service(0xffe1, encodeMinewService(0x01, battery, [a, b], tag)))
        expect([climate.tag, climate.batteryPct, climate.temperatureDegC, climate.humidityPct]).toEqual([
          tag,
          share(battery),
          a / 256,
          share(b / 256)
        ])
        const { accelMps2 } = hear(service(0xffe1, encodeMinewService(0x03, battery, [a, b, c], tag)))
        for (const [axis, raw] of [a, b, c].entries()) expect(accelMps2?.[axis]).toBeCloseTo((raw / 256) * 9.80665, 4)
      })
    )
  })
})

describe('ELA', () => {
  it('reads back states with their counts, and temperatures', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), i16, (value, raw) => {
        const touched = hear(manufacturer(0x0757, encodeEla(0xb2, value)))
        expect(touched.extra).toMatchObject({ button_pressed: value % 2 === 1, event_count: value >> 1 })
        expect(touched.signals).toEqual([{ kind: 'button', form: 'counter', count: value >> 1, modulus: 32_768, active: value % 2 === 1 }])
        const moved = hear(manufacturer(0x0757, encodeEla(0x42, value)))
        expect([moved.moving, moved.movementCount]).toEqual([value % 2 === 1, value >> 1])
        const { temperatureDegC } = hear(manufacturer(0x0757, encodeEla(0x12, raw)))
        expect(temperatureDegC).toBe(raw === 0x7fff || raw === -0x8000 ? undefined : raw / 100)
      })
    )
  })
})

describe('Kontakt.io', () => {
  const fields: fc.Arbitrary<KontaktField> = fc.record({ id: u8, value: fc.array(u8, { maxLength: 9 }) })

  it('reads fields in any order, and keeps those that it does not know', () => {
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 5 }), fields, u8, (before, strange, battery) => {
        const own: KontaktField = { id: 0x0c, value: [battery] }
        const list = [...before.filter(({ id }) => id !== 0x0c && id !== 0x01), own, { ...strange, id: 0xf0 | strange.id }]
        const reading = hear(service(0xfe6a, encodeKontaktTelemetry(list)))
        expect(reading.batteryPct).toBe(share(battery))
        const kept = reading.extra?.['fields'] as Readonly<Record<string, string>>
        expect(kept[(0xf0 | strange.id).toString(16)]).toBe(Buffer.from(strange.value).toString('hex'))
      })
    )
  })

  it('gives one alert for a click that is repeated for hours, by a clock that is 500 ppm slow', () => {
    const decoder = bleAdvertisement.createDecoder()
    let state: EdgeState | undefined
    const edges: Edge[] = []
    const step = (atMs: number, sinceS: number): void => {
      const [signal] = hear(service(0xfe6a, encodeKontaktTelemetry([kontaktClick(1, Math.min(sinceS, 0xffff))])), decoder).signals ?? []
      if (signal === undefined) throw new Error('no signal')
      const next = stepEdge(state, signal, { receivedAt: atMs, monotonicMs: atMs, bootId: 'b' })
      state = next.state
      if (next.edge !== undefined) edges.push(next.edge)
    }
    const clickedMs = 5_000
    step(0, 0xffff)
    for (let atMs = 65_000; atMs < 20 * 3_600_000; atMs += 60_000) step(atMs, Math.floor(((atMs - clickedMs) * 0.9995) / 1000))
    expect(edges.map(({ edge, time }) => [edge, Math.round(time / 1000)])).toEqual([['raised', 6]])
  })
})
