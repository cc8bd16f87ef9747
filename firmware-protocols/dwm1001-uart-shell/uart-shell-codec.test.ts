import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import type { DecodeResult } from '../codec.ts'
import { latin1Text, utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { encodeLec, encodeLej, encodeLep, encodeLes, encodeListenerLes, encodeListenerPos } from './encode-shell.ts'
import { dwm1001UartShell } from './uart-shell-codec.ts'

const decoder = dwm1001UartShell.createDecoder()
const newFramer = () => {
  const framer = dwm1001UartShell.createFramer?.()
  if (!framer) throw new Error('a serial protocol has a framer')
  return framer
}
const decodeStream = (text: string): DecodeResult[] => {
  const results: DecodeResult[] = []
  newFramer().push(utf8Bytes(text), (frame) => void results.push(decoder.decode(frame, {})))
  return results
}
const positions = (text: string) =>
  decodeStream(text).flatMap((result) => (result.kind === 'readings' ? result.readings.flatMap((reading) => reading.position ?? []) : []))
const one = (text: string): Reading => {
  const [result] = decodeStream(text)
  if (result?.kind !== 'readings' || !result.readings[0]) throw new Error(`no reading from ${text}: ${JSON.stringify(result)}`)
  return result.readings[0]
}

const metres = fc.integer({ min: -99_999, max: 99_999 }).map((centimetres) => centimetres / 100)
const position = fc.record({ x: metres, y: metres, z: metres })
const fix = fc
  .record({ position, quality: fc.integer({ min: 1, max: 100 }) })
  .filter(({ position: { x, y, z } }) => x !== 0 || y !== 0 || z !== 0)
const id = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16).padStart(4, '0'))
const range = fc.record({ anchor: id, rangeM: fc.nat(99_999).map((centimetres) => centimetres / 100), anchorPosition: position })
const ranges = fc.array(range, { minLength: 1, maxLength: 15 })

describe('DWM1001 shell', () => {
  it('reads back every kind of line, to the last digit', () => {
    fc.assert(
      fc.property(fix, ranges, id, fc.nat(99), (at, seen, tag, index) => {
        expect(one(encodeLep(at))).toEqual({ ...at, extra: { kind: 'lep' } })
        expect(one(encodeLec(seen, at))).toEqual({ ...at, ranges: seen, extra: { kind: 'lec' } })
        expect(one(encodeLec(seen))).toEqual({ ranges: seen, extra: { kind: 'lec' } })
        expect(one(encodeLes(seen, index, at))).toEqual({ ...at, ranges: seen, extra: { kind: 'les', location_engine_s: index / 1e6 } })
        const listened = { ...at, tag, extra: { kind: 'listener_position', index, trailing_hex: '01' } }
        expect(one(encodeListenerPos(index, tag, at))).toEqual(listened)
        expect(one(encodeListenerLes(index, tag, at))).toEqual(listened)
        expect(one(encodeLej(at, index))).toEqual({ ...at, extra: { kind: 'lej', superframe: index } })
      })
    )
  })

  it('makes no other position of a line that lost its start or its end', () => {
    const kinds = [0, 1, 2, 3, 4, 5].map((kind) => fc.constant(kind))
    fc.assert(
      fc.property(fix, ranges, id, fc.oneof(...kinds), fc.nat(1000), (at, seen, tag, kind, cut) => {
        const lines = [
          encodeLep(at),
          encodeLec(seen, at),
          encodeLes(seen, 1, at),
          encodeListenerPos(1, tag, at),
          encodeListenerLes(1, tag, at),
          encodeLej(at, 1)
        ]
        const whole = (lines[kind] ?? '').trim()
        const after = 1 + (cut % (whole.length - 1))
        for (const position of positions(`${whole.slice(0, after)}\r\n${whole.slice(after)}\r\n`)) expect(position).toEqual(at.position)
      }),
      { numRuns: 1000 }
    )
  })

  it('never makes a position of a line with a byte range lost across its fields', () => {
    // What the serial port really does: a burst of bytes is missing. Field counts, order and decimal points give it away.
    expect(
      decodeStream(
        'DIST,4,AN0,0090,1.00,2.00,0.00,3.25,AN1,D91E,0.00,5.00,0.00,3.33,AN3,15BA,0.00,0,AN3,15BA,0.00,0.00,0.00,0.00,POS,1.00,1.00,1.00,50\r\n'
      )
    ).toMatchObject([{ kind: 'error', code: 'FRAME_FORMAT' }])
  })

  it('keeps to the protocol through any split, prompts, echoes and noise between the lines', () => {
    const noise = fc.constantFrom('dwm> ', 'dwm> lec\r\n', '\r\n', 'x\xff\x00\r\n', 'AN3,15BA,0.00\r\n', '1234) \r\n')
    const part = fc.oneof(
      fix.map(encodeLep),
      fc.tuple(ranges, fix).map(([seen, at]) => encodeLec(seen, at)),
      noise
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(2000), { maxLength: 12 }), (parts, cuts) => {
        const stream = utf8Bytes(parts.join(''))
        expect(framesInPieces(newFramer(), stream, cuts)).toEqual(framesInPieces(newFramer(), stream, []))
        const readings = decodeStream(parts.join('')).filter((result) => result.kind === 'readings')
        expect(readings).toHaveLength(parts.filter((text) => text.startsWith('POS') || text.startsWith('DIST')).length)
      })
    )
  })

  it('takes random bytes for no answer', () => {
    const noise = fc.uint8Array({ minLength: 8, maxLength: 200 }).filter((bytes) => bytes.some((byte) => byte >= 0x7f))
    fc.assert(
      fc.property(noise, (bytes) => {
        expect(decoder.decode(bytes, {}).kind).not.toBe('readings')
      })
    )
  })

  it('keeps every pair of an answer, whatever its name', () => {
    const name = fc.constantFrom('lna', 'kind', 'subject', 'text', 'constructor', '__proto__', 'fw_ver', 'lna')
    const pairs = fc.array(fc.tuple(name, fc.nat(9999)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(pairs, (list) => {
        const { extra = {} } = one(`uwb0: ${list.map(([key, value]) => `${key}=${value}`).join(' ')}\r\n`)
        const kept = Object.values(extra).filter((value) => typeof value === 'number')
        expect(kept.sort()).toEqual(list.map(([, value]) => value).sort())
      })
    )
  })

  it('never throws, whatever comes', () => {
    const token = fc.constantFrom(
      'POS,',
      'DIST,',
      'AN0,',
      '1151[',
      '0) ',
      '1.00,',
      '97',
      ']=',
      'est[',
      ']',
      '{',
      '}',
      'nan,',
      '-',
      '.',
      ',',
      'dwm> ',
      'x01'
    )
    const text = fc.array(fc.oneof(token, fc.string({ maxLength: 3 })), { maxLength: 20 }).map((tokens) => tokens.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), text.map(utf8Bytes)), (frame) => {
        const result = decoder.decode(frame, {})
        const readings = result.kind === 'readings' ? result.readings : []
        for (const reading of readings) {
          const isAnswer = reading.extra?.['kind'] === 'answer' || reading.extra?.['kind'] === 'error'
          if (isAnswer) expect(Object.keys(reading)).toEqual(['extra'])
          else expect(latin1Text(frame)).toMatch(/\d\.\d|nan|inf|DIST,0|\{/)
          expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
        }
      }),
      { numRuns: 1000 }
    )
  })
})
