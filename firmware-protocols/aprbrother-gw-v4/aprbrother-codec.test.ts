import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aprbrotherGwV4Device } from '../aprbrother-gw-v4-device/aprbrother-entry-codec.ts'
import { fromHex, toHex } from '../kit/hex.ts'
import { utf8Bytes } from '../kit/text.ts'
import { aprbrotherGwV4 } from './aprbrother-codec.ts'
import { encodeAprbrother, encodeAprbrotherEntry } from './encode-aprbrother.ts'

const GATEWAY = '12345678abcd'
const mac = fc.bigInt(0n, 2n ** 48n - 1n).map((value) => value.toString(16).padStart(12, '0'))
const heard = fc.record({
  type: fc.integer({ min: 0, max: 4 }),
  mac,
  rssiDbm: fc.integer({ min: -128, max: 20 }),
  advertisement: fc.uint8Array({ maxLength: 31 })
})
const RUUVI = fromHex('0201061bff99040512fc5394c37c0004fffc040cac364200cdcbb8334c884f') ?? new Uint8Array(0)

describe('AprBrother gateways', () => {
  it('read back every message and every entry', () => {
    fc.assert(
      fc.property(fc.array(heard, { maxLength: 6 }), fc.nat(0xffff), (list, messageId) => {
        const result = aprbrotherGwV4.createDecoder().decode(encodeAprbrother(GATEWAY, messageId, list), {})
        if (result.kind !== 'readings') throw new Error(JSON.stringify(result))
        const [gateway, ...tags] = result.readings
        expect(gateway).toMatchObject({ device: GATEWAY, online: true, sequence: messageId, extra: { uptime_s: 3600, firmware: '1.5.2' } })
        expect(tags).toHaveLength(list.length)
        for (const [at, sent] of list.entries()) {
          expect(tags[at]).toMatchObject({
            receiver: GATEWAY,
            rssiDbm: sent.rssiDbm,
            extra: { adv_type: sent.type, adv_hex: toHex(sent.advertisement) }
          })
          expect(aprbrotherGwV4Device.createDecoder().decode(encodeAprbrotherEntry(sent), {})).toMatchObject({
            readings: [{ rssiDbm: sent.rssiDbm, extra: { adv_type: sent.type } }]
          })
        }
      })
    )
  })

  it('read what is inside the advertising data', () => {
    const message = encodeAprbrother(GATEWAY, 1, [{ type: 0, mac: 'cbb8334c884f', rssiDbm: -60, advertisement: RUUVI }])
    expect(aprbrotherGwV4.createDecoder().decode(message, {})).toMatchObject({
      readings: [{}, { tag: 'cbb8334c884f', temperatureDegC: 24.3, receiver: GATEWAY }]
    })
  })

  it('take the same object in JSON', () => {
    const entry = toHex(encodeAprbrotherEntry({ type: 0, mac: 'cbb8334c884f', rssiDbm: -60, advertisement: RUUVI }))
    const text = JSON.stringify({ v: '1.5.2', mid: 1, mac: GATEWAY, devices: [entry] })
    expect(aprbrotherGwV4.createDecoder().decode(utf8Bytes(text), {})).toMatchObject({
      readings: [{ device: GATEWAY }, { tag: 'cbb8334c884f', rssiDbm: -60 }]
    })
  })

  it('never throw, whatever the message: cut, flipped, or of noise', () => {
    const valid = fc.tuple(fc.array(heard, { maxLength: 3 }), fc.nat(0xffff)).map(([list, id]) => encodeAprbrother(GATEWAY, id, list))
    const mutated = fc.tuple(valid, fc.nat(), fc.nat(255), fc.nat(400)).map(([bytes, at, value, length]) => {
      const copy = bytes.slice(0, length)
      if (copy.length > 0) copy[at % copy.length] = value
      return copy
    })
    const decoders = [aprbrotherGwV4.createDecoder(), aprbrotherGwV4Device.createDecoder()]
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        for (const decoder of decoders) {
          const result = decoder.decode(bytes, {})
          if (result.kind !== 'readings') continue
          for (const reading of result.readings) {
            expect(reading.tag ?? reading.device).toBeTypeOf('string')
            expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
          }
        }
      }),
      { numRuns: 1000 }
    )
  })
})
