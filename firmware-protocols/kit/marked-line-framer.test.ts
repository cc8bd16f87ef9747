import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import { LineFramer } from './line-framer.ts'
import { MarkedLineFramer } from './marked-line-framer.ts'
import { latin1Text, utf8Bytes } from './text.ts'

const newFramer = () => new MarkedLineFramer({ lines: new LineFramer({ maxLength: 30 }), isMark: (line, at) => line[at] === 0x24 })
const framesOf = (text: string): string[] => {
  const found: string[] = []
  newFramer().push(utf8Bytes(text), (frame) => void found.push(latin1Text(frame)))
  return found
}

describe('marked line framer', () => {
  it('cuts at line ends and at marks', () => {
    expect(framesOf('$one\r\nnoise $two\n$thr$four\nchatter\n\n')).toEqual(['$one', '$two', '$thr', '$four', 'chatter'])
  })

  it('counts frames, and what is before a mark', () => {
    const framer = newFramer()
    framer.push(utf8Bytes('abc$one$two\nplain\n'), () => undefined)
    expect(framer.counters).toMatchObject({ frames: 3, discardedBytes: 3, resyncs: 1 })
  })

  it('gives the same frames however the stream is split, and a last line at the end', () => {
    const stream = fc
      .array(fc.constantFrom('$a', '$', 'bc', '\r\n', '\n', 'x'.repeat(40)), { maxLength: 20 })
      .map((parts) => utf8Bytes(parts.join('')))
    fc.assert(
      fc.property(stream, fc.array(fc.nat(300), { maxLength: 12 }), (bytes, cuts) => {
        expect(framesInPieces(newFramer(), bytes, cuts)).toEqual(framesInPieces(newFramer(), bytes, []))
      })
    )
    const framer = newFramer()
    const found: string[] = []
    framer.push(utf8Bytes('x$la'), () => undefined)
    framer.flush((frame) => void found.push(latin1Text(frame)))
    expect(found).toEqual(['$la'])
    framer.push(utf8Bytes('$half'), () => undefined)
    framer.reset()
    framer.push(utf8Bytes('$new\n'), (frame) => void found.push(latin1Text(frame)))
    expect(found).toEqual(['$la', '$new'])
  })
})
