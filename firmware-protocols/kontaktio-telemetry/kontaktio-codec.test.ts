import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecodeResult } from '../codec.ts'
import { utf8Bytes } from '../kit/text.ts'
import { encodeKontaktio } from './encode-kontaktio.ts'
import { kontaktioTelemetry } from './kontaktio-codec.ts'

const decode = (payload: string, retained = false): DecodeResult =>
  kontaktioTelemetry.createDecoder().decode(utf8Bytes(payload), { topic: 'telemetry/c', retained })
const mac = fc.bigInt(0n, 2n ** 48n - 1n).map((value) => value.toString(16).padStart(12, '0'))

describe('Kontakt.io telemetry', () => {
  it('reads back every record; a press by its age', () => {
    const said = fc.record({
      tag: mac,
      source: mac,
      rssiDbm: fc.integer({ min: -127, max: 0 }),
      timeMs: fc.integer({ min: 1, max: 4e12 }),
      batteryPct: fc.nat(100),
      temperatureDegC: fc.integer({ min: -40, max: 85 }),
      humidityPct: fc.nat(100),
      sinceClickS: fc.nat(65_534),
      movementCount: fc.nat(255)
    })
    fc.assert(
      fc.property(said, (sent) => {
        const { tag, source, rssiDbm, timeMs, batteryPct, temperatureDegC, humidityPct, sinceClickS, movementCount } = sent
        expect(decode(encodeKontaktio(sent))).toMatchObject({
          readings: [
            {
              tag,
              receiver: source,
              rssiDbm,
              deviceTime: timeMs,
              batteryPct,
              temperatureDegC,
              humidityPct,
              movementCount,
              signals: [
                { kind: 'button', form: 'age', ageS: Math.min(sinceClickS, 3600), saturatesAtS: 3600 },
                { kind: 'motion', form: 'counter', count: movementCount, modulus: 256 }
              ],
              extra: { seconds_since_click: sinceClickS }
            }
          ]
        })
      })
    )
  })

  it('takes no press from a retained message, whose age nobody knows', () => {
    const text = encodeKontaktio({ tag: 'aabbccddeeff', source: '010203040506', rssiDbm: -50, timeMs: 1e12, sinceClickS: 2 })
    expect(JSON.stringify(decode(text))).toContain('"signals"')
    expect(JSON.stringify(decode(text, true))).not.toContain('"signals"')
  })

  it('never throws, whatever the message', () => {
    const value = fc.oneof(fc.string(), fc.double(), fc.constant(null), fc.boolean(), fc.constantFrom('aabbccddeeff', 65_535, 16))
    const keys = [
      'trackingId',
      'sourceId',
      'rssi',
      'timestamp',
      'beaconTimestamp',
      'accelerometerX',
      'accelerometerSensitivity',
      'timeSinceClick',
      'timeSinceTap',
      'movementCounter',
      'humidity'
    ]
    const record = fc.dictionary(fc.constantFrom(...keys), value)
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map(utf8Bytes),
      fc.oneof(record, fc.array(record)).map((body) => utf8Bytes(JSON.stringify(body)))
    )
    const decoder = kontaktioTelemetry.createDecoder()
    fc.assert(
      fc.property(frame, fc.constantFrom('/stream/abCD/all', 'telemetry/x', undefined), (bytes, topic) => {
        const result = decoder.decode(bytes, { topic })
        if (result.kind !== 'readings') return
        for (const reading of result.readings) {
          expect(reading.tag).toMatch(/^[\x21-\x7e]{1,64}$/)
          expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
        }
      }),
      { numRuns: 500 }
    )
  })
})
