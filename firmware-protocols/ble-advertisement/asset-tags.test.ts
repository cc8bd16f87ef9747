import { createCipheriv, createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecodeResult } from '../codec.ts'
import { encodeAdStructures, manufacturerStructure } from '../kit/ad-structures.ts'
import { toHex } from '../kit/hex.ts'
import type { Reading } from '../reading.ts'
import { draftOfAdvlib } from './advlib-content.ts'
import { bleAdvertisement } from './ble-advertisement-codec.ts'
import { encodeEye, encodeKkmFields, encodeMokoTrigger, type KkmValues } from './encode-asset-tags.ts'

const ADDRESS = 'bc5729000001'
const service = (uuid: number, payload: Uint8Array): Uint8Array =>
  encodeAdStructures([{ type: 0x16, data: Uint8Array.of(uuid & 0xff, uuid >> 8, ...payload) }])
const company = (id: number, payload: Uint8Array): Uint8Array => encodeAdStructures([manufacturerStructure(id, payload)])

const decode = (frame: Uint8Array, settings?: unknown): DecodeResult =>
  bleAdvertisement.createDecoder(settings).decode(frame, { address: ADDRESS })
function reading(frame: Uint8Array, settings?: unknown): Reading {
  const result = decode(frame, settings)
  if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
  return result.readings[0] ?? {}
}
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })

describe('asset tags', () => {
  it('reads back what a Teltonika EYE announces, and nothing else', () => {
    const eye = fc.record({
      temperatureDegC: maybe(fc.integer({ min: -4000, max: 8500 }).map((raw) => raw / 100)),
      humidityPct: maybe(fc.nat(100)),
      magnet: maybe(fc.boolean()),
      movement: maybe(fc.record({ moving: fc.boolean(), count: fc.nat(0x7fff) })),
      angle: maybe(fc.record({ pitchDeg: fc.integer({ min: -90, max: 90 }), rollDeg: fc.integer({ min: -180, max: 180 }) })),
      lowBattery: fc.boolean(),
      batteryV: maybe(fc.integer({ min: 200, max: 455 }).map((raw) => raw / 100))
    })
    fc.assert(
      fc.property(eye, (sent) => {
        const got = reading(company(0x089a, encodeEye(sent)))
        expect(got.temperatureDegC).toBe(sent.temperatureDegC)
        expect(got.humidityPct).toBe(sent.humidityPct)
        expect(got.extra?.['magnet_detected']).toBe(sent.magnet)
        expect(got.moving).toBe(sent.movement?.moving)
        expect(got.movementCount).toBe(sent.movement?.count)
        expect(got.extra?.['pitch_deg']).toBe(sent.angle?.pitchDeg)
        expect(got.extra?.['roll_deg']).toBe(sent.angle?.rollDeg)
        expect(got.batteryV).toBe(sent.batteryV)
        expect(got.signals?.[0]).toEqual({ kind: 'low-battery', form: 'level', on: sent.lowBattery })
      })
    )
  })

  it('makes of each way to press a MOKO button a counter of its own', () => {
    const trigger = fc.record({
      way: fc.nat(3),
      triggered: fc.boolean(),
      count: fc.nat(0xffff),
      deviceId: fc.uint8Array({ minLength: 1, maxLength: 6 })
    })
    fc.assert(
      fc.property(trigger, (sent) => {
        const got = reading(service(0xfee0, encodeMokoTrigger(sent)))
        const slot = ['single', 'double', 'long'][sent.way]
        const named = slot === undefined ? { kind: 'motionless' } : { kind: 'button', slot }
        expect(got.signals).toEqual([{ ...named, form: 'counter', count: sent.count, modulus: 65_536, active: sent.triggered }])
        expect(got.extra?.['device_id']).toBe(toHex(sent.deviceId))
      })
    )
  })

  it('holds a BlueUp alarm while its bit is set, and says nothing for a beacon that has none', () => {
    for (let status = 0; status < 256; status++) {
      const got = reading(service(0x8800, Uint8Array.of(status)))
      const level = { kind: 'sos', form: 'level', on: (status & 0x80) !== 0 }
      expect(got.signals).toEqual((status & 0xc0) === 0 ? undefined : [level])
    }
  })

  it('tells a drop of a MikroTik tag from an impact, by one bit and three', () => {
    for (let flags = 0; flags < 64; flags++) {
      const payload = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 25, 0, 0, 0, 0, flags, 80)
      expect(reading(company(0x094f, payload)).signals).toEqual([
        { kind: 'fall', form: 'level', on: (flags & 4) !== 0 },
        { kind: 'impact', form: 'level', on: flags >= 8 }
      ])
    }
  })

  it('keeps gravity at 1 g in each of the ranges of a MOKO beacon', () => {
    const digits = [1000, 500, 250, 83]
    for (const [range, digit] of digits.entries()) {
      const raw = digit << 4
      const payload = Uint8Array.of(0x60, 0, 10, 1, range, 1, 0, 0, 0, 0, raw >> 8, raw & 0xff)
      const { accelMps2 } = reading(service(0xfeab, payload))
      expect(Math.abs((accelMps2?.[2] ?? 0) / 9.80665 - 1)).toBeLessThan(0.005)
    }
  })

  it('reads back what a Sensirion gadget measures', () => {
    const sample = fc.record({ degrees: fc.nat(0xffff), humidity: fc.nat(0xffff), co2: fc.nat(0xfffe) })
    fc.assert(
      fc.property(sample, ({ degrees, humidity, co2 }) => {
        const values = [degrees, humidity, co2].flatMap((value) => [value & 0xff, value >> 8])
        const got = reading(company(0x06d5, Uint8Array.of(0, 10, 0xbe, 0xef, ...values)))
        expect(got.temperatureDegC).toBeCloseTo(-45 + (175 * degrees) / 65_535, 9)
        expect(got.humidityPct).toBeCloseTo((100 * humidity) / 65_535, 9)
        expect(got.co2Ppm).toBe(co2)
      })
    )
  })

  it('never tells less time for a greater code of an Estimote motion state', () => {
    const seconds = Array.from({ length: 256 }, (_unused, code) => {
      const payload = new Uint8Array(20)
      payload.set([0x12])
      payload[14] = code
      return Number(reading(service(0xfe9a, payload)).extra?.['curr_motion_s'])
    })
    expect(seconds[63]).toBe(63)
    for (const [first, last] of [
      [0, 63],
      [64, 127],
      [128, 191],
      [192, 223],
      [224, 255]
    ] as const)
      for (let code = first + 1; code <= last; code++) expect(seconds[code]).toBeGreaterThan(seconds[code - 1] ?? Infinity)
  })
})

