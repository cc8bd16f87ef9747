import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecodeResult } from '../codec.ts'
import { type AdStructure, encodeAdStructures, manufacturerStructure } from '../kit/ad-structures.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { bleAdvertisement } from './ble-advertisement-codec.ts'
import { encodeRuuviRawV2 } from './encode-ruuvi.ts'
import { RUUVI_COMPANY_ID } from './ruuvi-fields.ts'

const decode = (payload: Uint8Array, address?: string): DecodeResult =>
  bleAdvertisement.createDecoder().decode(payload, address === undefined ? {} : { address })
const advert = (reading: Reading): Uint8Array => encodeAdStructures([manufacturerStructure(RUUVI_COMPANY_ID, encodeRuuviRawV2(reading))])

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })
const milliG = fc.option(fc.integer({ min: -32_767, max: 32_767 }))
const ruuvi = fc
  .record({
    tag: maybe(
      fc
        .uint8Array({ minLength: 6, maxLength: 6 })
        .map((mac) => Buffer.from(mac).toString('hex'))
        .filter((mac) => mac !== 'ffffffffffff')
    ),
    temperatureDegC: maybe(fc.integer({ min: -32_767, max: 32_767 }).map((raw) => raw / 200)),
    humidityPct: maybe(fc.nat(40_000).map((raw) => raw / 400)),
    pressurePa: maybe(fc.integer({ min: 50_000, max: 115_534 })),
    batteryV: maybe(fc.integer({ min: 1600, max: 3646 }).map((raw) => raw / 1000)),
    txPowerDbm: maybe(fc.nat(30).map((raw) => 2 * raw - 40)),
    movementCount: maybe(fc.nat(254)),
    sequence: maybe(fc.nat(65_534))
  })
  .map((fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Reading)

describe('RuuviTag RAWv2 in an advertisement', () => {
  it('reads back every value and leaves out every one that is not available', () => {
    fc.assert(
      fc.property(ruuvi, milliG, milliG, milliG, (reading, ...axes) => {
        const result = decode(
          advert({
            ...reading,
            accelMps2: axes.map((axis) => (axis === null ? null : (axis * 9.80665) / 1000)) as [number, number, number]
          })
        )
        const [got] = result.kind === 'readings' ? result.readings : []
        const { accelMps2, extra, signals, ...rest } = got ?? {}
        expect(rest).toEqual(reading)
        expect(extra?.['data_format']).toBe(5)
        expect(signals).toEqual(
          reading.movementCount === undefined
            ? undefined
            : [{ kind: 'motion', form: 'counter', count: reading.movementCount, modulus: 256 }]
        )
        if (axes.every((axis) => axis === null)) expect(accelMps2).toBeUndefined()
        for (const [index, axis] of axes.entries()) {
          const value = accelMps2?.[index]
          if (axis === null) expect(value ?? null).toBeNull()
          else expect(Math.abs((value ?? 1e9) - (axis * 9.80665) / 1000)).toBeLessThan(1e-5)
        }
      })
    )
  })

  it('takes the tag from the payload, and from the sender where the payload has none', () => {
    expect(decode(advert({ tag: 'cbb8334c884f' }), 'c0ffee010203')).toMatchObject({
      readings: [{ tag: 'cbb8334c884f', extra: { mac: 'CB:B8:33:4C:88:4F' } }]
    })
    expect(decode(advert({}), 'c0ffee010203')).toMatchObject({ readings: [{ tag: 'c0ffee010203' }] })
  })

  it('finds its structure among others, in any order, with padding or a cut structure behind', () => {
    const own = manufacturerStructure(RUUVI_COMPANY_ID, encodeRuuviRawV2({ tag: 'cbb8334c884f', sequence: 7 }))
    const others: AdStructure[] = [
      { type: 0x01, data: Uint8Array.of(6) },
      { type: 0x09, data: utf8Bytes('Ruuvi 884F') },
      { type: 0x16, data: Uint8Array.of(0xaa, 0xfe, 0x20, 0) },
      manufacturerStructure(0x004c, Uint8Array.of(0x02, 0x15))
    ]
    const tail = fc.constantFrom([], [0, 0, 0, 0], [30, 0xff, 1], [2])
    fc.assert(
      fc.property(fc.shuffledSubarray(others), fc.nat(4), tail, (around, at, end) => {
        const list = around.toSpliced(at, 0, own)
        const result = decode(Uint8Array.of(...encodeAdStructures(list), ...end))
        expect(result).toMatchObject({ kind: 'readings', readings: [{ tag: 'cbb8334c884f', sequence: 7 }] })
        expect(JSON.stringify(result).includes('Ruuvi 884F')).toBe(around.some(({ type }) => type === 0x09))
      })
    )
  })

  it('never throws, whatever the air carries', () => {
    const shaped = fc
      .array(fc.record({ type: fc.constantFrom(0x01, 0x08, 0x09, 0x0a, 0x16, 0xff), data: fc.uint8Array({ maxLength: 30 }) }), {
        maxLength: 6
      })
      .map(encodeAdStructures)
    const almost = fc
      .uint8Array({ maxLength: 40 })
      .map((data) => encodeAdStructures([manufacturerStructure(RUUVI_COMPANY_ID, Uint8Array.of(5, ...data))]))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), shaped, almost), (payload) => {
        const result = decode(payload, 'c0ffee010203')
        const readings = result.kind === 'readings' ? result.readings : []
        for (const reading of readings) expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
      }),
      { numRuns: 1000 }
    )
  })
})
