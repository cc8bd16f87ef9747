import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecodeResult, FrameContext } from '../codec.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { encodeOmg, type OmgHeard } from './encode-omg.ts'
import { openmqttgatewayBle } from './omg-codec.ts'

const decode = (payload: string, context: FrameContext): DecodeResult =>
  openmqttgatewayBle.createDecoder().decode(utf8Bytes(payload), context)

function read(heard: Partial<OmgHeard>, retained = false): Reading {
  const { topic, payload } = encodeOmg({ gateway: 'hall', mac: 'aabbccddeeff', rssiDbm: -60, ...heard })
  const result = decode(payload, { topic, retained })
  const [reading] = result.kind === 'readings' ? result.readings : []
  if (reading === undefined) throw new Error(JSON.stringify(result))
  return reading
}

const mac = fc.bigInt(0n, 2n ** 48n - 1n).map((value) => value.toString(16).padStart(12, '0'))
const tenths = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min: min * 10, max: max * 10 }).map((value) => value / 10)

describe('OpenMQTTGateway and Theengs', () => {
  it('read back every tag, numbers as numbers or as texts', () => {
    const values = fc.record({
      tempc: tenths(-40, 80),
      hum: tenths(0, 100),
      batt: fc.nat(100),
      volt: tenths(1, 5),
      pres: tenths(300, 1100),
      lux: fc.nat(80_000)
    })
    fc.assert(
      fc.property(
        mac,
        fc.constantFrom('hall', 'OMG_LILYGO_9C9E'),
        fc.integer({ min: -127, max: 0 }),
        values,
        fc.boolean(),
        (tag, gateway, rssiDbm, said, numbersAsText) => {
          const reading = read({ mac: tag, gateway, rssiDbm, values: said, numbersAsText })
          expect(reading).toMatchObject({
            tag,
            receiver: gateway,
            rssiDbm,
            temperatureDegC: said.tempc,
            humidityPct: said.hum,
            batteryPct: said.batt,
            batteryV: said.volt,
            illuminanceLux: said.lux
          })
          expect(reading.pressurePa).toBeCloseTo(said.pres * 100, 3)
        }
      )
    )
  })

  it('know the unit of an acceleration by the model', () => {
    const values = { accx: 1000, accy: 0, accz: -500 }
    expect(read({ values: { ...values, model_id: 'K9' } }).accelMps2).toEqual([9.80665, 0, -4.90332])
    expect(read({ values: { accx: 0.5, accy: 9.7, accz: -1, model_id: 'RDL52832' } }).accelMps2).toEqual([0.5, 9.7, -1])
    expect(read({ values: { accx: 3, accy: 35, model_id: 'M1017' } })).toMatchObject({ extra: { tilt_raw: [3, 35, null] } })
    expect(read({ values: { pres: 2.25, model_id: 'TPMS' } }).pressurePa).toBe(225_000)
  })

  it('read what is inside raw data with our own reader', () => {
    const pressed = read({ values: { servicedatauuid: '0xfcd2', servicedata: '44001d01643a01' } })
    expect(pressed).toMatchObject({ batteryPct: 100, signals: [{ kind: 'button', slot: 'press', form: 'event', id: '29' }] })
    const ruuvi = '99040512fc5394c37c0004fffc040cac364200cdcbb8334c884f'
    expect(read({ values: { manufacturerdata: ruuvi } })).toMatchObject({ tag: 'cbb8334c884f', temperatureDegC: 24.3 })
    expect(read({ values: { servicedatauuid: '0xfcd2', servicedata: '44001d01643a01' } }, true).signals).toEqual([])
  })

  it('never throw, whatever the message', () => {
    const value = fc.oneof(
      fc.string(),
      fc.double(),
      fc.constant(null),
      fc.boolean(),
      fc.constantFrom('60:ef:ab:aa:bb:cc', '0xfcd2', '40003a01')
    )
    const keys = [
      'id',
      'mac',
      'rssi',
      'tempc',
      'tempf',
      'hum',
      'pres',
      'batt',
      'accx',
      'accy',
      'mov',
      'button',
      'uuid',
      'major',
      'minor',
      'servicedata',
      'servicedatauuid',
      'manufacturerdata',
      'model_id'
    ]
    const message = fc.dictionary(fc.constantFrom(...keys), value)
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map(utf8Bytes),
      message.map((body) => utf8Bytes(JSON.stringify(body)))
    )
    const topic = fc.constantFrom(
      'home/g/BTtoMQTT/60EFABAABBCC',
      'home/g/SYStoMQTT',
      'home/g/LWT',
      'presence/1de4b189115e45f6b44e509352269977',
      'x',
      undefined
    )
    const decoder = openmqttgatewayBle.createDecoder()
    fc.assert(
      fc.property(frame, topic, (bytes, at) => {
        const result = decoder.decode(bytes, { topic: at })
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
