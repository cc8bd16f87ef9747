import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { directoryChanged } from '../../events/business-events.ts'
import { type Change, Directory, type Told } from './directory.ts'
import { addChange, type WearingChange, wearerAt } from './wearers.ts'

const NOW = 1_790_000_000_000
const TAG = 'pans:4d18'

const bound = (at: number, person: string, by: 'site' | 'central' = 'site'): Change => ({
  by,
  at,
  change: { kind: 'bound', tag: TAG, person }
})
const unbound = (at: number, person: string, by: 'site' | 'central' = 'site'): Change => ({
  by,
  at,
  change: { kind: 'unbound', tag: TAG, person }
})
const named = (at: number, name: string, by: 'site' | 'central' = 'site'): Change => ({
  by,
  at,
  change: { kind: 'person', person: 'ann', name }
})

function told(directory: Directory, change: Change): Told | string {
  const outcome = directory.apply(change, NOW)
  return outcome.kind === 'taken' ? outcome.told : outcome.kind
}

function entries(directory: Directory): Readonly<Record<string, string | undefined>> {
  const names = [...[...directory.words()].map(([entry]) => entry), ...[...directory.wearers()].map(([tag]) => `wearers/${tag}`)]
  return Object.fromEntries(names.sort().map((name) => [name, directory.save(name)]))
}

/** Knows nothing but what is told, as the processors do. */
class Follower {
  readonly wearers = new Map<string, WearingChange[]>()
  readonly names = new Map<string, string | undefined>()

  take(told: Told): void {
    directoryChanged.data.strict().parse(JSON.parse(JSON.stringify(told)))
    const { at, by, change, overruled } = told
    if (change.kind === 'bound' || change.kind === 'unbound') {
      const changes = this.wearers.get(change.tag) ?? []
      this.wearers.set(change.tag, changes)
      addChange(changes, { at, by, kind: change.kind, person: change.person })
    } else if (change.kind === 'person' && overruled !== true) this.names.set(change.person, change.name)
  }

  expectAll(directory: Directory): void {
    for (const [tag, changes] of directory.wearers())
      for (let time = 0; time <= 21; time++) expect(wearerAt(this.wearers.get(tag) ?? [], time)).toBe(wearerAt(changes, time))
    for (const [, { change }] of directory.words()) if (change.kind === 'person') expect(this.names.get(change.person)).toBe(change.name)
  }
}

const anyChange: fc.Arbitrary<Change> = fc.record({
  by: fc.constantFrom('central' as const, 'site' as const),
  at: fc.integer({ min: 0, max: 20 }),
  change: fc.oneof(
    fc.record({
      kind: fc.constantFrom('bound' as const, 'unbound' as const),
      tag: fc.constantFrom('a:1', 'a:2'),
      person: fc.constantFrom('ann', 'bob', 'cem')
    }),
    fc.record({ kind: fc.constant('person' as const), person: fc.constantFrom('ann', 'bob'), name: fc.constantFrom('A', 'B') }),
    fc.record({ kind: fc.constant('person' as const), person: fc.constantFrom('ann', 'bob'), removed: fc.constant(true as const) }),
    fc.record({ kind: fc.constant('zone' as const), zone: fc.constant('z1'), definition: fc.record({ frame: fc.constantFrom('f', 'g') }) }),
    fc.record({
      kind: fc.constant('zone-status' as const),
      zone: fc.constant('z1'),
      status: fc.constantFrom('normal' as const, 'closed' as const)
    })
  )
})
const inAnyOrder = fc.array(anyChange, { maxLength: 40 }).chain((all) =>
  fc.record({
    all: fc.constant(all),
    other: fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length, maxLength: 2 * all.length })
  })
)

