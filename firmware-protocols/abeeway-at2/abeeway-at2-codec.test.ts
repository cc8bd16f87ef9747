import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../kit/hex.ts'
import type { Reading } from '../reading.ts'
import { abeewayAt2 } from './abeeway-at2-codec.ts'
import { encodeAt2Event, encodeAt2Fix, encodeAt2Shock } from './encode-at2.ts'

const RECEIVED_AT = 1_772_352_000_000
const decoder = abeewayAt2.createDecoder()

function read(frame: Uint8Array, fPort = 18, retained = false): Reading {
  const result = decoder.decode(frame, { receivedAt: RECEIVED_AT, fPort, retained })
  if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
  const [reading] = result.readings
  if (reading === undefined) throw new Error('no reading')
  return reading
}

const header = fc.record({
  mode: fc.nat(5),
  sos: fc.boolean(),
  moving: fc.boolean(),
  battery: fc.integer({ min: 0, max: 255 }),
  temperatureDegC: fc.integer({ min: -40, max: 80 })
})

describe('Abeeway Asset Tracker 2', () => {
  it('reads back every fix, and when it was taken', () => {
    const fix = fc.record({
      ageS: fc.nat(65_535),
      latitudeDeg: fc.integer({ min: -899_999_999, max: 899_999_999 }).map((value) => value / 1e7 || 0),
      longitudeDeg: fc.integer({ min: 1, max: 1_799_999_999 }).map((value) => value / 1e7),
      altitudeM: fc.integer({ min: -400, max: 9000 }),
      accuracyM: fc.nat(250),
      courseDeg: fc.nat(35_999).map((value) => value / 100),
      speedMps: fc.nat(6000).map((value) => value / 100)
    })
    fc.assert(
      fc.property(header, fix, (head, place) => {
        const reading = read(encodeAt2Fix(head, place))
        const { latitudeDeg, longitudeDeg, altitudeM, accuracyM, courseDeg, speedMps } = place
        expect(reading).toMatchObject({
          geo: { latitudeDeg, longitudeDeg, altitudeM },
          accuracyM,
          courseDeg,
          speedMps,
          moving: head.moving,
          deviceTime: RECEIVED_AT - place.ageS * 1000,
          signals: [{ kind: 'sos', form: 'level', on: head.sos }],
          extra: { position_type: 'GPS', sos: head.sos, age_s: place.ageS }
        })
        expect(Math.abs((reading.temperatureDegC ?? 0) - head.temperatureDegC)).toBeLessThan(0.5)
        expect(reading.batteryPct).toBe(head.battery >= 1 && head.battery <= 100 ? head.battery : undefined)
        expect(reading.charging).toBe(head.battery === 255 ? undefined : head.battery === 0)
      })
    )
  })

  it('takes the word of an SOS event over the status bit', () => {
    fc.assert(
      fc.property(header, (head) => {
        expect(read(encodeAt2Event(head, 7)).signals).toEqual([{ kind: 'sos', form: 'level', on: true }])
        expect(read(encodeAt2Event(head, 8)).signals).toEqual([{ kind: 'sos', form: 'level', on: false }])
      })
    )
  })

  it('lets old news raise an alert, and never end one', () => {
    expect(read(encodeAt2Event({}, 7), 18, true)).toMatchObject({ stale: true, signals: [{ kind: 'sos', on: true }] })
    expect(read(encodeAt2Event({}, 8), 18, true)).toMatchObject({ stale: true, signals: [] })
  })

  it('reads shocks as impacts, and the critical angle as a fall until it is over', () => {
    expect(read(encodeAt2Shock({ moving: true }, 2, [-191, -167, 991]))).toMatchObject({
      signals: [{ kind: 'sos' }, { kind: 'impact', form: 'event' }],
      extra: { shock_count: 2, shock_accel_mps2: [-1.87307, -1.63771, 9.71839] }
    })
    const angle = (transition: number): number[] => [transition << 5, 1, 44, ...new Array<number>(12).fill(0), 30]
    for (let transition = 0; transition <= 4; transition++)
      expect(read(encodeAt2Event({}, 9, angle(transition))).signals?.[1]).toEqual({
        kind: 'fall',
        slot: 'angle',
        form: 'level',
        on: transition === 2
      })
  })

  it('never throws, and never gives a place off the Earth', () => {
    const type = fc.constantFrom(0, 3, 4, 5, 7, 9, 10, 11, 12, 13, 14, 15, 99)
    const frame = fc.tuple(type, fc.uint8Array({ maxLength: 60 })).map(([first, rest]) => Uint8Array.of(first, ...rest))
    fc.assert(
      fc.property(frame, fc.option(fc.nat(255), { nil: undefined }), (bytes, fPort) => {
        const result = decoder.decode(bytes, { fPort })
        if (result.kind !== 'readings') return
        for (const reading of result.readings) {
          expect(JSON.parse(JSON.stringify(reading)), toHex(bytes)).toEqual(reading)
          if (reading.geo) expect(Math.abs(reading.geo.latitudeDeg) <= 90 && Math.abs(reading.geo.longitudeDeg) <= 180).toBe(true)
        }
      }),
      { numRuns: 2000 }
    )
  })
})
