import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CentralKind, type ReadRecord, readCentralRecord } from './central-records.ts'
import { Directory } from './directory.ts'

const NOW = 1_790_000_000_000

function read(kind: CentralKind, key: string, value: unknown, directory = new Directory()): ReadRecord {
  const text = value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value)
  return readCentralRecord({ kind, key, value: text, timestampMs: 9_000 }, directory)
}

function take(directory: Directory, kind: CentralKind, key: string, value: unknown): void {
  const record = read(kind, key, value, directory)
  if (!record.ok) throw new TypeError(record.what)
  for (const change of record.changes) directory.apply(change, NOW)
}

describe('records of central', () => {
  it('tell of people: workers, visitors and vehicles', () => {
    expect(read('person', 'ann', { at: 5, name: 'Ann', who: 'desk' })).toEqual({
      ok: true,
      changes: [
        {
          by: 'central',
          who: 'desk',
          at: 5,
          change: { kind: 'person', person: 'ann', name: 'Ann', personKind: 'worker', group: undefined }
        }
      ]
    })
    expect(read('person', 'truck-7', { at: 5, kind: 'vehicle', group: 'haulage', later: 'a field of a newer version' })).toMatchObject({
      ok: true,
      changes: [{ change: { person: 'truck-7', personKind: 'vehicle', group: 'haulage' } }]
    })
  })

  it('bind tags, from when to when', () => {
    const directory = new Directory()
    take(directory, 'binding', 'pans:4d18', { person: 'ann', from: 10 })
    take(directory, 'binding', 'pans:4d18', { person: 'bob', from: 20, to: 30 })
    expect([9, 10, 19, 20, 29, 30].map((time) => directory.wearer('pans:4d18', time))).toEqual([
      undefined,
      'ann',
      'ann',
      'bob',
      'bob',
      undefined
    ])
  })

  it('that are tombstones take back what central said, from their time stamp on, and leave alone what the site said', () => {
    const directory = new Directory()
    take(directory, 'binding', 'pans:1', { person: 'ann', from: 10 })
    take(directory, 'binding', 'pans:1', undefined)
    expect([8_999, 9_000].map((time) => directory.wearer('pans:1', time))).toEqual(['ann', undefined])
    take(directory, 'binding', 'pans:2', { person: 'ann', from: 10 })
    directory.apply({ by: 'site', at: 20, change: { kind: 'bound', tag: 'pans:2', person: 'bob' } }, NOW)
    take(directory, 'binding', 'pans:2', undefined)
    expect(directory.wearer('pans:2', 9_000)).toBe('bob')
    expect(read('binding', 'pans:3', undefined, directory)).toEqual({ ok: true, changes: [] })
    expect(read('person', 'ann', undefined)).toEqual({
      ok: true,
      changes: [{ by: 'central', at: 9_000, change: { kind: 'person', person: 'ann', removed: true } }]
    })
    expect(read('zone', 'bay', undefined)).toMatchObject({ changes: [{ change: { kind: 'zone', zone: 'bay', removed: true } }] })
  })

  it('bring zones, as the site model has them', () => {
    const zone = {
      frame: 'hall',
      polygon: [
        [
          [0, 0],
          [4, 0],
          [4, 4],
          [0, 4]
        ]
      ]
    }
    expect(read('zone', 'bay', { at: 5, zone })).toMatchObject({
      ok: true,
      changes: [{ at: 5, change: { kind: 'zone', zone: 'bay', definition: zone } }]
    })
    const crossed = {
      ...zone,
      polygon: [
        [
          [0, 0],
          [4, 4],
          [4, 0],
          [0, 4]
        ]
      ]
    }
    const refused = read('zone', 'bay', { at: 5, zone: crossed })
    expect(refused).toMatchObject({ ok: false, remedy: 'correct it at central' })
    expect(JSON.stringify(refused)).toContain('the zone record')
  })

  it.each([
    ['person', 'two words', { at: 1 }, 'is no id'],
    ['binding', 'no-namespace', { person: 'ann', from: 1 }, 'is no id'],
    ['person', 'ann', '{', 'is not JSON'],
    ['person', 'ann', '5', 'is wrong'],
    ['person', 'ann', {}, 'is wrong at at'],
    ['person', 'ann', { at: 1, kind: 'robot' }, 'is wrong at kind'],
    ['binding', 'a:1', { person: 'ann', from: 5, to: 5 }, 'is wrong at to: to is not after from'],
    ['binding', 'a:1', { person: 'two words', from: 5 }, 'is wrong at person'],
    ['zone', 'bay', { at: 1, zone: { frame: 'hall' } }, 'is wrong at polygon'],
    ['person', 'ann', JSON.stringify({ at: 1, name: 'x'.repeat(1_000_001) }), 'characters']
  ] as const)('%s %s that cannot be read is refused whole, with the reason', (kind, key, value, what) => {
    const record = read(kind, key, value)
    expect(record.ok).toBe(false)
    if (!record.ok) {
      expect(record.what).toContain(what)
      expect(record.remedy.length).toBeGreaterThan(5)
    }
  })

  it('never throw, whatever they hold', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('person' as const, 'binding' as const, 'zone' as const),
        fc.oneof(fc.string(), fc.constantFrom('ann', 'a:1')),
        fc.oneof(fc.string(), fc.json(), fc.constant(undefined)),
        (kind, key, value) => {
          const directory = new Directory()
          const record = readCentralRecord({ kind, key, value, timestampMs: 1 }, directory)
          if (record.ok) for (const change of record.changes) expect(directory.apply(change, NOW).kind).toBe('taken')
        }
      )
    )
  })
})