describe('Directory', () => {
  it('comes out the same for any order of the same changes, and when they come twice', () => {
    fc.assert(
      fc.property(inAnyOrder, ({ all, other }) => {
        const [one, two] = [new Directory(), new Directory()]
        for (const change of all) one.apply(change, NOW)
        for (const change of other) two.apply(change, NOW)
        expect(entries(two)).toEqual(entries(one))
      })
    )
  })

  it('tells all that others need to know who wears what: whoever follows what is told has the same', () => {
    fc.assert(
      fc.property(inAnyOrder, ({ other }) => {
        const directory = new Directory()
        const follower = new Follower()
        for (const change of other) {
          const outcome = directory.apply(change, NOW)
          if (outcome.kind === 'taken') follower.take(outcome.told)
        }
        follower.expectAll(directory)
      })
    )
  })

  it('is the same again when its entries are read back from disk, those of changed entries written as they come', () => {
    fc.assert(
      fc.property(inAnyOrder, ({ all }) => {
        const directory = new Directory()
        const disk = new Map<string, string | undefined>()
        for (const change of all) {
          const outcome = directory.apply(change, NOW)
          if (outcome.kind === 'taken') disk.set(outcome.entry, directory.save(outcome.entry))
        }
        const again = new Directory()
        for (const [entry, text] of disk) again.restore(entry, text ?? '')
        expect(entries(again)).toEqual(entries(directory))
      })
    )
  })

  describe('conflicts', () => {
    it('the later change holds, and what it overruled of the other side is told', () => {
      const directory = new Directory()
      expect(told(directory, bound(1_000, 'ann', 'central'))).not.toHaveProperty('conflict')
      expect(told(directory, bound(2_000, 'bob'))).toMatchObject({
        conflict: 'overrules central: ann, from 1970-01-01T00:00:01.000Z: the later change holds'
      })
      expect(directory.wearer(TAG, 2_000)).toBe('bob')
      expect(directory.wearer(TAG, 1_999)).toBe('ann')
    })

    it('what comes late holds for its own time, and who took over from it is told', () => {
      const directory = new Directory()
      directory.apply(bound(2_000, 'bob'), NOW)
      expect(told(directory, bound(1_000, 'ann', 'central'))).toEqual({
        ...bound(1_000, 'ann', 'central'),
        conflict: 'overruled by site: bob, from 1970-01-01T00:00:02.000Z on: the later change holds'
      })
      expect(directory.wearer(TAG, 1_500)).toBe('ann')
      expect(directory.wearer(TAG, 2_000)).toBe('bob')
    })

    it("at one instant the site's word holds, whichever comes first", () => {
      const first = new Directory()
      first.apply(bound(1_000, 'bob'), NOW)
      expect(told(first, bound(1_000, 'ann', 'central'))).toMatchObject({
        overruled: true,
        conflict: 'overruled by site: bob, from 1970-01-01T00:00:01.000Z: at one instant the word of the site holds'
      })
      const second = new Directory()
      second.apply(bound(1_000, 'ann', 'central'), NOW)
      expect(told(second, bound(1_000, 'bob'))).toMatchObject({
        conflict: 'overrules central: ann, from 1970-01-01T00:00:01.000Z: at one instant the word of the site holds'
      })
      for (const directory of [first, second]) expect(directory.wearer(TAG, 1_000)).toBe('bob')
    })

    it('are none where both say the same, where one side alone speaks, or where a tag is handed back and out again', () => {
      const directory = new Directory()
      for (const change of [
        bound(1_000, 'ann', 'central'),
        bound(1_000, 'ann'),
        unbound(2_000, 'ann'),
        bound(3_000, 'bob'),
        bound(4_000, 'cem')
      ])
        expect(told(directory, change)).toEqual(change)
    })

    it('about people: the later word holds, an older one is told and not followed', () => {
      const directory = new Directory()
      directory.apply(named(2_000, 'Ann Ito'), NOW)
      expect(told(directory, named(1_000, 'A. Ito', 'central'))).toMatchObject({
        overruled: true,
        conflict: 'overruled by site, from 1970-01-01T00:00:02.000Z: the later change holds'
      })
      expect(told(directory, named(2_000, 'A. Ito', 'central'))).toMatchObject({
        overruled: true,
        conflict: 'overruled by site, from 1970-01-01T00:00:02.000Z: at one instant the word of the site holds'
      })
      expect(told(directory, named(3_000, 'Ann I.', 'central'))).toMatchObject({
        conflict: 'overrules site, from 1970-01-01T00:00:02.000Z: the later change holds'
      })
      expect(told(directory, named(3_000, 'Ann I.', 'central'))).toBe('known')
      expect(told(directory, named(4_000, 'Ann I.'))).not.toHaveProperty('conflict')
    })
  })

  it('refuses what is to hold from more than a year ahead on: a clock that is wrong would overrule all others until then', () => {
    const directory = new Directory()
    const yearMs = 366 * 86_400_000
    expect(directory.apply(bound(NOW + yearMs + 1, 'ann'), NOW)).toMatchObject({ kind: 'refused' })
    expect(directory.apply(bound(-1, 'ann'), NOW)).toMatchObject({ kind: 'refused' })
    expect(directory.apply(bound(Number.NaN, 'ann'), NOW)).toMatchObject({ kind: 'refused' })
    expect(directory.wearer(TAG, Number.POSITIVE_INFINITY)).toBe(undefined)
    expect(directory.apply(bound(NOW + yearMs, 'ann'), NOW)).toMatchObject({ kind: 'taken' })
  })

  it('holds so many entries and no more, and goes on with those it has', () => {
    const directory = new Directory()
    const person = (n: number): Change => ({ by: 'central', at: 1, change: { kind: 'person', person: `p${n}` } })
    for (let n = 0; n < 50_000; n++) directory.apply(person(n), NOW)
    expect(directory.apply(person(50_000), NOW)).toMatchObject({
      kind: 'refused',
      what: 'the directory is full: it holds 50000 people and zones'
    })
    expect(directory.apply({ ...person(7), at: 2 }, NOW)).toMatchObject({ kind: 'taken' })
  })
})
