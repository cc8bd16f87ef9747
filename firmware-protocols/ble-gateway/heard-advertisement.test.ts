import { describe, expect, it } from 'vitest'
import { aprbrotherGwV4Device } from '../aprbrother-gw-v4-device/aprbrother-entry-codec.ts'
import { bleAdvertisement } from '../ble-advertisement/ble-advertisement-codec.ts'
import type { Codec } from '../codec.ts'
import { fromHex } from '../kit/hex.ts'
import { utf8Bytes } from '../kit/text.ts'
import { encodeMinewUpload } from '../minew-gateway-json/encode-minew.ts'
import { minewGatewayJson } from '../minew-gateway-json/minew-gateway-codec.ts'
import { openmqttgatewayBle } from '../openmqttgateway-ble/omg-codec.ts'
import type { Reading } from '../reading.ts'
import { nameId, timeOf } from './gateway-record.ts'

const UUID = '0102030405060708090a0b0c0d0e0f10'
const BEACON = `1aff4c000215${UUID}00010002c5`
const MAC = 'a1b2c3d4e5f6'
const SOS = [{ kind: 'sos', form: 'event' }]

function read(codec: Codec, settings: object, payload: Uint8Array, topic?: string, retained = false): Reading {
  const decoder = codec.createDecoder(codec.settings?.parse(settings))
  const result = decoder.decode(payload, { topic, retained })
  const reading = result.kind === 'readings' ? result.readings.find(({ tag }) => tag !== undefined) : undefined
  if (reading === undefined) throw new Error(JSON.stringify(result))
  return reading
}

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0)
const viaMinew = (settings: object, retained = false): Reading => {
  const beacon = { uuid: UUID, major: 1, minor: 2, powerDbm: -59 }
  const upload = encodeMinewUpload('ac233fc00000', 1e12, [{ mac: MAC, rssiDbm: -60, beacon }])
  return read(minewGatewayJson, settings, utf8Bytes(upload), '/gw/ac233fc00000/status', retained)
}
const viaAprbrother = (settings: object): Reading => read(aprbrotherGwV4Device, settings, bytes(`03${MAC}c4${BEACON}`))
const viaOmg = (settings: object): Reading => {
  const message = { id: MAC, rssi: -60, uuid: UUID, major: 1, minor: 2, txpower: -59 }
  return read(openmqttgatewayBle, settings, utf8Bytes(JSON.stringify(message)), `home/hall/BTtoMQTT/${MAC}`)
}

describe('what gateways heard', () => {
  it('means what it means to the appliance itself: rules on identities hold, also of beacons that a gateway took apart', () => {
    const rules = { signals: [{ match: { uuid: UUID, major: 1 }, signal: 'sos' }] }
    expect(viaMinew(rules).signals).toMatchObject(SOS)
    expect(viaAprbrother(rules).signals).toMatchObject(SOS)
    expect(viaOmg(rules).signals).toMatchObject(SOS)
    const other = { signals: [{ match: { uuid: UUID, major: 9 }, signal: 'sos' }] }
    for (const reading of [viaMinew(other), viaAprbrother(other), viaOmg(other)]) expect(reading.signals).toBeUndefined()
  })

  it('has the identity that the settings choose', () => {
    const byBeacon = { identity: 'ibeacon' }
    const decoder = bleAdvertisement.createDecoder(bleAdvertisement.settings?.parse(byBeacon))
    const direct = decoder.decode(bytes(BEACON), { address: MAC })
    const tag = direct.kind === 'readings' ? direct.readings[0]?.tag : undefined
    expect(tag).toBeTypeOf('string')
    for (const reading of [viaMinew(byBeacon), viaAprbrother(byBeacon), viaOmg(byBeacon)]) expect(reading.tag).toBe(tag)
    expect(viaMinew({}).tag).toBe(MAC)
  })

  it('is no news when retained: nobody knows when it happened', () => {
    const rules = { signals: [{ match: { uuid: UUID }, signal: 'sos' }] }
    expect(viaMinew(rules, true)).toMatchObject({ stale: true, signals: [] })
  })

  it('keeps a name that stands alone', () => {
    expect(read(aprbrotherGwV4Device, {}, bytes(`04${MAC}b0060948656c6c6f`)).extra).toMatchObject({ name: 'Hello' })
  })
})

describe('records of gateways', () => {
  it('have times as texts, seconds or milliseconds', () => {
    expect(timeOf('2026-03-01T08:00:00Z')).toBe(1_772_352_000_000)
    expect(timeOf(1_772_352_000)).toBe(1_772_352_000_000)
    expect(timeOf('1772352000.5')).toBe(1_772_352_000_500)
    expect(timeOf(1_772_352_000_123)).toBe(1_772_352_000_123)
    for (const none of ['soon', -1, 0, Number.NaN, 1e300, null, '2026-13-01T00:00:00Z']) expect(timeOf(none)).toBeUndefined()
  })

  it('give gateways names that fit an id', () => {
    expect(nameId('Hall 1/north:a')).toBe('Hall_1_north_a')
  })
})
