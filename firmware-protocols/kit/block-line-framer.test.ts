import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import { BlockLineFramer } from './block-line-framer.ts'
import { latin1Text, utf8Bytes } from './text.ts'

/** A block begins with `NEW{`; lines that begin with `#` are foreign. */
const newFramer = () =>
  new BlockLineFramer({
    maxLength: 60,
    restartAt: (held, length) => (latin1Text(held, Math.max(0, length - 4), length) === 'NEW{' ? length - 4 : -1),
    isForeign: (held, from) => held[from] === 0x23
  })
const framesOf = (text: string): string[] => {
  const found: string[] = []
  newFramer().push(utf8Bytes(text), (frame) => void found.push(latin1Text(frame)))
  return found
}

describe('block line framer', () => {
  it('keeps blocks and lists together over lines, and ends them with their last brace', () => {
    expect(framesOf('plain\r\nNEW{a\r\n\r [b{c}]\r\n}tail\n{"x":1}{"y":2}\n[{"z":3},\n{"z":4}] \n')).toEqual([
      'plain',
      'NEW{a\n [b{c}]\n}',
      'tail',
      '{"x":1}',
      '{"y":2}',
      '[{"z":3},\n{"z":4}]',
      ' '
    ])
  })

  it('takes foreign lines out of a block, with whatever braces they have', () => {
    expect(framesOf('NEW{a\n#log {{{\nb}\n')).toEqual(['#log {{{', 'NEW{a\nb}'])
  })

  it('begins anew where another block begins, and behind an over-long one', () => {
    expect(framesOf('NEW{half\nNEW{whole}\n')).toEqual(['NEW{whole}'])
    const framer = newFramer()
    const found: string[] = []
    framer.push(utf8Bytes(`{${'x'.repeat(70)}\nNEW{a}\n`), (frame) => void found.push(latin1Text(frame)))
    expect(found).toEqual(['NEW{a}'])
    expect(framer.counters).toMatchObject({ oversize: 1, discardedBytes: 71, frames: 1, resyncs: 1 })
  })

  it('takes a last line for whole, but not a last block', () => {
    const framer = newFramer()
    const found: string[] = []
    const keep = (frame: Uint8Array) => void found.push(latin1Text(frame))
    framer.push(utf8Bytes('line'), keep)
    framer.flush(keep)
    framer.push(utf8Bytes('NEW{half'), keep)
    framer.flush(keep)
    expect(found).toEqual(['line'])
    framer.reset()
    expect(framer.counters.discardedBytes).toBe(8)
  })

  it('gives the same frames however the stream is split, and holds no more than one', () => {
    const token = fc.constantFrom('{', '}', '[', ']', '"', 'NEW{', '#', '\r\n', '\n', 'abc', 'x'.repeat(50))
    fc.assert(
      fc.property(fc.array(token, { maxLength: 40 }), fc.array(fc.nat(400), { maxLength: 20 }), (tokens, cuts) => {
        const stream = utf8Bytes(tokens.join(''))
        const whole = framesInPieces(newFramer(), stream, [])
        expect(framesInPieces(newFramer(), stream, cuts)).toEqual(whole)
        for (const frame of whole) expect(frame.length / 2).toBeLessThanOrEqual(60)
      }),
      { numRuns: 500 }
    )
  })
})