describe('encrypted KKM frames', () => {
  const values: fc.Arbitrary<KkmValues> = fc.record({
    batteryV: fc.integer({ min: 1800, max: 4200 }).map((raw) => raw / 1000),
    temperatureDegC: fc.integer({ min: -10_240, max: 25_600 }).map((raw) => raw / 256),
    humidityPct: fc.nat(25_600).map((raw) => raw / 256),
    opened: fc.boolean()
  })
  /** As the beacon makes it, by another AES and MD5 than the decoder's. */
  function encrypted(sent: KkmValues, password: string, utcS: number): Uint8Array {
    const utc = Buffer.alloc(4)
    utc.writeUInt32BE(utcS)
    const secret = Buffer.alloc(16)
    secret.write(password)
    const key = createHash('md5').update(secret).update(Buffer.from(ADDRESS, 'hex')).update(utc).digest()
    const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
    const block = Buffer.alloc(16)
    block.set(encodeKkmFields(sent))
    return Uint8Array.of(0x06, 0x00, 0x17, ...cipher.update(block), ...cipher.final(), ...utc)
  }
  const keys = (password: string): unknown => bleAdvertisement.settings?.parse({ keys: [{ tag: 'BC:57:29:00:00:01', password }] })

  it('are read with the password of the tag', () => {
    const passwords = fc.string({ minLength: 8, maxLength: 16, unit: fc.constantFrom(...'abcXYZ0189_') })
    const utc = fc.integer({ min: 1_500_000_000, max: 4_000_000_000 })
    fc.assert(
      fc.property(values, passwords, utc, fc.boolean(), (sent, password, utcS, inService) => {
        const payload = encrypted(sent, password, utcS)
        const got = reading(inService ? service(0xfeaa, payload) : company(0x0a53, payload), keys(password))
        expect(got).toMatchObject({
          tag: ADDRESS,
          batteryV: sent.batteryV,
          temperatureDegC: sent.temperatureDegC,
          humidityPct: sent.humidityPct,
          deviceTime: utcS * 1000,
          signals: [{ kind: 'tamper', form: 'level', on: sent.opened }]
        })
      }),
      { numRuns: 50 }
    )
  })

  it('are refused without a password, and with a wrong one wherever its noise shows', () => {
    const sent: KkmValues = { batteryV: 3, temperatureDegC: 20, humidityPct: 50, opened: false }
    const refusals = Array.from({ length: 64 }, (_unused, at) => {
      const result = decode(service(0xfeaa, encrypted(sent, 'right-password', 1_790_000_000 + at)), keys('wrong-password'))
      return result.kind === 'error' ? result.code : result.kind
    })
    // Of all 16-bit voltages 8 % are those of a battery.
    expect(refusals.filter((kind) => kind === 'VALUE_RANGE').length).toBeGreaterThan(48)
    expect(decode(service(0xfeaa, encrypted(sent, 'right-password', 1_790_000_000)))).toMatchObject({
      kind: 'error',
      code: 'FRAME_CONTEXT'
    })
  })
})

