import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Edge, type EdgeState, stepEdge } from '../../gateway/ingest/alert-edges.ts'
import type { DecodeResult, Decoder } from '../codec.ts'
import { AD_SERVICE_DATA_16, type AdStructure, encodeAdStructures, manufacturerStructure } from '../kit/ad-structures.ts'
import type { Reading, Signal } from '../reading.ts'
import type { BeaconIdentity } from './advertisement-reader.ts'
import { advertisementSettingsSchema } from './advertisement-settings.ts'
import { bleAdvertisement } from './ble-advertisement-codec.ts'
import { EDDYSTONE_UUID } from './eddystone.ts'
import { encodeBeacon, encodeEddystoneTlm, encodeEddystoneUrl } from './encode-beacons.ts'

const ADDRESS = 'c0ffee010203'
const UUID = '00112233445566778899aabbccddeeff'

const hexOf = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => Buffer.from(array).toString('hex'))
const u16 = fc.nat(65_535)
const power = fc.integer({ min: -128, max: 127 })
const beacons: fc.Arbitrary<BeaconIdentity> = fc.oneof(
  fc.record({ format: fc.constant('ibeacon' as const), uuid: hexOf(16), major: u16, minor: u16 }),
  fc.record({ format: fc.constant('altbeacon' as const), beaconId: hexOf(20) }),
  fc.record({ format: fc.constant('eddystone' as const), namespace: hexOf(10), instance: hexOf(6) })
)

const serviceStructure = (uuid: number, payload: Uint8Array): AdStructure => ({
  type: AD_SERVICE_DATA_16,
  data: Uint8Array.of(uuid & 0xff, uuid >> 8, ...payload)
})
function structureOf(beacon: BeaconIdentity, dbm = -59): AdStructure {
  const payload = encodeBeacon(beacon, dbm)
  if (beacon.format === 'eddystone') return serviceStructure(EDDYSTONE_UUID, payload)
  return manufacturerStructure(beacon.format === 'ibeacon' ? 0x004c : 0x0118, payload)
}
const advert = (...structures: readonly AdStructure[]): Uint8Array => encodeAdStructures(structures)
const ibeacon = (minor: number, uuid = UUID): BeaconIdentity => ({ format: 'ibeacon', uuid, major: 7, minor })
const tlm = serviceStructure(EDDYSTONE_UUID, encodeEddystoneTlm({ batteryMv: 2900, temperature256: -640, adverts: 5, uptimeTenths: 99 }))

const decoderWith = (settings: object = {}): Decoder => bleAdvertisement.createDecoder(advertisementSettingsSchema.parse(settings))
function readingOf(result: DecodeResult): Reading {
  if (result.kind !== 'readings' || result.readings.length !== 1 || result.readings[0] === undefined)
    throw new Error(JSON.stringify(result))
  return result.readings[0]
}
const hear = (decoder: Decoder, payload: Uint8Array, address?: string): Reading =>
  readingOf(decoder.decode(payload, address === undefined ? {} : { address }))

describe('identity beacons', () => {
  it('are read as they were sent', () => {
    fc.assert(
      fc.property(beacons, power, (beacon, dbm) => {
        const { tag, extra } = hear(decoderWith(), advert(structureOf(beacon, dbm)), ADDRESS)
        expect(tag).toBe(ADDRESS)
        if (beacon.format === 'ibeacon') {
          expect(String(extra?.['uuid']).replaceAll('-', '')).toBe(beacon.uuid)
          expect(extra).toMatchObject({ major: beacon.major, minor: beacon.minor, measured_power_dbm: dbm })
        } else if (beacon.format === 'altbeacon') {
          expect(extra).toMatchObject({ beacon_id: beacon.beaconId, reference_rssi_dbm: dbm, company_id: 0x0118 })
        } else expect(extra).toMatchObject({ namespace: beacon.namespace, instance: beacon.instance, tx_power_0m_dbm: dbm })
      })
    )
  })

  it('have telemetry and URLs beside them', () => {
    const number = fc.nat(0xffff_ffff)
    fc.assert(
      fc.property(u16, fc.integer({ min: -0x8000, max: 0x7fff }), number, number, (batteryMv, temperature256, adverts, uptimeTenths) => {
        const payload = encodeEddystoneTlm({ batteryMv, temperature256, adverts, uptimeTenths })
        const reading = hear(decoderWith(), advert(serviceStructure(EDDYSTONE_UUID, payload)))
        expect(reading.batteryV).toBe(batteryMv === 0 ? undefined : batteryMv / 1000)
        expect(reading.temperatureDegC).toBe(temperature256 === -0x8000 ? undefined : temperature256 / 256)
        expect(reading.extra).toEqual({ frame: 'TLM', adv_count: adverts, uptime_s: uptimeTenths / 10 })
      })
    )
    const text = fc
      .array(fc.constantFrom('a', '-', '.com', '.org/', '.info', '/', '~', '?q=1'), { maxLength: 6 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.constantFrom('http://www.', 'https://www.', 'http://', 'https://'), text, power, (scheme, rest, dbm) => {
        const payload = encodeEddystoneUrl(`${scheme}x${rest}`, dbm)
        expect(payload).toBeDefined()
        const { extra } = hear(decoderWith(), advert(serviceStructure(EDDYSTONE_UUID, payload ?? new Uint8Array(0))))
        expect(extra).toEqual({ frame: 'URL', tx_power_0m_dbm: dbm, url: `${scheme}x${rest}` })
      })
    )
  })
})

