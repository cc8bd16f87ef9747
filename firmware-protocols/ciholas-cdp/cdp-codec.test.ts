import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decoder } from '../codec.ts'
import type { Reading } from '../reading.ts'
import { ciholasCdp } from './cdp-codec.ts'
import { ITEMS } from './cdp-items.ts'
import { type CdpItemBytes, distanceV2, encodeCdp, hardwareStatus, inertial, positionV3, timeMap } from './encode-cdp.ts'

const SENDER = 0x0100_02ff
const readingsOf = (items: readonly CdpItemBytes[], decoder: Decoder = ciholasCdp.createDecoder()): readonly Reading[] => {
  const result = decoder.decode(encodeCdp(1, SENDER, items), {})
  if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
  return result.readings
}
const hex = (serial: number): string => serial.toString(16).padStart(8, '0')
const printed = (serial: number): string =>
  hex(serial)
    .toUpperCase()
    .replace(/^(..)(..)(....)$/, '$1:$2:$3')

const u32 = fc.nat(0xffff_ffff)
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const metres = i32.map((value) => value / 1000 || 0)
const position = fc.record({
  serial: u32,
  ticks: u64,
  position: fc.record({ x: metres, y: metres, z: metres }),
  quality: fc.nat(10_000),
  anchors: fc.nat(255),
  flags: fc.nat(255),
  smoothing: fc.nat(65_535)
})