describe('whatever the air carries', () => {
  const companies = [0x089a, 0x0a53, 0x094f, 0x06d5, 0x0702, 0x0059, 0x0077, 0x026c, 0x03da, 0x0500, 0x0583, 0x0590, 0x075b, 0x0a62]
  const services = [
    0xfeaa, 0x2080, 0xfee0, 0xea00, 0xfeab, 0xea01, 0x8800, 0x180f, 0x5242, 0xfe9a, 0x2a67, 0x2a6e, 0x2a37, 0x2b18, 0xfdaf, 0xfd94
  ]
  const firstBytes = [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x09, 0x11, 0x12, 0x20, 0x21, 0x22, 0x24, 0x40, 0x41, 0x50, 0x60, 0x70, 0x7b, 0x80
  ]
  const payload = fc
    .record({ first: fc.constantFrom(...firstBytes), rest: fc.uint8Array({ maxLength: 30 }) })
    .map(({ first, rest }) => Uint8Array.of(first, ...rest))
  const frame = fc.oneof(
    fc.record({ id: fc.constantFrom(...companies), payload }).map((content) => company(content.id, content.payload)),
    fc.record({ id: fc.constantFrom(...services), payload }).map((content) => service(content.id, content.payload))
  )
  const settings = bleAdvertisement.settings?.parse({ keys: [{ tag: ADDRESS, password: '0000000000000000' }] })

  it('no reader throws, and every reading is plain JSON with finite numbers', () => {
    const decoder = bleAdvertisement.createDecoder(settings)
    fc.assert(
      fc.property(frame, (bytes) => {
        const result = decoder.decode(bytes, { address: ADDRESS })
        for (const got of result.kind === 'readings' ? result.readings : []) expect(JSON.parse(JSON.stringify(got))).toEqual(got)
      }),
      { numRuns: 4000 }
    )
  })

  it('what the library for the long tail returns is judged: no member of it is taken at its word', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue({ maxDepth: 3 }),
          fc.dictionary(
            fc.constantFrom(
              'temperature',
              'pressure',
              'acceleration',
              'isButtonPressed',
              'isMotionDetected',
              'deviceIds',
              'uri',
              'position'
            ),
            fc.jsonValue({ maxDepth: 2 })
          )
        ),
        (value) => {
          const draft = draftOfAdvlib(value)
          expect(draft?.position).toBeUndefined()
          expect(draft?.geo).toBeUndefined()
          // As texts, for JSON knows no -0.
          const text = JSON.stringify(draft ?? {})
          expect(JSON.stringify(JSON.parse(text))).toBe(text)
        }
      ),
      { numRuns: 500 }
    )
  })
})
