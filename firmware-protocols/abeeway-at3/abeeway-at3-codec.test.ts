import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../kit/hex.ts'
import type { Reading } from '../reading.ts'
import { abeewayAt3 } from './abeeway-at3-codec.ts'
import { encodeAt3Fix, encodeAt3Notification } from './encode-at3.ts'

const decoder = abeewayAt3.createDecoder()
const HOUR_MS = 3_600_000

function read(frame: Uint8Array, receivedAt?: number): Reading {
  const result = decoder.decode(frame, { receivedAt })
  const [reading] = result.kind === 'readings' ? result.readings : []
  if (reading === undefined) throw new Error(JSON.stringify(result))
  return reading
}

const wholeSecond = fc.integer({ min: 100_000, max: 4_000_000_000 }).map((seconds) => seconds * 1000)
const fix = fc.record({
  moving: fc.boolean(),
  motionCount: fc.nat(15),
  latitudeDeg: fc.integer({ min: -899_999_999, max: 899_999_999 }).map((value) => value / 1e7 || 0),
  longitudeDeg: fc.integer({ min: 1, max: 1_799_999_999 }).map((value) => value / 1e7),
  altitudeM: fc.integer({ min: -400, max: 9000 }),
  accuracyM: fc.nat(250),
  courseDeg: fc.nat(35_999).map((value) => value / 100),
  speedMps: fc.nat(6000).map((value) => value / 100),
  satellites: fc.nat(15)
})

describe('Abeeway Asset Tracker 3', () => {
  it('reads back every fix', () => {
    fc.assert(
      fc.property(fix, fc.boolean(), fc.nat(127), (place, sos, battery) => {
        const { latitudeDeg, longitudeDeg, altitudeM, accuracyM, courseDeg, speedMps, satellites, moving, motionCount } = place
        const reading = read(encodeAt3Fix({ sos, battery }, place))
        expect(reading).toMatchObject({
          geo: { latitudeDeg, longitudeDeg, altitudeM },
          accuracyM,
          courseDeg,
          speedMps,
          moving,
          movementCount: motionCount
        })
        expect(reading.extra).toMatchObject({ position_type: 'GNSS', position_status: 'SUCCESS', fix: 'FIX_3D', satellites, sos })
        expect(reading.batteryPct).toBe(battery >= 1 && battery <= 100 ? battery : undefined)
        expect(reading.deviceTime).toBeUndefined()
        expect(reading.usable).toBeUndefined()
      })
    )
  })

  it('finds the half day of a stamp from the receive time, be the tracker up to eleven hours late or one early', () => {
    fc.assert(
      fc.property(wholeSecond, fc.integer({ min: -HOUR_MS + 1, max: 11 * HOUR_MS - 1000 }), (timeMs, delayMs) => {
        expect(read(encodeAt3Notification({ timeMs }, 3, 0), timeMs + delayMs).deviceTime).toBe(timeMs)
      })
    )
  })

  it('keeps the time of a buffered frame in full and marks it stale', () => {
    fc.assert(
      fc.property(wholeSecond, wholeSecond, (timeMs, receivedAt) => {
        const reading = read(encodeAt3Notification({ timeMs, buffered: true }, 0, 4, [23, 0]), receivedAt)
        expect(reading).toMatchObject({ stale: true, deviceTime: timeMs, temperatureDegC: 23, extra: { buffered: true } })
      })
    )
  })

  it('tells SOS on and off by the notification or by the flag, and off never from a buffer', () => {
    expect(read(encodeAt3Notification({}, 1, 0)).signals).toEqual([{ kind: 'sos', form: 'level', on: true }])
    expect(read(encodeAt3Notification({ sos: true }, 1, 1)).signals).toEqual([{ kind: 'sos', form: 'level', on: false }])
    expect(read(encodeAt3Notification({ sos: true }, 0, 4, [20, 0])).signals).toEqual([{ kind: 'sos', form: 'level', on: true }])
    expect(read(encodeAt3Notification({ timeMs: 1e12, buffered: true }, 1, 0)).signals).toEqual([{ kind: 'sos', form: 'level', on: true }])
    expect(read(encodeAt3Notification({ timeMs: 1e12, buffered: true }, 1, 1)).signals).toEqual([])
  })

  it('reads shock, tamper and motion', () => {
    const shock = [0xff, 0x68, 0, 29, 4, 1, 7, 2]
    expect(read(encodeAt3Notification({}, 3, 2, shock))).toMatchObject({
      signals: [{ kind: 'sos' }, { kind: 'impact', form: 'event' }],
      extra: { notification: 'ACCELEROMETER/SHOCK', shock_accel_mps2: [-1.49061, 0.28439, 10.05182], gadd_index: 7, shock_count: 2 }
    })
    expect(read(encodeAt3Notification({}, 0, 3, [1])).signals?.[1]).toEqual({ kind: 'tamper', form: 'level', on: true })
    expect(read(encodeAt3Notification({}, 0, 3, [0])).signals?.[1]).toEqual({ kind: 'tamper', form: 'level', on: false })
    expect(read(encodeAt3Notification({}, 3, 0))).toMatchObject({
      moving: true,
      signals: [{ kind: 'sos' }, { kind: 'motion', form: 'event' }]
    })
  })

  it('never throws, and never gives a place off the Earth', () => {
    const head = fc.tuple(
      fc.integer({ min: 0, max: 5 }).map((type) => type << 3),
      fc.constantFrom(0, 0x80),
      fc.nat(255)
    )
    const frame = fc
      .tuple(head, fc.uint8Array({ maxLength: 60 }))
      .map(([[type, multi, second], rest]) => Uint8Array.of(type | multi, second, ...rest))
    fc.assert(
      fc.property(frame, fc.option(fc.nat(), { nil: undefined }), (bytes, receivedAt) => {
        const result = decoder.decode(bytes, { receivedAt })
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
