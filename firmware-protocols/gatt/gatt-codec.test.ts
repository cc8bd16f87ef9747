import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecodeResult } from '../codec.ts'
import type { Reading } from '../reading.ts'
import { encodeHeartRate, encodePlxContinuous } from './encode-gatt.ts'
import { gatt } from './gatt-codec.ts'
import { encodeSfloat, sfloat } from './sfloat.ts'

const decode = (characteristic: string | undefined, value: Uint8Array, settings?: unknown): DecodeResult =>
  gatt.createDecoder(settings).decode(value, characteristic === undefined ? {} : { characteristic, address: 'c0ffee010203' })

function reading(characteristic: string, value: Uint8Array, settings?: unknown): Reading {
  const result = decode(characteristic, value, settings)
  if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
  return result.readings[0] ?? {}
}

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })

describe('values of characteristics', () => {
  it('reads back heart rates, contact, energy and RR intervals', () => {
    const value = fc.record({
      bpm: fc.integer({ min: 1, max: 350 }),
      contact: maybe(fc.boolean()),
      energyKj: maybe(fc.nat(0xffff)),
      rrIntervalsS: maybe(
        fc.array(
          fc.nat(4096).map((raw) => raw / 1024),
          { minLength: 1, maxLength: 9 }
        )
      )
    })
    fc.assert(
      fc.property(value, (sent) => {
        const got = reading('2a37', encodeHeartRate(sent))
        expect(got.tag).toBe('c0ffee010203')
        expect(got.heartRateBpm).toBe(sent.contact === false ? undefined : sent.bpm)
        expect(got.extra?.['heart_rate_bpm']).toBe(sent.contact === false ? sent.bpm : undefined)
        expect(got.extra?.['sensor_contact']).toBe(sent.contact)
        expect(got.extra?.['energy_expended_kj']).toBe(sent.energyKj)
        expect(got.extra?.['rr_intervals_s']).toEqual(sent.rrIntervalsS)
      })
    )
  })

  it('reads back oximeter values, and takes none that the device does not stand by', () => {
    const pair = fc.record({
      spo2Pct: maybe(fc.integer({ min: 1, max: 1000 }).map((raw) => raw / 10)),
      bpm: maybe(fc.integer({ min: 1, max: 350 }))
    })
    const value = fc.record({
      main: pair,
      fast: maybe(pair),
      slow: maybe(pair),
      measurementStatus: maybe(fc.constantFrom(0, 0x0020, 0x0180, 0x0200, 0x2000, 0x8000)),
      deviceStatus: maybe(fc.constantFrom(0, 0x0020, 0x0800, 0x2000, 0x8000)),
      amplitudePct: maybe(fc.nat(200).map((raw) => raw / 10))
    })
    fc.assert(
      fc.property(value, ({ main, ...rest }) => {
        const got = reading('2a5f', encodePlxContinuous({ ...main, ...rest }))
        const distrusted = ((rest.measurementStatus ?? 0) & 0xa000) !== 0 || ((rest.deviceStatus ?? 0) & 0xa800) !== 0
        expect(got.spo2Pct).toBe(distrusted ? undefined : main.spo2Pct)
        expect(got.heartRateBpm).toBe(distrusted ? undefined : main.bpm)
        expect(got.extra?.['pulse_rate_bpm']).toBe(main.bpm)
        expect(got.extra?.['spo2_fast_pct']).toBe(rest.fast?.spo2Pct)
        expect(got.extra?.['pulse_rate_slow_bpm']).toBe(rest.slow?.bpm)
        expect(got.extra?.['pulse_amplitude_index_pct']).toBe(rest.amplitudePct)
        expect(got.stale).toBe(rest.measurementStatus === 0x0200 ? true : undefined)
      })
    )
  })

  it('reads every SFLOAT that is a number as what was written', () => {
    for (let raw = 0; raw <= 0xffff; raw++) {
      const value = sfloat(raw)
      if (raw >= 0x07fe && raw <= 0x0802) expect(value).toBeUndefined()
      else if (value === undefined) throw new Error(`no number for ${raw}`)
      else if (encodeSfloat(value, (raw << 16) >> 28) !== raw) throw new Error(`${raw} reads ${value}`)
    }
  })

  it('takes a UUID in every form', () => {
    for (const uuid of ['2a19', '00002a19-0000-1000-8000-00805f9b34fb', '00002A1900001000800000805F9B34FB'])
      expect(reading(uuid, Uint8Array.of(47)).batteryPct).toBe(47)
    expect(reading('EF680203-9B35-4933-9B10-52FFA9740042', Uint8Array.of(51)).humidityPct).toBe(51)
    expect(decode('2aff', Uint8Array.of(1)).kind).toBe('ignored')
    expect(decode(undefined, Uint8Array.of(1))).toMatchObject({ kind: 'error', code: 'FRAME_CONTEXT' })
  })

  it('takes carbon monoxide in the unit that is set, and no impossible kg/m³', () => {
    const value = (number: number, exponent: number): Uint8Array => {
      const raw = encodeSfloat(number, exponent)
      return Uint8Array.of(raw & 0xff, raw >> 8)
    }
    expect(reading('2bd0', value(0.000035, -6)).gases).toEqual([{ gas: 'co', mgPerM3: expect.closeTo(35, 6) }])
    expect(reading('2bd0', value(35, 0), { gasUnit: 'ppm' }).gases).toEqual([{ gas: 'co', ppm: 35 }])
    expect(reading('2bd0', value(35, 0))).toMatchObject({ extra: { co_concentration_as_sent: 35 } })
    expect(reading('2bd0', value(35, 0)).gases).toBeUndefined()
    expect(gatt.settings?.parse({})).toEqual({ gasUnit: 'kg/m3' })
  })

  it('never throws, whatever a device sends', () => {
    const uuids = ['2a37', '2a38', '2a5e', '2a5f', '2a19', '2a07', '2a6c', '2a6d', '2a6e', '2a6f', '2b8c', '2bd0', '2bd1', '2afb']
    const thingy = ['0201', '0202', '0203', '0204', '0205', '0302', '0402', '0403', '0404', '0405', '0406', '0407', '0409', '040a']
    const uuid = fc.constantFrom(...uuids, ...thingy.map((id) => `ef68${id}-9b35-4933-9b10-52ffa9740042`))
    fc.assert(
      fc.property(uuid, fc.uint8Array({ maxLength: 24 }), (characteristic, value) => {
        const result = decode(characteristic, value)
        expect(result.kind === 'ignored' || result.kind === 'incomplete').toBe(false)
        for (const got of result.kind === 'readings' ? result.readings : []) expect(JSON.parse(JSON.stringify(got))).toEqual(got)
      }),
      { numRuns: 2000 }
    )
  })
})
