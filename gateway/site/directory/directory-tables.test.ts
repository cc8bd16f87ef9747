import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffRecords } from '../site-diff.ts'
import type { Binding, Person } from '../site-model.ts'
import { readTable, writeTable } from '../site-tables.ts'
import { Directory } from './directory.ts'
import { bindingChanges, bindingRecords, personChanges, personRecords } from './directory-tables.ts'

const NOW = 1_790_000_000_000

function imported(people: readonly Person[], bindings: readonly Binding[], directory = new Directory()): Directory {
  const changes = [
    ...personChanges(diffRecords('person', personRecords(directory), people, 'replace'), { at: NOW }),
    ...bindingChanges(diffRecords('binding', bindingRecords(directory), bindings, 'replace'), { at: NOW })
  ]
  for (const change of changes) directory.apply(change, NOW)
  return directory
}

const people: readonly Person[] = [
  { id: 'ann', name: 'Ann Ito', kind: 'worker', group: 'shift A' },
  { id: 'guest-1', kind: 'visitor' },
  { id: 'truck-7', kind: 'vehicle' }
]
const bindings: readonly Binding[] = [
  { tag: 'a:1', person: 'ann', from: 10, to: 20 },
  { tag: 'a:1', person: 'guest-1', from: 20 },
  { tag: 'a:2', person: 'ann', from: 5 },
  { tag: 'a:3', person: 'truck-7', from: 5, to: 9 }
]

describe('tables of the directory', () => {
  it('come back as they were put in, through CSV', () => {
    const directory = imported(people, bindings)
    expect(readTable('person', writeTable('person', personRecords(directory)))).toEqual({ ok: true, records: people })
    expect(readTable('binding', writeTable('binding', bindingRecords(directory)))).toEqual({ ok: true, records: bindings })
  })

  it('change nothing when they are taken in again', () => {
    const directory = imported(people, bindings)
    expect(personChanges(diffRecords('person', personRecords(directory), people, 'replace'), { at: NOW })).toEqual([])
    expect(bindingChanges(diffRecords('binding', bindingRecords(directory), bindings, 'replace'), { at: NOW })).toEqual([])
  })

  it('take out who is missing, and end their bindings now', () => {
    const directory = imported(people.slice(0, 1), bindings.slice(2, 3), imported(people, bindings))
    expect(personRecords(directory)).toEqual(people.slice(0, 1))
    expect(directory.wearer('a:1', NOW - 1)).toBe('guest-1')
    expect(directory.wearer('a:1', NOW)).toBe(undefined)
    expect(directory.wearer('a:2', NOW)).toBe('ann')
    expect(bindingRecords(directory)).toContainEqual({ tag: 'a:1', person: 'ann', from: 10, to: 20 })
  })

  it('list whatever can be told of a directory without overlaps, each as it can be taken in again', () => {
    const change = fc.record({
      by: fc.constantFrom('central' as const, 'site' as const),
      at: fc.integer({ min: 0, max: 20 }),
      change: fc.record({
        kind: fc.constantFrom('bound' as const, 'unbound' as const),
        tag: fc.constantFrom('a:1', 'a:2'),
        person: fc.constantFrom('ann', 'bob')
      })
    })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 14 }), (changes) => {
        const directory = new Directory()
        for (const each of changes) directory.apply(each, NOW)
        const records = bindingRecords(directory)
        for (const tag of ['a:1', 'a:2']) {
          for (let time = 0; time <= 21; time++) {
            const wearers = records.filter((each) => each.tag === tag && each.from <= time && time < (each.to ?? 99))
            expect(wearers.map(({ person }) => person)).toEqual([directory.wearer(tag, time)].filter((person) => person !== undefined))
          }
        }
        expect(bindingRecords(imported([], records))).toEqual(records)
      })
    )
  })
})
