import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecodeResult, FrameContext } from '../codec.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { encodeMinewUpload, type MinewHeard } from './encode-minew.ts'
import { minewGatewayJson } from './minew-gateway-codec.ts'

const decode = (text: string, context: FrameContext = {}): DecodeResult => minewGatewayJson.createDecoder().decode(utf8Bytes(text), context)
const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''))
const common = { mac: hex(6), rssiDbm: fc.integer({ min: -127, max: 0 }) }
const u16 = fc.nat(0xffff)
const heard: fc.Arbitrary<MinewHeard> = fc.oneof(
  fc.record({ ...common, beacon: fc.record({ uuid: hex(16), major: u16, minor: u16, powerDbm: fc.integer({ min: -100, max: -1 }) }) }),
  fc.record({
    ...common,
    climate: fc.record({
      temperatureDegC: fc.integer({ min: -40, max: 85 }),
      humidityPct: fc.integer({ min: 0, max: 100 }),
      batteryPct: fc.integer({ min: 1, max: 100 })
    })
  }),
  fc.record({ ...common, advertisementHex: hex(9).map((data) => `0aff0600${data.slice(4)}`) })
)

function expectRecord(reading: Reading, sent: MinewHeard | undefined, gateway: string, timeMs: number): void {
  if (sent === undefined) throw new Error('a record too many')
  expect(reading).toMatchObject({ tag: sent.mac, receiver: gateway, rssiDbm: sent.rssiDbm, deviceTime: timeMs })
  if ('climate' in sent) expect(reading).toMatchObject(sent.climate)
  if ('advertisementHex' in sent) expect(reading.extra?.['adv_hex']).toBe(sent.advertisementHex)
  if (!('beacon' in sent)) return
  const { uuid, major, minor, powerDbm } = sent.beacon
  expect(reading).toMatchObject({ txPowerDbm: powerDbm, extra: { type: 'iBeacon', uuid, major, minor } })
  expect(reading.batteryPct).toBeUndefined()
}

describe('Minew gateways', () => {
  it('reads back every upload, with the gateway in a record or in the topic', () => {
    fc.assert(
      fc.property(
        hex(6),
        fc.boolean(),
        fc.integer({ min: 1, max: 4e12 }),
        fc.array(heard, { minLength: 1, maxLength: 5 }),
        (gateway, own, timeMs, list) => {
          const result = decode(encodeMinewUpload(own ? gateway : undefined, timeMs, list), { topic: `/gw/${gateway}/status` })
          if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
          const [first, ...rest] = result.readings
          if (own) expect(first).toMatchObject({ device: gateway, online: true, deviceTime: timeMs })
          const tags = own ? rest : result.readings
          expect(tags).toHaveLength(list.length)
          for (const [at, reading] of tags.entries()) expectRecord(reading, list[at], gateway, timeMs)
        }
      )
    )
  })

  it('reads what is inside the advertising data, as if heard by the appliance itself', () => {
    const ruuvi = '02010611ff990405'.concat('0000'.repeat(4))
    const whole = `02010 61bff9904 05 12fc 5394 c37c 0004 fffc 040c ac36 42 00cd cbb8334c884f`.replaceAll(' ', '')
    const result = decode(encodeMinewUpload('ac233fc00000', 1, [{ mac: 'aabbccddeeff', rssiDbm: -50, advertisementHex: whole }]))
    expect(result).toMatchObject({
      readings: [
        {},
        {
          tag: 'cbb8334c884f',
          receiver: 'ac233fc00000',
          rssiDbm: -50,
          temperatureDegC: 24.3,
          signals: [{ kind: 'motion', form: 'counter', count: 66, modulus: 256 }],
          extra: { mac: 'aabbccddeeff' }
        }
      ]
    })
    const damaged = decode(encodeMinewUpload('ac233fc00000', 1, [{ mac: 'aabbccddeeff', rssiDbm: -50, advertisementHex: ruuvi }]))
    expect(damaged).toMatchObject({
      readings: [{}, { tag: 'aabbccddeeff', extra: { adv_error: expect.stringContaining('FRAME_LENGTH') } }]
    })
  })

  it('takes hundreds of records, and refuses what no gateway sends', () => {
    const many = Array.from({ length: 800 }, (_unused, at) => ({
      mac: at.toString(16).padStart(12, '0'),
      rssiDbm: -60,
      advertisementHex: '020106'
    }))
    const result = decode(encodeMinewUpload('ac233fc00000', 1, many))
    expect(result.kind === 'readings' && result.readings.length).toBe(801)
    expect(decode(' '.repeat(600_000))).toMatchObject({ kind: 'error', code: 'FRAME_LENGTH' })
  })

  it('never throws, whatever the message', () => {
    const value = fc.oneof(fc.string(), fc.double(), fc.constant(null), fc.boolean(), hex(6), fc.constantFrom('Gateway', 'iBeacon', '127'))
    const keys = [
      'mac',
      'type',
      'rssi',
      'timestamp',
      'rawData',
      'ibeaconUuid',
      'ibeaconMajor',
      'ibeaconMinor',
      'battery',
      'temperature',
      '__proto__'
    ]
    const record = fc.dictionary(fc.constantFrom(...keys), value)
    const decoder = minewGatewayJson.createDecoder()
    const text = fc.oneof(
      fc.json(),
      fc.array(record).map((list) => JSON.stringify(list))
    )
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), text.map(utf8Bytes)), fc.boolean(), (frame, retained) => {
        const result = decoder.decode(frame, { retained, topic: '/gw/x/status' })
        if (result.kind !== 'readings') return
        for (const reading of result.readings) {
          expect(reading.tag ?? reading.device).toMatch(/^[0-9a-f]{12}$/)
          expect(reading.stale).toBe(retained ? true : undefined)
          expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
        }
      }),
      { numRuns: 300 }
    )
  })
})
