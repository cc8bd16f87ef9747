import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ReportFragments } from './report-fragments.ts'

const MORE = 0x20
const CUT_OFF = 0x40

it('gives back any advertisement, however it was cut, and others between its parts as they are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 229 }), { minLength: 1, maxLength: 7 }),
      fc.boolean(),
      (parts, cutOff) => {
        const fragments = new ReportFragments()
        const results = parts.map((part, index) => {
          expect(fragments.take('b', 0, Uint8Array.of(index))).toEqual(Uint8Array.of(index))
          const last = index === parts.length - 1
          return fragments.take('a', last ? (cutOff ? CUT_OFF : 0) : MORE, part)
        })
        expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true)
        expect(results.at(-1)).toEqual(Uint8Array.from(parts.flatMap((part) => [...part])))
        expect(fragments.counters.lost).toBe(0)
      }
    )
  )
})

it('counts an advertisement that is longer than any, and begins anew after it', () => {
  const fragments = new ReportFragments()
  const part = new Uint8Array(200)
  for (let index = 0; index < 9; index++) expect(fragments.take('a', MORE, part)).toBeUndefined()
  expect(fragments.counters.lost).toBe(1)
  expect(fragments.take('a', 0, part)).toEqual(part)
})

it('holds no more than 64 that never end', () => {
  const fragments = new ReportFragments()
  for (let sender = 0; sender < 1000; sender++) fragments.take(`sender ${sender}`, MORE, Uint8Array.of(1))
  expect(fragments.counters.lost).toBe(1000 - 64)
  expect(fragments.take('sender 999', 0, Uint8Array.of(2))).toEqual(Uint8Array.of(1, 2))
  expect(fragments.take('sender 0', 0, Uint8Array.of(2))).toEqual(Uint8Array.of(2))
})
