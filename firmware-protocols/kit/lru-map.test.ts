import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LruMap } from './lru-map.ts'

describe('a map with room for the last used', () => {
  it('forgets what was not used for long, and nothing else', () => {
    const map = new LruMap<string, number>(4)
    map.set('a', 1)
    map.set('b', 2)
    map.set('c', 3)
    expect(map.get('a')).toBe(1)
    map.set('d', 4)
    map.set('a', 5)
    expect([map.get('a'), map.get('b'), map.get('d')]).toEqual([5, undefined, 4])
    map.delete('a')
    expect(map.get('a')).toBeUndefined()
  })

  it('holds at most its capacity, always the last half used, and no old value', () => {
    const use = fc.record({ key: fc.nat(40), write: fc.boolean() })
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.array(use, { maxLength: 200 }), (capacity, uses) => {
        const map = new LruMap<number, number>(capacity)
        const written = new Map<number, number>()
        let recent: number[] = []
        for (const [index, { key, write }] of uses.entries()) {
          const got = map.get(key)
          if (recent.includes(key)) expect(got).toBe(written.get(key))
          if (got !== undefined) expect(got).toBe(written.get(key))
          if (write) {
            map.set(key, index)
            written.set(key, index)
          }
          if (write || got !== undefined) recent = [key, ...recent.filter((other) => other !== key)].slice(0, Math.floor(capacity / 2))
          expect(map.size).toBeLessThanOrEqual(capacity)
        }
      })
    )
  })
})
