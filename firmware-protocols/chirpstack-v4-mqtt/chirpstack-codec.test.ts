import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeAt2Event, encodeAt2Shock } from '../abeeway-at2/encode-at2.ts'
import { encodeAt3Notification } from '../abeeway-at3/encode-at3.ts'
import type { DecodeResult, Decoder } from '../codec.ts'
import { toHex } from '../kit/hex.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { chirpstackV4Mqtt } from './chirpstack-codec.ts'
import { chirpstackSettingsSchema } from './chirpstack-settings.ts'
import {
  type ChirpstackDevice,
  type ChirpstackMessage,
  type ChirpstackUplink,
  encodeChirpstackStatus,
  encodeChirpstackUp
} from './encode-chirpstack.ts'

const DEV_EUI = '20635f0171000a0b'
const TIME_MS = 1_772_352_000_123

function decode(message: ChirpstackMessage, decoder: Decoder = chirpstackV4Mqtt.createDecoder()): DecodeResult {
  return decoder.decode(utf8Bytes(message.payload), { topic: message.topic, receivedAt: TIME_MS + 500 })
}

function read(message: ChirpstackMessage, decoder?: Decoder): Reading {
  const result = decode(message, decoder)
  const [reading] = result.kind === 'readings' ? result.readings : []
  if (reading === undefined) throw new Error(JSON.stringify(result))
  return reading
}

const up = (device: Partial<ChirpstackDevice>, uplink: Partial<ChirpstackUplink> = {}): ChirpstackMessage =>
  encodeChirpstackUp(
    { devEui: DEV_EUI, ...device },
    {
      timeMs: TIME_MS,
      frameCount: 9,
      fPort: 18,
      data: encodeAt2Event({}, 7),
      heardBy: [{ gateway: '0016c001f153a14c', rssiDbm: -70, snrDb: 5 }],
      ...uplink
    }
  )

