import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonWriter } from './json-writer.ts'

function written(writer: JsonWriter, value: unknown): string | undefined {
  const from = writer.length
  const unitsBefore = writer.units
  if (!writer.value(value)) {
    expect(writer.length).toBe(from)
    return undefined
  }
  const text = writer.view().toString('utf8', from)
  expect(writer.units - unitsBefore).toBe(text.length)
  return text
}

const anything = fc.anything({
  withBigInt: false,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
  maxDepth: 4
} as fc.ObjectConstraints)

describe('JSON writer', () => {
  it('writes what JSON.stringify writes, of whatever it is given, one after the other', () => {
    const writer = new JsonWriter()
    fc.assert(
      fc.property(fc.array(fc.oneof(anything, fc.jsonValue())), (values) => {
        writer.clear()
        for (const value of values) expect(written(writer, value)).toBe(JSON.stringify(value))
      }),
      { numRuns: 500 }
    )
  })

  it.each([
    ['members that are not there', { a: undefined, b: 1, c: () => 1, d: Symbol('x'), e: undefined }],
    ['nothing else', { a: undefined }],
    ['holes', [undefined, () => 1, null]],
    ['what is no number', { a: Number.NaN, b: Number.NEGATIVE_INFINITY, c: -0 }],
    ['a toJSON of its own', { before: 'é', toJSON: () => ({ é: 1 }) }],
    ['a toJSON that is none', { toJSON: 1 }],
    ['names that look like numbers', { b: 1, 2: 2, 1: 1 }],
    ['a date', { at: new Date(5) }],
    ['depth', Array.from({ length: 100 }).reduce<unknown>((inner) => ({ inner, é: [inner === undefined] }), undefined)]
  ])('writes %s as JSON.stringify does', (_name, value) => {
    expect(written(new JsonWriter(), value)).toBe(JSON.stringify(value))
  })

  it('throws at what has no JSON, and writes nothing of it', () => {
    const circle: Record<string, unknown> = { name: 'é' }
    circle['self'] = circle
    const writer = new JsonWriter()
    writer.value({ a: 1 })
    for (const bad of [circle, { deep: [{ count: 1n }] }]) expect(() => writer.value(bad)).toThrow(TypeError)
    writer.value('b')
    expect(writer.view().toString()).toBe('{"a":1}"b"')
    expect(writer.units).toBe(10)
  })
})
