import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import { LineFramer } from './line-framer.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const framer = (): LineFramer => new LineFramer({ maxLength: 12, prompts: ['dwm> ', 'x>'] })
const lines = (text: string): string[] => {
  const out: string[] = []
  const target = framer()
  target.push(encode(text), (frame) => out.push(new TextDecoder().decode(frame)))
  return out
}
/** Streams in which line ends, prompts and long runs are frequent. */
const stream = fc
  .array(fc.oneof(fc.constantFrom('\r\n', '\n', '\r', 'dwm> ', 'dwm', 'x>', 'ab', 'long '.repeat(4)), fc.string({ maxLength: 5 })), {
    maxLength: 40
  })
  .map((parts) => encode(parts.join('')))

describe('line framer', () => {
  it('cuts at every kind of line end and hands on prompts that have none', () => {
    expect(lines('a\r\nb\nc\rd\r\n\r\n\n')).toEqual(['a', 'b', 'c', 'd'])
    expect(lines('dwm> lec\r\nPOS,1\r\ndwm> ')).toEqual(['dwm> ', 'lec', 'POS,1', 'dwm> '])
    expect(lines('say dwm> x\n')).toEqual(['say dwm> x'])
  })

  it('drops an over-long line whole and goes on behind its end', () => {
    const target = framer()
    const out: string[] = []
    target.push(encode('0123456789abc\nok\n'), (frame) => out.push(new TextDecoder().decode(frame)))
    expect(out).toEqual(['ok'])
    expect(target.counters).toEqual({ bytesIn: 17, frames: 1, badChecksum: 0, oversize: 1, discardedBytes: 13, resyncs: 1 })
  })

  it('keeps a half line until its end, forgets it on reset and hands it on at a flush', () => {
    const target = framer()
    const out: string[] = []
    const onFrame = (frame: Uint8Array): void => void out.push(new TextDecoder().decode(frame))
    target.push(encode('half'), onFrame)
    expect(out).toEqual([])
    target.reset()
    expect(target.counters.discardedBytes).toBe(4)
    target.push(encode('new\nlast'), onFrame)
    target.flush(onFrame)
    expect(out).toEqual(['new', 'last'])
  })

  it('gives the same frames however the stream is split', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 20 }), (bytes, cuts) => {
        expect(framesInPieces(framer(), bytes, cuts)).toEqual(framesInPieces(framer(), bytes, []))
        const each = Array.from(bytes, (_byte, index) => index)
        expect(framesInPieces(framer(), bytes, each)).toEqual(framesInPieces(framer(), bytes, []))
      })
    )
  })

  it('takes any noise: no throw, no frame longer than the cap, every byte accounted for', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const target = framer()
        let framed = 0
        target.push(bytes, (frame) => {
          expect(frame.length).toBeLessThanOrEqual(12)
          framed += frame.length
        })
        target.reset()
        const ends = bytes.filter((byte) => byte === 10 || byte === 13).length
        expect(framed + target.counters.discardedBytes + ends).toBe(bytes.length)
        expect(target.counters.bytesIn).toBe(bytes.length)
      })
    )
  })
})