describe('ChirpStack v4', () => {
  it('reads back every uplink; the strongest gateway stands for all', () => {
    const heard = fc.record({
      gateway: fc.bigInt(0n, 2n ** 64n - 1n).map((value) => value.toString(16).padStart(16, '0')),
      rssiDbm: fc.integer({ min: -128, max: -1 }),
      snrDb: fc.integer({ min: -20, max: 15 })
    })
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.integer({ min: 1, max: 223 }),
        fc.uint8Array({ maxLength: 51 }),
        fc.array(heard, { minLength: 1, maxLength: 4 }),
        (frameCount, fPort, data, heardBy) => {
          const reading = read(up({}, { frameCount, fPort, data, heardBy }))
          const strongest = Math.max(...heardBy.map(({ rssiDbm }) => rssiDbm))
          expect(reading).toMatchObject({
            tag: DEV_EUI,
            sequence: frameCount,
            rssiDbm: strongest,
            deviceTime: TIME_MS,
            extra: { kind: 'up', f_cnt: frameCount, f_port: fPort, data_hex: toHex(data), gateways: heardBy.length, spreading_factor: 9 }
          })
          expect(heardBy.some(({ gateway, rssiDbm }) => gateway === reading.receiver && rssiDbm === strongest)).toBe(true)
          expect(reading.signals).toBeUndefined()
        }
      )
    )
  })

  it('chooses the reader of payloads by setting, tag of the device, profile and port', () => {
    const forced = (payload: string): Decoder => chirpstackV4Mqtt.createDecoder(chirpstackSettingsSchema.parse({ payload }))
    const sos = [{ kind: 'sos', form: 'level', on: true }]
    expect(read(up({ profile: 'Abeeway Micro Tracker' })).signals).toEqual(sos)
    expect(read(up({ profile: 'Abeeway Compact', tags: { payload: 'abeeway-at2' } }, { fPort: 2 })).signals).toEqual(sos)
    expect(read(up({}, { fPort: 2 }), forced('abeeway-at2')).signals).toEqual(sos)
    const at3 = { fPort: 19, data: encodeAt3Notification({ timeMs: TIME_MS - 60_000 }, 1, 0) }
    expect(read(up({ profile: 'Abeeway' }, at3))).toMatchObject({
      signals: sos,
      deviceTime: Math.floor((TIME_MS - 60_000) / 1000) * 1000,
      extra: {
        payload: 'abeeway-at3',
        notification: 'SOS/SOS_ON',
        timestamp_utc: '2026-03-01T08:00:00.123Z',
        device_time_utc: '2026-03-01T07:59:00.000Z'
      }
    })
    expect(read(up({ profile: 'Abeeway AT3' }, { ...at3, fPort: 18 })).signals).toEqual(sos)
    expect(read(up({ profile: 'Abeeway' }), forced('none')).signals).toBeUndefined()
    expect(read(up({ profile: 'Thermometers' })).signals).toBeUndefined()
    expect(read(up({ profile: 'Abeeway' }, { data: Uint8Array.of(10, 0) }))).toMatchObject({
      tag: DEV_EUI,
      extra: { payload_error: expect.stringContaining('FRAME_LENGTH') }
    })
  })

  it('names an event by its frame counter, so that a repeat is none', () => {
    const shock = up({ profile: 'Abeeway' }, { frameCount: 77, data: encodeAt2Shock({}, 1, [0, 0, 3000]) })
    expect(read(shock).signals?.[1]).toEqual({ kind: 'impact', form: 'event', id: '77' })
  })

  it('marks what comes twice as old: it can raise, and cannot end', () => {
    const decoder = chirpstackV4Mqtt.createDecoder()
    const end = up({ profile: 'Abeeway' }, { dedupId: 'a', data: encodeAt2Event({}, 8) })
    expect(read(end, decoder).signals).toEqual([{ kind: 'sos', form: 'level', on: false }])
    expect(read(end, decoder)).toMatchObject({ stale: true, signals: [], extra: { duplicate: true } })
    for (let id = 0; id < 5000; id++) read(up({}, { dedupId: `x${id}` }), decoder)
    expect(read(end, decoder).stale, 'forgotten after thousands of others').toBeUndefined()
  })

  it('reads the battery of a status, whose 0 is left out', () => {
    expect(read(encodeChirpstackStatus({ devEui: DEV_EUI }, TIME_MS, 55))).toMatchObject({
      batteryPct: 55,
      extra: { external_power: false, margin_db: 7 }
    })
    expect(read(encodeChirpstackStatus({ devEui: DEV_EUI }, TIME_MS, 0)).batteryPct).toBe(0)
    expect(read(encodeChirpstackStatus({ devEui: DEV_EUI }, TIME_MS, 'mains'))).toMatchObject({ extra: { external_power: true } })
    expect(read(encodeChirpstackStatus({ devEui: DEV_EUI }, TIME_MS, 'mains')).batteryPct).toBeUndefined()
    expect(read(encodeChirpstackStatus({ devEui: DEV_EUI }, TIME_MS, 'unknown')).batteryPct).toBeUndefined()
  })

  it('never throws, whatever the message', () => {
    const value = fc.oneof(fc.string(), fc.double(), fc.constant(null), fc.boolean(), fc.constantFrom(DEV_EUI, 'AQID', '0016c001f153a14c'))
    const nested = fc.dictionary(
      fc.constantFrom('devEui', 'tags', 'latitude', 'longitude', 'gatewayId', 'rssi', 'deviceProfileName'),
      value
    )
    const keys = [
      'deviceInfo',
      'rxInfo',
      'txInfo',
      'location',
      'data',
      'fCnt',
      'fPort',
      'time',
      'deduplicationId',
      'batteryLevel',
      'object'
    ]
    const message = fc.dictionary(fc.constantFrom(...keys), fc.oneof(value, nested, fc.array(nested)))
    const topic = fc
      .constantFrom('up', 'join', 'status', 'location', 'log', 'txack', 'ack', 'else')
      .map((event) => `application/a/device/${DEV_EUI}/event/${event}`)
    const decoder = chirpstackV4Mqtt.createDecoder()
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map(utf8Bytes),
      message.map((body) => utf8Bytes(JSON.stringify(body)))
    )
    fc.assert(
      fc.property(frame, fc.oneof(topic, fc.string(), fc.constant('eu868/gateway/0016c001f153a14c/state/conn')), (bytes, at) => {
        const result = decoder.decode(bytes, { topic: at })
        if (result.kind !== 'readings') return
        for (const reading of result.readings) {
          expect(reading.tag ?? reading.device).toMatch(/^[0-9a-f]{16}$/)
          if (reading.geo) expect(Math.abs(reading.geo.latitudeDeg)).toBeLessThanOrEqual(90)
          expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
        }
      }),
      { numRuns: 500 }
    )
  })
})
