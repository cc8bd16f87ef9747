import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addChange, compareChanges, MAX_WEARING_CHANGES, type WearingChange, wearerAt } from './wearers.ts'

const change = fc.record({
  at: fc.integer({ min: 0, max: 30 }),
  by: fc.constantFrom('central' as const, 'site' as const),
  kind: fc.constantFrom('bound' as const, 'unbound' as const),
  person: fc.constantFrom('ann', 'bob', 'cem')
})

const remembered = (changes: readonly WearingChange[]): WearingChange[] => {
  const kept: WearingChange[] = []
  for (const each of changes) addChange(kept, each)
  return kept
}
const bound = (at: number, person: string, by: 'central' | 'site' = 'site'): WearingChange => ({ at, by, kind: 'bound', person })
const unbound = (at: number, person: string, by: 'central' | 'site' = 'site'): WearingChange => ({ at, by, kind: 'unbound', person })

describe('wearerAt', () => {
  it('is whoever the latest change before that time says', () => {
    const changes = remembered([bound(10, 'ann'), bound(20, 'bob'), unbound(30, 'bob')])
    expect([9, 10, 19, 20, 29, 30, 99].map((time) => wearerAt(changes, time))).toEqual([
      undefined,
      'ann',
      'ann',
      'bob',
      'bob',
      undefined,
      undefined
    ])
  })

  it('lets the end of a binding end no later one of somebody else', () => {
    expect(wearerAt(remembered([bound(10, 'ann'), bound(20, 'bob'), unbound(30, 'ann')]), 40)).toBe('bob')
    expect(wearerAt(remembered([bound(10, 'ann'), bound(20, 'bob'), unbound(30, 'bob')]), 40)).toBe(undefined)
  })

  it('lets the site win at one instant, and the later change else', () => {
    expect(wearerAt(remembered([bound(10, 'ann', 'site'), bound(10, 'bob', 'central')]), 10)).toBe('ann')
    expect(wearerAt(remembered([bound(10, 'ann', 'site'), bound(11, 'bob', 'central')]), 11)).toBe('bob')
  })

  it('hands a tag over at one instant', () => {
    expect(wearerAt(remembered([bound(10, 'ann'), bound(20, 'bob'), unbound(20, 'ann')]), 20)).toBe('bob')
  })

  it('comes out the same for any order of arrival, and for changes that come twice', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 40 }).chain((all) =>
          fc.record({
            all: fc.constant(all),
            other: fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length, maxLength: 2 * all.length })
          })
        ),
        ({ all, other }) => {
          const one = remembered(all)
          expect(remembered(other)).toEqual(one)
          expect(one.length).toBeLessThanOrEqual(MAX_WEARING_CHANGES)
          for (let place = 1; place < one.length; place++)
            expect(compareChanges(one[place - 1] ?? bound(0, ''), one[place] ?? bound(0, ''))).toBeLessThan(0)
        }
      )
    )
  })

  it('says of every time what the newest changes say, told in their order', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.integer({ min: 0, max: 31 }), (all, time) => {
        let wearer: string | undefined
        for (const { at, kind, person } of all.toSorted(compareChanges)) {
          if (at > time) continue
          if (kind === 'bound') wearer = person
          else if (wearer === person) wearer = undefined
        }
        expect(wearerAt(remembered(all), time)).toBe(wearer)
      })
    )
  })
})