describe('CDP', () => {
  it('reads back positions, many a packet, with all 64 bits of their times', () => {
    fc.assert(
      fc.property(fc.array(position, { minLength: 1, maxLength: 20 }), (list) => {
        expect(readingsOf(list.map(positionV3))).toEqual(
          list.map((item) => ({
            tag: hex(item.serial),
            position: item.position,
            quality: item.quality / 100,
            ...((item.flags & 0x40) === 0 ? {} : { usable: false }),
            extra: {
              type: '0x0135',
              seq: 1,
              sender_serial: '01:00:02FF',
              serial: printed(item.serial),
              network_time_ticks: String(item.ticks),
              quality_pct: item.quality / 100,
              anchor_count: item.anchors,
              inactive: item.flags >= 0x80,
              not_calculated: (item.flags & 0x40) !== 0,
              smoothing: item.smoothing
            }
          }))
        )
      })
    )
  })

  it('reads back motion, in SI units', () => {
    fc.assert(
      fc.property(u32, u64, fc.tuple(i32, i32, i32), fc.nat(255), (serial, ticks, raw, scale) => {
        const of = (type: number): Reading | undefined => readingsOf([inertial(type, serial, ticks, raw, scale)])[0]
        const values = (unit: number): number[] => raw.map((value) => (value * scale * unit) / 2_147_483_647)
        for (const type of [0x0139, 0x017a])
          expect(of(type)?.accelMps2).toEqual(values(9.80665).map((value) => expect.closeTo(value, 6) as number))
        for (const type of [0x013a, 0x017b])
          expect(of(type)?.gyroRadps).toEqual(values(Math.PI / 180).map((value) => expect.closeTo(value, 6) as number))
        for (const type of [0x013b, 0x017c])
          expect(Object.values(of(type)?.extra?.['magnetic_ut'] ?? {})).toEqual(
            values(1).map((value) => expect.closeTo(value, 6) as number)
          )
      })
    )
  })

  it('gives wall time once the network told its own, and none when that is long ago', () => {
    const decoder = ciholasCdp.createDecoder()
    const second = 63_897_600_000n
    const at = (ticks: bigint): number | undefined =>
      readingsOf([positionV3({ serial: 1, ticks, position: { x: 0, y: 0, z: 0 }, quality: 1, anchors: 4 })], decoder)[0]?.deviceTime
    const base = 1n << 62n
    expect(at(base)).toBeUndefined()
    readingsOf([timeMap([base - second, 1_700_000_000_000_000n], [base, 1_700_000_001_000_000n])], decoder)
    expect(at(base)).toBe(1_700_000_001_000)
    expect(at(base + second / 2n)).toBe(1_700_000_001_500)
    expect(at(base - second)).toBe(1_700_000_000_000)
    expect(at(base + 100n * second)).toBeUndefined()
    expect(at(5n)).toBeUndefined()
  })

  it('knows anchors from tags by what they do', () => {
    const decoder = ciholasCdp.createDecoder()
    const tag = 0x0104_0001
    const anchor = 0x0105_0001
    const distance = (first: number, second: number): Reading | undefined =>
      readingsOf([distanceV2(first, second, 1n, 1500, 9000)], decoder)[0]
    expect(distance(tag, anchor)).toMatchObject({ tag: hex(tag), ranges: [{ anchor: hex(anchor), rangeM: 1.5, quality: 90 }] })
    expect(distance(anchor, tag)).toMatchObject({ tag: hex(anchor) })
    expect(readingsOf([hardwareStatus(tag, 80, 250)], decoder)).toMatchObject([{ tag: hex(tag), batteryPct: 80, temperatureDegC: -6 }])
    expect(readingsOf([hardwareStatus(anchor, 255, 40)], decoder)).toMatchObject([{ device: hex(anchor) }])
    // A health report is an anchor's.
    readingsOf([{ type: 0x014a, data: Uint8Array.of(1, 0, 5, 1, ...new Uint8Array(25)) }], decoder)
    expect(distance(anchor, tag)).toMatchObject({ tag: hex(tag), ranges: [{ anchor: hex(anchor) }] })
    expect(readingsOf([hardwareStatus(anchor, 100, 40)], decoder)).toMatchObject([{ device: hex(anchor), batteryPct: 100 }])
  })

  it('reads every known type when it is long enough, and refuses the packet when one is too short', () => {
    const decoder = ciholasCdp.createDecoder()
    for (const type of ITEMS.keys()) {
      // A list takes whole entries only, so not every length will do.
      const decoded = Array.from({ length: 16 }, (_unused, more) =>
        decoder.decode(encodeCdp(1, SENDER, [{ type, data: new Uint8Array(300 + more).fill(1) }]), {})
      ).find((result) => result.kind === 'readings')
      const extra = decoded?.kind === 'readings' ? decoded.readings[0]?.extra : undefined
      expect(extra?.['type']).toBe(`0x${type.toString(16).toUpperCase().padStart(4, '0')}`)
      expect(extra).not.toHaveProperty('unknown')
    }
    const good = positionV3({ serial: 1, ticks: 1n, position: { x: 1, y: 1, z: 1 }, quality: 1, anchors: 4 })
    expect(decoder.decode(encodeCdp(1, SENDER, [good, { type: 0x0135, data: good.data.subarray(0, 29) }]), {})).toMatchObject({
      kind: 'error',
      code: 'FRAME_LENGTH'
    })
  })

  it('keeps what stands behind the fields that are known', () => {
    const good = positionV3({ serial: 1, ticks: 1n, position: { x: 1, y: 2, z: 3 }, quality: 1, anchors: 4 })
    expect(readingsOf([{ type: good.type, data: Uint8Array.of(...good.data, 0xab) }])).toMatchObject([
      { tag: '00000001', position: { x: 1, y: 2, z: 3 }, extra: { rest_hex: 'ab', not_calculated: false } }
    ])
  })

  it('never throws, and gives nothing of a packet whose lengths do not fit', () => {
    const decoder = ciholasCdp.createDecoder()
    const anyItem = fc.record({ type: fc.oneof(fc.constantFrom(...ITEMS.keys()), fc.nat(0xffff)), data: fc.uint8Array({ maxLength: 80 }) })
    const packet = fc.array(anyItem, { maxLength: 6 }).map((items) => encodeCdp(7, SENDER, items))
    fc.assert(
      fc.property(packet, fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { maxLength: 4 }), fc.nat(200), (valid, changes, cut) => {
        expect(['readings', 'ignored', 'error']).toContain(decoder.decode(valid, {}).kind)
        const bytes = Uint8Array.from(valid)
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        expect(JSON.stringify(decoder.decode(bytes, {}))).not.toContain('NaN')
        expect(decoder.decode(Uint8Array.of(...valid, 1, 2), {}).kind).toBe('error')
        decoder.decode(bytes.subarray(0, cut), {})
      })
    )
    fc.assert(
      fc.property(position, fc.integer({ min: 1, max: 33 }), (item, cut) => {
        const whole = encodeCdp(1, SENDER, [positionV3(item)])
        expect(decoder.decode(whole.subarray(0, whole.length - cut), {})).toMatchObject({ kind: 'error', code: 'FRAME_LENGTH' })
      })
    )
  })
})
