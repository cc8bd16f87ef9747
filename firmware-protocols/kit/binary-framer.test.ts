import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import { BinaryFramer, NEED_MORE, NO_START, sum8 } from './binary-framer.ts'
import { toHex } from './hex.ts'

/** `A5`, length of all, content, sum: at most 20 bytes. */
const framer = (): BinaryFramer =>
  new BinaryFramer({
    maxLength: 20,
    measure(bytes, from, to) {
      if (bytes[from] !== 0xa5) return NO_START
      if (to - from < 2) return NEED_MORE
      const length = bytes[from + 1] ?? 0
      return length < 3 ? NO_START : length
    },
    isIntact: (bytes, from, to) => bytes[to - 1] === sum8(bytes, from, to - 1)
  })
function frame(content: Uint8Array): Uint8Array {
  const start = Uint8Array.of(0xa5, content.length + 3, ...content)
  return Uint8Array.of(...start, sum8(start, 0, start.length))
}
const content = fc.uint8Array({ maxLength: 17 })
const bytesOfAll = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))
/** Good frames, noise with many false starts, and frames with a flipped byte. */
const stream = fc
  .array(
    fc.oneof(
      content.map(frame),
      fc.array(fc.constantFrom(0xa5, 0x03, 0x14, 0x15, 0xff, 0), { maxLength: 8 }).map((bytes) => Uint8Array.from(bytes)),
      fc.tuple(content.map(frame), fc.nat(19), fc.integer({ min: 1, max: 255 })).map(([bytes, at, flip]) => {
        const copy = Uint8Array.from(bytes)
        copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ flip
        return copy
      })
    ),
    { maxLength: 20 }
  )
  .map(bytesOfAll)

describe('binary framer', () => {
  it('gives every frame of a clean stream', () => {
    fc.assert(
      fc.property(fc.array(content, { maxLength: 20 }), (contents) => {
        const target = framer()
        expect(framesInPieces(target, bytesOfAll(contents.map(frame)), [])).toEqual(contents.map((item) => toHex(frame(item))))
        expect(target.counters).toMatchObject({ frames: contents.length, discardedBytes: 0, resyncs: 0, badChecksum: 0, oversize: 0 })
      })
    )
  })

  it('gives the same frames however the stream is split', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(300), { maxLength: 20 }), (bytes, cuts) => {
        const whole = framesInPieces(framer(), bytes, [])
        expect(framesInPieces(framer(), bytes, cuts)).toEqual(whole)
        expect(
          framesInPieces(
            framer(),
            bytes,
            Array.from(bytes, (_byte, index) => index)
          )
        ).toEqual(whole)
      })
    )
  })

  it('loses no good frame to a false start before it', () => {
    const good = frame(Uint8Array.of(1, 2, 3))
    for (const noise of [[0xa5], [0xa5, 0x08], [0xa5, 0xff], [0xa5, 0x02], [0xa5, 0x14, 0xa5, 0x05]]) {
      const target = framer()
      const filler = new Uint8Array(20)
      expect(framesInPieces(target, Uint8Array.of(...noise, ...good, ...filler), [])).toEqual([toHex(good)])
      expect(target.counters.resyncs).toBe(1)
    }
  })

  it('accounts for every byte of any noise and holds at most two frames', () => {
    fc.assert(
      fc.property(fc.oneof(stream, fc.uint8Array({ maxLength: 400 })), fc.boolean(), (bytes, flush) => {
        const target = framer()
        let framed = 0
        const count = (got: Uint8Array): void => {
          expect(got.length).toBeLessThanOrEqual(20)
          framed += got.length
        }
        target.push(bytes, count)
        if (flush) target.flush(count)
        target.reset()
        expect(framed + target.counters.discardedBytes).toBe(bytes.length)
      })
    )
  })

  it('finds at a flush the frame that a false start was waiting in front of', () => {
    const good = frame(Uint8Array.of(7))
    const target = framer()
    const frames: string[] = []
    target.push(Uint8Array.of(0xa5, 0x14, ...good), (bytes) => frames.push(toHex(bytes)))
    expect(frames).toEqual([])
    target.flush((bytes) => frames.push(toHex(bytes)))
    expect(frames).toEqual([toHex(good)])
    expect(target.counters.discardedBytes).toBe(2)
  })
})
