import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyDiff, describeDiff, diffRecords } from './site-diff.ts'
import { keyOf, SITE_SCHEMAS, type SiteKind, type SiteRecords } from './site-model.ts'
import { recordsOf } from './site-test-support.ts'

const KINDS = Object.keys(SITE_SCHEMAS) as readonly SiteKind[]
const sorted = (records: readonly SiteRecords[SiteKind][]) => records.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))

describe('what an import would change', () => {
  it.each(KINDS)('leads from what is there to what was imported (%s)', (kind) => {
    // Part of the second set are records of the first, some of them changed.
    const pair = fc.tuple(recordsOf(kind), recordsOf(kind), fc.infiniteStream(fc.boolean())).map(([before, others, choose]) => {
      const keys = new Set(others.map(keyOf))
      const stay = before.filter((record) => !keys.has(keyOf(record)) && choose.next().value)
      return { before, after: [...stay, ...others], stay }
    })
    fc.assert(
      fc.property(pair, ({ before, after, stay }) => {
        const replaced = diffRecords(kind, before, after, 'replace')
        expect(sorted(applyDiff(before, replaced))).toEqual(sorted(after))
        expect(replaced.unchanged).toBeGreaterThanOrEqual(stay.length)
        const merged = applyDiff(before, diffRecords(kind, before, after, 'merge'))
        const imported = new Set(after.map(keyOf))
        expect(sorted(merged)).toEqual(sorted([...after, ...before.filter((record) => !imported.has(keyOf(record)))]))
        const none = diffRecords(kind, after, after.toReversed(), 'replace')
        expect([none.added, none.removed, none.changed, none.unchanged]).toEqual([[], [], [], after.length])
      }),
      { numRuns: 100 }
    )
  })

  it('is told line by line', () => {
    const before: readonly SiteRecords['person'][] = [
      { id: 'p1', name: 'Ada', kind: 'worker' },
      { id: 'p2', kind: 'visitor' },
      { id: 'p3', kind: 'worker' }
    ]
    const after: readonly SiteRecords['person'][] = [
      { id: 'p3', kind: 'worker' },
      { id: 'p1', kind: 'vehicle' },
      { id: 'p4', kind: 'worker' }
    ]
    expect(describeDiff(diffRecords('person', before, after, 'replace'))).toEqual([
      '+ person p4',
      '- person p2',
      '~ person p1: name Ada → nothing, kind worker → vehicle',
      'person: 1 added, 1 removed, 1 changed, 1 as before'
    ])
    expect(describeDiff(diffRecords('person', before, after, 'merge')).at(-1)).toBe('person: 1 added, 0 removed, 1 changed, 1 as before')
  })
})