describe('identities that mean something', () => {
  const signalsFor = (rules: readonly object[], beacon: BeaconIdentity): readonly Signal[] | undefined =>
    hear(decoderWith({ signals: rules }), advert(structureOf(beacon)), ADDRESS).signals

  it('become signals when all that is named fits', () => {
    const sos = [{ match: { uuid: '00112233-4455-6677-8899-AABBCCDDEEFF', minor: 3 }, signal: 'sos' }]
    expect(signalsFor(sos, ibeacon(3))).toEqual([{ kind: 'sos', form: 'event' }])
    expect(signalsFor(sos, ibeacon(4))).toBeUndefined()
    expect(signalsFor(sos, ibeacon(3, 'ff'.repeat(16)))).toBeUndefined()
    expect(signalsFor(sos, { format: 'altbeacon', beaconId: '00'.repeat(20) })).toBeUndefined()
    const button = [
      { match: { instance: '*11' }, signal: 'button', slot: 'single' },
      { match: { namespace: '0102*' }, signal: 'button', slot: 'other' }
    ]
    const eddystone = (instance: string): BeaconIdentity => ({ format: 'eddystone', namespace: '01020304050607080900', instance })
    expect(signalsFor(button, eddystone('aabbccddee11'))).toEqual([{ kind: 'button', slot: 'single', form: 'event' }])
    expect(signalsFor(button, eddystone('aabbccddee12'))).toEqual([{ kind: 'button', slot: 'other', form: 'event' }])
    expect(signalsFor(button, ibeacon(1, `0102${'00'.repeat(14)}`))).toBeUndefined()
    const alt = [{ match: { beaconId: 'abcd*' }, signal: 'tamper' }]
    expect(signalsFor(alt, { format: 'altbeacon', beaconId: `abcd${'00'.repeat(18)}` })).toEqual([{ kind: 'tamper', form: 'event' }])
  })

  it('give one alert for a broadcast of half a minute of which frames are lost, and another for the next press', () => {
    const decoder = decoderWith({ signals: [{ match: { minor: 3 }, signal: 'sos' }] })
    let state: EdgeState | undefined
    const edges: Edge[] = []
    const hearAt = (atMs: number, beacon: BeaconIdentity): void => {
      for (const signal of hear(decoder, advert(structureOf(beacon)), ADDRESS).signals ?? []) {
        const step = stepEdge(state, signal, { receivedAt: atMs, monotonicMs: atMs, bootId: 'b' })
        state = step.state
        if (step.edge !== undefined) edges.push(step.edge)
      }
    }
    const broadcast = (fromMs: number): void => {
      for (let second = 0; second < 30; second++) {
        if (second % 7 > 2) continue
        hearAt(fromMs + second * 1_000, ibeacon(1))
        hearAt(fromMs + second * 1_000, ibeacon(3))
      }
    }
    broadcast(0)
    expect(edges.map(({ edge }) => edge)).toEqual(['raised'])
    broadcast(70_000)
    expect(edges.map(({ edge }) => edge)).toEqual(['raised', 'raised'])
  })

  it('tell a state where a tag changes its identity while the state lasts', () => {
    const decoder = decoderWith({
      signals: [
        { match: { minor: 3 }, signal: 'sos', as: 'on' },
        { match: { minor: 1 }, signal: 'sos', as: 'off' }
      ]
    })
    const heard = [1, 3, 1].map((minor) => hear(decoder, advert(structureOf(ibeacon(minor))), ADDRESS).signals)
    expect(heard).toEqual([false, true, false].map((on) => [{ kind: 'sos', form: 'level', on }]))
  })

  it('are told apart on one tag, and do not hide what another content says', () => {
    const decoder = decoderWith({ signals: [{ match: { minor: 3 }, signal: 'button', slot: 'beacon' }] })
    const both = advert(structureOf(ibeacon(3)), serviceStructure(0xfcd2, Uint8Array.of(0x40, 0x3a, 1, 0x2b, 1)))
    expect(hear(decoder, both, ADDRESS).signals).toEqual([
      { kind: 'button', slot: 'beacon', form: 'event' },
      { kind: 'button', slot: 'press', form: 'event' },
      { kind: 'tamper', form: 'level', on: true }
    ])
  })
})

