import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AdStructure, encodeAdStructures, readAdStructures } from '../kit/ad-structures.ts'
import { utf8Bytes } from '../kit/text.ts'
import { ScanResponseJoiner } from './scan-response-joiner.ts'

const flags: AdStructure = { type: 0x01, data: Uint8Array.of(6) }
const content = (value: number): AdStructure => ({ type: 0xff, data: Uint8Array.of(0x99, 0x04, value) })
const name: AdStructure = { type: 0x09, data: utf8Bytes('P MOV 1') }
const uuids: AdStructure = { type: 0x03, data: Uint8Array.of(0xe1, 0xff) }
const adv = encodeAdStructures([flags, content(1)])
const rsp = encodeAdStructures([name, uuids, content(2)])

describe('adverts and scan responses', () => {
  it('are decoded together, the advert first', () => {
    const joiner = new ScanResponseJoiner()
    expect(joiner.join('a', 0, adv, 0)).toEqual(adv)
    expect(readAdStructures(joiner.join('a', 4, rsp, 1)).structures).toEqual([flags, content(1), name, uuids, content(2)])
  })

  it('give later adverts the name, but nothing that was measured then', () => {
    const joiner = new ScanResponseJoiner()
    joiner.join('a', 4, rsp, 0)
    expect(readAdStructures(joiner.join('a', 2, adv, 60_000)).structures).toEqual([flags, content(1), name, uuids])
  })

  it('are not joined over more than a second, nor from one sender to another', () => {
    const joiner = new ScanResponseJoiner()
    joiner.join('a', 0, adv, 0)
    expect(joiner.join('a', 4, rsp, 1_001)).toEqual(rsp)
    expect(joiner.join('b', 4, rsp, 1_001)).toEqual(rsp)
  })

  it('leave adverts that have no scan response alone', () => {
    const joiner = new ScanResponseJoiner()
    joiner.join('a', 4, rsp, 0)
    expect(joiner.join('a', 3, adv, 0)).toBe(adv)
    expect(joiner.join('a', 1, adv, 0)).toBe(adv)
  })

  it('keep a padded or cut advert from hiding what follows it', () => {
    const joiner = new ScanResponseJoiner()
    const buffer = Uint8Array.of(...adv, 0, 0, 0)
    joiner.join('a', 0, buffer, 0)
    buffer.fill(0xff)
    expect(readAdStructures(joiner.join('a', 4, rsp, 1)).structures).toEqual([flags, content(1), name, uuids, content(2)])
    joiner.join('a', 0, Uint8Array.of(...adv, 30, 0xff), 2)
    expect(readAdStructures(joiner.join('a', 4, rsp, 3)).structures).toHaveLength(5)
  })

  it('remember only the senders heard last, and take any bytes', () => {
    const joiner = new ScanResponseJoiner(16)
    const report = fc.record({ address: fc.nat(200).map(String), pduType: fc.nat(5), payload: fc.uint8Array({ maxLength: 40 }) })
    fc.assert(
      fc.property(fc.array(report, { maxLength: 60 }), (reports) => {
        for (const [index, { address, pduType, payload }] of reports.entries()) {
          const joined = joiner.join(address, pduType, payload, index)
          expect(joined.length).toBeLessThanOrEqual(80)
        }
        expect(joiner.size).toBeLessThanOrEqual(16)
      })
    )
  })
})
