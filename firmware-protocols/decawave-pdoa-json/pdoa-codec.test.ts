import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import type { DecodeResult } from '../codec.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { encodeObject, encodeService, encodeTwr } from './encode-pdoa.ts'
import { decawavePdoaJson } from './pdoa-codec.ts'
import { HEAD_BYTES, MAX_JSON_BYTES, PdoaFramer } from './pdoa-framer.ts'

const decoder = decawavePdoaJson.createDecoder()
const decodeStream = (text: string): DecodeResult[] => {
  const results: DecodeResult[] = []
  new PdoaFramer().push(utf8Bytes(text), (frame) => void results.push(decoder.decode(frame, {})))
  return results
}
const readingsOf = (text: string): Reading[] => decodeStream(text).flatMap((result) => (result.kind === 'readings' ? result.readings : []))

const id = fc.nat(0xffff).map((value) => value.toString(16).padStart(4, '0'))
const metres = fc.integer({ min: -20_000, max: 20_000 }).map((centimetres) => centimetres / 100 || 0)
const milliG = fc.integer({ min: -2000, max: 2000 })
const acceleration = fc.tuple(milliG, milliG, milliG)
const ranging = fc.record({
  tag: id,
  rangeNum: fc.nat(255),
  nodeTimeUs: fc.nat(2 ** 31 - 1),
  distanceM: fc.integer({ min: 0, max: 20_000 }).map((centimetres) => centimetres / 100),
  position: fc.option(fc.record({ x: metres, y: metres }), { nil: undefined }),
  serviceBits: fc.nat(0xffff),
  accelMilliG: acceleration
})
const mps2 = (values: readonly number[]) => values.map((value) => expect.closeTo(value * 0.00980665, 9))

