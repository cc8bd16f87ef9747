import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecodeResult } from '../codec.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { encodeShellyNotification, encodeShellyUniversal } from './encode-shelly.ts'
import { shellyBluMqtt } from './shelly-blu-codec.ts'

const decode = (topic: string | undefined, payload: string): DecodeResult =>
  shellyBluMqtt.createDecoder().decode(utf8Bytes(payload), { topic })

function read({ topic, payload }: { readonly topic: string; readonly payload: string }): Reading {
  const result = decode(topic, payload)
  const [reading] = result.kind === 'readings' ? result.readings : []
  if (reading === undefined) throw new Error(JSON.stringify(result))
  return reading
}

const mac = fc.bigInt(0n, 2n ** 48n - 1n).map((value) => value.toString(16).padStart(12, '0'))
const hundredths = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: min * 100, max: max * 100 }).map((value) => value / 100)

describe('Shelly BLU scripts', () => {
  it('read back as the tag itself would, in both forms', () => {
    const values = fc.record({
      pid: fc.nat(255),
      battery: fc.nat(100),
      temperature: hundredths(-40, 80),
      humidity: hundredths(0, 100),
      illuminance: hundredths(0, 80_000)
    })
    fc.assert(
      fc.property(mac, fc.integer({ min: -127, max: 0 }), values, (tag, rssiDbm, said) => {
        const expected = {
          tag,
          rssiDbm,
          sequence: said.pid,
          batteryPct: said.battery,
          temperatureDegC: said.temperature,
          humidityPct: said.humidity,
          illuminanceLux: said.illuminance
        }
        expect(read(encodeShellyUniversal({ mac: tag, rssiDbm, values: said }))).toMatchObject(expected)
        expect(read(encodeShellyNotification('shellyplus1-a1b2c3', { mac: tag, rssiDbm, values: said }))).toMatchObject({
          ...expected,
          receiver: 'shellyplus1-a1b2c3'
        })
      })
    )
  })

  it('tell presses as events, each button of several by itself', () => {
    const press = (button: number | number[]): Reading =>
      read(encodeShellyUniversal({ mac: 'aabbccddeeff', rssiDbm: -50, values: { pid: 9, button } }))
    expect(press(1).signals).toEqual([{ kind: 'button', slot: 'press', form: 'event', id: '9' }])
    expect(press([0, 4]).signals).toEqual([{ kind: 'button', slot: '2_long_press', form: 'event', id: '9' }])
    expect(press(0).signals).toBeUndefined()
    expect(press(0x0201).signals, 'a build that reads two bytes').toEqual([{ kind: 'button', slot: 'press', form: 'event', id: '9' }])
  })

  it('never throw, whatever the message', () => {
    const value = fc.oneof(
      fc.string(),
      fc.double(),
      fc.constant(null),
      fc.boolean(),
      fc.array(fc.integer({ min: -1, max: 256 })),
      fc.constant('60:ef:ab:aa:bb:cc')
    )
    const keys = [
      'addr',
      'address',
      'rssi',
      'service_data',
      'data',
      'pid',
      'battery',
      'button',
      'encryption',
      'time',
      'gateway',
      'temperature'
    ]
    const flat = fc.dictionary(fc.constantFrom(...keys), value)
    const message = fc.oneof(
      flat,
      fc.record({ addr: fc.constant('60:ef:ab:aa:bb:cc'), service_data: flat }),
      fc.record({ params: fc.record({ events: fc.array(fc.record({ data: flat })) }) })
    )
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map(utf8Bytes),
      message.map((body) => utf8Bytes(JSON.stringify(body)))
    )
    const decoder = shellyBluMqtt.createDecoder()
    fc.assert(
      fc.property(frame, fc.constantFrom('60:ef:ab:aa:bb:cc', 'shelly/online', 'x', undefined), (bytes, topic) => {
        const result = decoder.decode(bytes, { topic })
        if (result.kind !== 'readings') return
        for (const reading of result.readings) {
          expect(reading.tag ?? reading.device).toBeTypeOf('string')
          expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
        }
      }),
      { numRuns: 500 }
    )
  })
})
