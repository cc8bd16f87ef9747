import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bytesOfEscaped } from './escapes.ts'

it('reads escapes and leaves the rest as it is', () => {
  expect(bytesOfEscaped('lec\\r\\n\\t\\0\\\\\\x7fé')).toEqual(Uint8Array.from([108, 101, 99, 13, 10, 9, 0, 92, 0x7f, 0xc3, 0xa9]))
})

it.each(['\\', 'a\\', '\\q', '\\x', '\\x1', '\\xgg'])('refuses %j', (text) => {
  expect(bytesOfEscaped(text)).toBeUndefined()
})

it('gives back any bytes that were written with escapes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const text = Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
      expect(bytesOfEscaped(text)).toEqual(Uint8Array.from(bytes))
    })
  )
})

it('gives back any text without a backslash as UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
      fc.pre(!text.includes('\\'))
      expect(bytesOfEscaped(text)).toEqual(new TextEncoder().encode(text))
    })
  )
})
