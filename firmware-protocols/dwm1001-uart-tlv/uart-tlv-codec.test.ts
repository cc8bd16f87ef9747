import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import type { DecodeResult } from '../codec.ts'
import { fromHex, toHex } from '../kit/hex.ts'
import type { Reading } from '../reading.ts'
import { encodeAnchorLocation, encodeAnswer, encodeError, encodePosition, encodeStatus, encodeTagLocation } from './encode-tlv.ts'
import { MAX_ANSWER_BYTES, TlvFramer } from './tlv-framer.ts'
import { dwm1001UartTlv } from './uart-tlv-codec.ts'

const decoder = dwm1001UartTlv.createDecoder()
const one = (frame: Uint8Array): Reading => {
  const result = decoder.decode(frame, {})
  if (result.kind !== 'readings' || result.readings.length !== 1 || !result.readings[0]) throw new Error(JSON.stringify(result))
  return result.readings[0]
}
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))
const framesOf = (stream: Uint8Array, cuts: readonly number[] = []): string[] => {
  const framer = new TlvFramer()
  const frames = framesInPieces(framer, stream, cuts)
  framer.flush((frame) => frames.push(toHex(frame)))
  return frames
}
const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array()

const metres = fc.integer({ min: -500_000, max: 500_000 }).map((millimetres) => millimetres / 1000)
/** Below the height at which a quality of 65 reads as the beginning of another answer. */
const height = fc.integer({ min: -60_000, max: 60_000 }).map((millimetres) => millimetres / 1000)
const position = fc.record({ x: metres, y: metres, z: height })
const quality = fc.integer({ min: 0, max: 100 })
const fix = fc
  .record({ position, quality: fc.integer({ min: 1, max: 100 }) })
  .filter(({ position: { x, y, z } }) => x !== 0 || y !== 0 || z !== 0)
const rangeM = fc.nat(300_000).map((millimetres) => millimetres / 1000)
const hexId = (digits: number) => fc.bigInt({ min: 0n, max: 16n ** BigInt(digits) - 1n }).map((id) => id.toString(16).padStart(digits, '0'))
const tagRanges = fc.array(fc.record({ anchor: hexId(4), rangeM, quality, anchorPosition: position, anchorPositionQuality: quality }), {
  maxLength: 11
})
const anchorRanges = fc.array(fc.record({ anchor: hexId(16), rangeM, quality }), { maxLength: 15 })
const answer = fc.oneof(
  fix.map(encodePosition),
  fc.tuple(fix, tagRanges).map(([at, seen]) => encodeTagLocation(at, seen)),
  fc.tuple(fix, anchorRanges).map(([at, seen]) => encodeAnchorLocation(at, seen)),
  fc.tuple(fc.nat(511), fc.constantFrom<1 | 2>(1, 2)).map(([bits, bytes]) => encodeStatus(bits, bytes)),
  fc.integer({ min: 1, max: 9 }).map(encodeError),
  fc.constant(encodeAnswer([]))
)

describe('PANS over TLV', () => {
  it('reads back every answer, to the millimetre', () => {
    const extra = { kind: 'response', err_code: 0, err: 'ok' }
    fc.assert(
      fc.property(fix, tagRanges, anchorRanges, (at, seen, heard) => {
        expect(one(encodePosition(at))).toEqual({ ...at, extra })
        expect(one(encodeTagLocation(at, seen))).toEqual({ ...at, ranges: seen, extra })
        expect(one(encodeAnchorLocation(at, heard))).toEqual({ ...at, ranges: heard, extra })
      })
    )
  })

  it('keeps ranges usable where there is no fix', () => {
    const seen = [{ anchor: '0a01', rangeM: 5, quality: 100, anchorPosition: { x: 1, y: 2, z: 3 }, anchorPositionQuality: 100 }]
    const none = { position: { x: 0, y: 0, z: 0 }, quality: 0 }
    expect(one(encodeTagLocation(none, seen))).toEqual({
      quality: 0,
      ranges: seen,
      extra: { kind: 'response', err_code: 0, err: 'ok', position_m: none.position }
    })
    expect(one(encodePosition(none))).toMatchObject({ ...none, usable: false })
  })

  it('refuses coordinates, distances and qualities that only lost bytes can give', () => {
    const at = { position: { x: 1, y: 2, z: 3 }, quality: 50 }
    const far = { anchor: '0a01', rangeM: 20_000, quality: 1, anchorPosition: at.position, anchorPositionQuality: 1 }
    for (const frame of [
      encodePosition({ ...at, position: { x: 20_000, y: 0, z: 0 } }),
      encodePosition({ ...at, quality: 101 }),
      encodeTagLocation(at, [far]),
      encodeTagLocation(at, [{ ...far, rangeM: 1, quality: 101 }]),
      encodeTagLocation(at, [{ ...far, rangeM: 1, anchorPositionQuality: 200 }]),
      encodeAnchorLocation(at, [{ anchor: '00000000000000a1', rangeM: 20_000, quality: 1 }])
    ])
      expect(decoder.decode(frame, {})).toMatchObject({ kind: 'error', code: 'VALUE_RANGE' })
  })
})