describe('PDoA kit', () => {
  it('reads back rangings and what a node says of itself', () => {
    fc.assert(
      fc.property(ranging, fc.constantFrom<'0' | ' '>('0', ' '), id, (sent, padding, node) => {
        const [reading] = readingsOf(encodeTwr(sent, padding))
        expect(reading).toMatchObject({
          tag: sent.tag,
          sequence: sent.rangeNum,
          ranges: [{ anchor: 'node', rangeM: sent.distanceM }],
          moving: (sent.serviceBits & 1) === 0,
          accelMps2: mps2(sent.accelMilliG),
          extra: {
            kind: 'twr',
            range_num: sent.rangeNum,
            distance_m: sent.distanceM,
            node_time_s: sent.nodeTimeUs / 1e6,
            pdoa_raw: 1695,
            clock_offset_ppm: 0.14,
            service_bits: sent.serviceBits
          }
        })
        expect(reading?.position).toEqual(sent.position)
        expect(readingsOf(encodeService(node, sent.serviceBits, sent.accelMilliG))).toMatchObject([
          { device: node, accelMps2: mps2(sent.accelMilliG), extra: { kind: 'service' } }
        ])
      })
    )
  })

  it('takes raw counts for no acceleration, and what is printed without its sign for what it is', () => {
    const base = { tag: '0001', rangeNum: 1, nodeTimeUs: 1, distanceM: 1, serviceBits: 0 }
    const readOf = (tag: string, accelMilliG: readonly [number, number, number]) => readingsOf(encodeTwr({ ...base, tag, accelMilliG }))
    expect(readOf('00a1', [65_078, 65_453, 876])).toMatchObject([{ accelMps2: mps2([-458, -83, 876]) }])
    for (const counts of [
      [53_015, 60_972, 10_797],
      [500, 300, 16_384],
      [10, 20, 30]
    ] as const) {
      const [reading] = readOf('00a2', counts)
      expect(reading?.accelMps2).toBeUndefined()
      expect(reading?.extra?.['accel_raw']).toBeDefined()
    }
    expect(readOf('00a1', [10, 20, 30])).toMatchObject([{ accelMps2: mps2([10, 20, 30]) }])
  })

  it('believes no wrong length, and loses no object behind it', () => {
    fc.assert(
      fc.property(ranging, fc.nat(0xffff), (sent, length) => {
        const good = encodeTwr(sent)
        const claimed = length.toString(16).toUpperCase().padStart(4, '0')
        fc.pre(claimed !== good.slice(2, 6))
        expect(readingsOf(`JS${claimed}${good.slice(6)}${good}`)).toHaveLength(1)
      })
    )
  })

  it('makes no position of an object with a byte changed, unless the byte is one of a figure or a name', () => {
    fc.assert(
      fc.property(ranging, fc.nat(300), fc.integer({ min: 0x20, max: 0x7e }), (sent, at, code) => {
        const good = encodeTwr({ ...sent, position: { x: 1, y: 2 } })
        const where = at % (good.length - 2)
        fc.pre(!/[\w"-]/.test(good[where] ?? '') && good[where] !== String.fromCharCode(code))
        const changed = good.slice(0, where) + String.fromCharCode(code) + good.slice(where + 1)
        for (const reading of readingsOf(changed)) expect(reading.position ?? { x: 1, y: 2 }).toEqual({ x: 1, y: 2 })
      })
    )
  })
})

describe('PDoA stream', () => {
  const noise = fc.constantFrom('boot text\r\n', 'JSFFFF', 'JS', 'JS  6', 'JS0076{"TWR":', 'RA12', '{}', '\xff\x00', '\r\n')
  const part = fc.oneof(
    ranging.map((sent) => encodeTwr(sent)),
    fc.constantFrom(
      'RA2E5C 03 000000A5 FFFFFFF1 0000000E 1 X:FE36 Y:FFAD Z:036C\r\n',
      'AR2E5C03000000A5FFFFFFF1\r\n',
      'SN1 FE36FFAD036C\r\n'
    ),
    fc.constant(encodeObject({ KList: [{ a64: '1122334455667788' }] })),
    noise
  )

  it('gives the same frames however the stream is split', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(1500), { maxLength: 12 }), (parts, cuts) => {
        const stream = utf8Bytes(parts.join(''))
        const whole = framesInPieces(new PdoaFramer(), stream, [])
        expect(framesInPieces(new PdoaFramer(), stream, cuts)).toEqual(whole)
        for (const frame of whole) expect(frame.length / 2).toBeLessThanOrEqual(HEAD_BYTES + MAX_JSON_BYTES)
      })
    )
  })

  it('finds every whole object between noise that ends with its line', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, ranging), { maxLength: 8 }), (parts) => {
        expect(readingsOf(parts.map(([before, sent]) => `${before}\r\n${encodeTwr(sent)}`).join(''))).toHaveLength(parts.length)
      })
    )
  })

  it('never throws, whatever comes', () => {
    const token = fc.constantFrom(
      'JS0010',
      'JS  62',
      '{"TWR":',
      '{"a16":"2E5C"',
      ',"R":3',
      ',"D":343',
      ',"Xcm":',
      '1',
      'nan',
      '}',
      '}}',
      '{"SN":',
      '{"NewTag":"1122334455667788"}',
      '{"LSTN":[49,2B],',
      'RA',
      'SN1 '
    )
    const text = fc.array(fc.oneof(token, fc.string({ maxLength: 3 })), { maxLength: 16 }).map((tokens) => tokens.join(''))
    const sized = text.map((json) => `JS${json.length.toString(16).padStart(4, '0')}${json}`)
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), text.map(utf8Bytes), sized.map(utf8Bytes)), (frame) => {
        const result = decoder.decode(frame, {})
        const readings = result.kind === 'readings' ? result.readings : []
        for (const reading of readings) expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
        new PdoaFramer().push(frame, (cut) => void decoder.decode(cut, {}))
      }),
      { numRuns: 1000 }
    )
  })
})
