import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_NUMBER_BYTES, maxQuotedBytes, putNumber, putPadded, putQuoted } from './json-bytes.ts'

const AT = 3

/** What was written, with nothing touched before it or behind it. */
function written(room: number, put: (into: Buffer, at: number) => number): string {
  const into = Buffer.alloc(AT + room + 1, 0xee)
  const end = put(into, AT)
  expect(end).toBeLessThanOrEqual(AT + room)
  expect([...into.subarray(0, AT), ...into.subarray(end)].every((byte) => byte === 0xee)).toBe(true)
  return into.toString('utf8', AT, end)
}

const numberText = (value: number) => written(MAX_NUMBER_BYTES, (into, at) => putNumber(into, at, value))
const quotedText = (text: string) => written(maxQuotedBytes(text), (into, at) => putQuoted(into, at, text))

describe('JSON as bytes', () => {
  it('writes numbers as JSON.stringify does', () => {
    const decimals = fc
      .tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 15 }))
      .map(([value, places, smaller]) => Math.trunc(value / 10 ** smaller) / 10 ** places)
    const numbers = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), decimals, fc.integer(), fc.maxSafeInteger())
    fc.assert(
      fc.property(numbers, (value) => {
        expect(numberText(value)).toBe(JSON.stringify(value))
      }),
      { numRuns: 1_500 }
    )
  })

  it.each([
    0,
    -0,
    1,
    9,
    10,
    99_999_999,
    100_000_000,
    999_999_999_999_999,
    1e15,
    1e21,
    0.1,
    0.001,
    0.01,
    0.0005,
    1e-7,
    0.999,
    0.9995,
    1.1,
    99.999,
    -0.5,
    -12.34,
    123_456_789_012.345,
    999_999_999_999.999,
    1e12 + 0.5,
    4_503_599_627_370.5,
    5e-324,
    -0.0000010000000027017382,
    -2.2250738585072014e-308,
    -1.7976931348623157e308
  ])('writes %d', (value) => {
    expect(numberText(value)).toBe(JSON.stringify(value))
  })

  it('writes what is no number as String does', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) expect(numberText(value)).toBe(String(value))
  })

  it('pads whole numbers with zeros', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger().map(Math.abs), fc.integer({ min: 1, max: 20 }), (value, digits) => {
        expect(written(20, (into, at) => putPadded(into, at, value, digits))).toBe(String(value).padStart(digits, '0'))
      })
    )
  })

  it('writes strings as JSON.stringify does', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\ud800', '"', '\\', '\u007f', '\n', 'é') })
    )
    fc.assert(
      fc.property(texts, (text) => {
        // A lone surrogate has no UTF-8, so JSON.stringify escapes it.
        expect(quotedText(text)).toBe(JSON.stringify(text))
      }),
      { numRuns: 300 }
    )
  })
})