describe('TLV framer', () => {
  it('gives the same frames however the stream is split', () => {
    const noise = fc.uint8Array({ maxLength: 12 })
    const damaged = fc.tuple(answer, fc.nat(300), fc.nat(300)).map(([bytes, from, count]) => {
      const start = from % bytes.length
      return joined([bytes.subarray(0, start), bytes.subarray(start + 1 + (count % 8))])
    })
    fc.assert(
      fc.property(
        fc.array(fc.oneof(answer, noise, damaged), { maxLength: 12 }),
        fc.array(fc.nat(900), { maxLength: 20 }),
        (parts, cuts) => {
          const stream = joined(parts)
          const whole = framesOf(stream)
          expect(framesOf(stream, cuts)).toEqual(whole)
          expect(
            framesOf(
              stream,
              Array.from(stream, (_byte, index) => index)
            )
          ).toEqual(whole)
          for (const frame of whole) expect(frame.length / 2).toBeLessThanOrEqual(MAX_ANSWER_BYTES)
        }
      )
    )
  })

  it('loses no TLV of a clean stream, whatever the order of the answers', () => {
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 12 }), (answers) => {
        expect(framesOf(joined(answers)).join('')).toBe(toHex(joined(answers)))
      })
    )
  })

  it('gives an answer with its last byte once the shape is known, and at the latest with the next', () => {
    const location = encodeTagLocation({ position: { x: 1, y: 1, z: 1 }, quality: 80 }, [])
    const status = encodeStatus(3, 2)
    const framer = new TlvFramer()
    const frames: string[] = []
    const push = (bytes: Uint8Array): number => {
      framer.push(bytes, (frame) => frames.push(toHex(frame)))
      return frames.length
    }
    expect([push(location), push(status), push(location), push(status), push(location), push(encodeError(4))]).toEqual([0, 1, 3, 4, 5, 6])
    expect(frames).toEqual([location, status, location, status, location, encodeError(4)].map(toHex))
  })

  it('hands on ranges that come behind an answer taken for whole, and learns', () => {
    const at = { position: { x: 1, y: 1, z: 1 }, quality: 80 }
    const ranges = [{ anchor: '0a01', rangeM: 5, quality: 100, anchorPosition: { x: 1, y: 2, z: 3 }, anchorPositionQuality: 100 }]
    const short = encodePosition(at)
    const long = encodeTagLocation(at, ranges)
    const frames = framesOf(joined([short, short, long, long, long]))
    expect(frames).toEqual([short, short, short, long.subarray(18), long, long].map(toHex))
    expect(one(bytesOf(frames[3] ?? ''))).toEqual({ ranges, extra: { kind: 'response' } })
  })

  it('takes no range block that follows nothing', () => {
    const block = encodeTagLocation({ position: { x: 1, y: 1, z: 1 }, quality: 80 }, [
      { anchor: '0a01', rangeM: 5, quality: 100, anchorPosition: { x: 1, y: 2, z: 3 }, anchorPositionQuality: 100 }
    ]).subarray(18)
    expect(framesOf(block)).toEqual([])
    expect(framesOf(joined([Uint8Array.of(1, 2, 3), block]))).toEqual([])
  })

  it('makes no other position of answers that lost up to four bytes', () => {
    // On a real site: a coordinate of few millimetres has bytes of zero where a shifted one shows.
    const within = (min: number, max: number) => fc.noBias(fc.integer({ min, max })).map((millimetres) => millimetres / 1000)
    const site = fc.record({ x: within(2000, 30_000), y: within(2000, 30_000), z: within(1000, 3000) })
    const at = fc.record({ position: site, quality: fc.integer({ min: 1, max: 100 }) })
    const stream = fc.array(
      at.map((where) => ({ where, frame: encodePosition(where) })),
      { minLength: 6, maxLength: 6 }
    )
    let kept = 0
    fc.assert(
      fc.property(stream, fc.nat(2000), fc.integer({ min: 1, max: 4 }), (list, from, count) => {
        const bytes = joined(list.map(({ frame }) => frame))
        const start = from % bytes.length
        const cut = joined([bytes.subarray(0, start), bytes.subarray(start + count)])
        const real = new Set(list.map(({ where }) => JSON.stringify(where.position)))
        for (const frame of framesOf(cut)) {
          const result = decoder.decode(bytesOf(frame), {})
          if (result.kind !== 'readings' || result.readings[0]?.usable === false) continue
          const read = result.readings[0]?.position
          if (read) kept++
          if (read) expect(real.has(JSON.stringify(read))).toBe(true)
        }
      }),
      { numRuns: 2000 }
    )
    expect(kept).toBeGreaterThan(8000)
  })

  it('never throws, and accounts for every byte', () => {
    const part = fc.oneof(
      answer,
      fc.uint8Array({ maxLength: 60 }),
      fc.array(fc.constantFrom(0x40, 1, 0, 0x41, 0x0d, 0x49, 21, 0x48, 0x5a)).map((list) => Uint8Array.from(list))
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
        const framer = new TlvFramer()
        let framed = 0
        const read = (frame: Uint8Array): void => {
          framed += frame.length
          const result: DecodeResult = decoder.decode(frame, {})
          if (result.kind === 'readings') expect(JSON.parse(JSON.stringify(result.readings))).toEqual(result.readings)
        }
        framer.push(joined(parts), read)
        framer.flush(read)
        framer.reset()
        expect(framed + framer.counters.discardedBytes).toBe(joined(parts).length)
        for (const bytes of parts) decoder.decode(bytes, {})
      }),
      { numRuns: 1000 }
    )
  })
})