describe('the identity of tags', () => {
  const ruuvi = manufacturerStructure(0x0499, Uint8Array.of(5, ...new Array(17).fill(0), 0xca, 0xfe, 0xca, 0xfe, 0xca, 0xfe))
  it('is the address in the content, or the sender', () => {
    const decoder = decoderWith()
    expect(hear(decoder, advert(ruuvi), ADDRESS).tag).toBe('cafecafecafe')
    expect(hear(decoder, advert(tlm), ADDRESS).tag).toBe(ADDRESS)
    expect(hear(decoder, advert(tlm)).tag).toBeUndefined()
    expect(hear(decoderWith({ identity: 'address' }), advert(ruuvi), ADDRESS).tag).toBe(ADDRESS)
  })

  it('can be the beacon of a tag that changes its address; its other frames follow it', () => {
    const decoder = decoderWith({ identity: 'ibeacon' })
    const id = `${UUID}00070001`
    for (const address of ['4a0000000001', '4a0000000002']) {
      // An alarm must not wait for an identity.
      expect(hear(decoder, advert(tlm), address).tag).toBe(address)
      expect(hear(decoder, advert(structureOf(ibeacon(1))), address).tag).toBe(id)
      expect(hear(decoder, advert(tlm), address).tag).toBe(id)
    }
    expect(hear(decoder, advert(structureOf(ibeacon(1)))).tag).toBe(id)
    const uid: BeaconIdentity = { format: 'eddystone', namespace: '01'.repeat(10), instance: '02'.repeat(6) }
    expect(hear(decoderWith({ identity: 'eddystone' }), advert(structureOf(uid)), ADDRESS).tag).toBe('01'.repeat(10) + '02'.repeat(6))
  })

  it('stays when a tag says something by another beacon', () => {
    const decoder = decoderWith({ identity: 'ibeacon', signals: [{ match: { minor: 3 }, signal: 'sos' }] })
    hear(decoder, advert(structureOf(ibeacon(1))), ADDRESS)
    const alarm = hear(decoder, advert(structureOf(ibeacon(3))), ADDRESS)
    expect([alarm.tag, alarm.signals?.[0]?.kind]).toEqual([`${UUID}00070001`, 'sos'])
    expect(hear(decoder, advert(tlm), ADDRESS).tag).toBe(`${UUID}00070001`)
  })

  it('does not make memory grow with every address that passes by', () => {
    const decoder = decoderWith({ identity: 'ibeacon' })
    const address = (index: number): string => index.toString(16).padStart(12, '0')
    for (let index = 0; index < 20_000; index++) hear(decoder, advert(structureOf(ibeacon(index))), address(index))
    expect(hear(decoder, advert(tlm), address(19_999)).tag).toBe(`${UUID}00074e1f`)
    expect(hear(decoder, advert(tlm), address(0)).tag).toBe(address(0))
  })
})

describe('the settings', () => {
  const good = {
    identity: 'ibeacon',
    keys: [
      { tag: '54:48:E6:8F:80:A5', key: '231D39C1 D7CC1AB1 AEE224CD 096DB932' },
      { tag: 'c0ffee010203', password: 'geheim' }
    ],
    signals: [{ match: { instance: '*11' }, signal: 'sos', slot: 'one' }]
  }
  it('take what they gave once more', () => {
    const parsed = advertisementSettingsSchema.parse(good)
    expect(advertisementSettingsSchema.parse(parsed)).toEqual(parsed)
    expect(advertisementSettingsSchema.parse({})).toEqual({ identity: 'payload', keys: [], signals: [] })
  })
  it.each([
    ['an identity that is none', { ...good, identity: 'name' }],
    ['a key that is no hex', { keys: [{ tag: 'c0ffee010203', key: 'geheim' }] }],
    ['a tag that is a number', { keys: [{ tag: 112233445566, key: '00' }] }],
    ['neither key nor password', { keys: [{ tag: 'c0ffee010203' }] }],
    ['key and password', { keys: [{ tag: 'c0ffee010203', key: '00', password: 'x' }] }],
    ['a rule that fits everything', { signals: [{ match: {}, signal: 'sos' }] }],
    ['a rule for two identities', { signals: [{ match: { major: 1, instance: '*01' }, signal: 'sos' }] }],
    ['an id that is too short ever to fit', { signals: [{ match: { uuid: '00112233' }, signal: 'sos' }] }],
    ['an id that is too long', { signals: [{ match: { instance: '*01020304050607' }, signal: 'sos' }] }],
    ['a star in the middle', { signals: [{ match: { uuid: '00*11' }, signal: 'sos' }] }],
    ['a signal that there is not', { signals: [{ match: { major: 1 }, signal: 'hello' }] }]
  ])('refuse %s', (_, settings) => {
    expect(advertisementSettingsSchema.safeParse(settings).success).toBe(false)
  })
})
