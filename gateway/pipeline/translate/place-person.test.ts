import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placePerson } from './place-person.ts'
import { Scenario, START } from './translate-test-support.ts'

class Placing extends Scenario {
  constructor() {
    super([placePerson()], ['WornFix', 'TagTakenOff'])
  }

  sees(atMs: number, tag: string, accuracyM: number | undefined, { agoMs = 0, source = 'hall' } = {}): void {
    const time = START + atMs - agoMs + this.wallStepMs
    const fix = { tag, source, method: 'given' as const, time, accuracyM, position: { x: 1, y: 2 } }
    this.feed(atMs, 'WornFix', 'ann', { person: 'ann', fix }, { timeMs: atMs - agoMs, source })
  }

  takesOff(atMs: number, tag: string): void {
    this.feed(atMs, 'TagTakenOff', 'ann', { person: 'ann', tag })
  }

  by(): readonly string[] {
    return this.take('PersonFix').map(({ data }) => data.fix.tag)
  }
}

describe('placePerson', () => {
  it('tells every fix of the only tag', () => {
    const site = new Placing()
    for (let n = 0; n < 3; n++) site.sees(n * 100, 'a:1', 0.3)
    expect(site.take('PersonFix').map(({ key, time, source }) => [key, time, source])).toEqual([
      ['ann', START, 'hall'],
      ['ann', START + 100, 'hall'],
      ['ann', START + 200, 'hall']
    ])
  })

  it('takes the more accurate of two tags, whichever is heard first', () => {
    for (const order of [
      ['a:fine', 'b:coarse'],
      ['b:coarse', 'a:fine']
    ]) {
      const site = new Placing()
      for (let n = 0; n < 6; n++) for (const tag of order) site.sees(n * 1_000, tag, tag === 'a:fine' ? 0.3 : 8)
      expect(site.by().slice(1)).not.toContain('b:coarse')
      expect(site.by()).toEqual([])
    }
  })

  it('takes the better of two systems that see one tag', () => {
    const site = new Placing()
    site.sees(0, 'a:1', 8, { source: 'ble' })
    site.sees(100, 'a:1', 0.3, { source: 'uwb' })
    site.sees(1_000, 'a:1', 8, { source: 'ble' })
    expect(site.take('PersonFix').map(({ data }) => data.fix.source)).toEqual(['ble', 'uwb'])
  })

  it('keeps to one of two that are about equally good: only what is 30 % better takes over', () => {
    const kept = new Placing()
    kept.sees(0, 'a:1', 1)
    kept.sees(0, 'b:1', 0.7)
    expect(kept.by()).toEqual(['a:1'])
    const taken = new Placing()
    taken.sees(0, 'a:1', 1)
    taken.sees(0, 'b:1', 0.69)
    expect(taken.by()).toEqual(['a:1', 'b:1'])
  })

  it('goes over to the coarse tag when the fine one is no longer heard and has aged by walking speed', () => {
    const site = new Placing()
    site.sees(0, 'a:fine', 0.3)
    // 0.3 m and 1.4 m/s: less than 10 m less 30 % for 9.98 s.
    site.sees(9_900, 'b:coarse', 10)
    expect(site.by()).toEqual(['a:fine'])
    site.sees(10_100, 'b:coarse', 10)
    expect(site.by()).toEqual(['b:coarse'])
    site.sees(11_000, 'a:fine', 0.3)
    expect(site.by()).toEqual(['a:fine'])
  })

  it('lets a tag that is taken off leave at once, to the best of the others', () => {
    const site = new Placing()
    site.sees(0, 'b:coarse', 8)
    site.sees(0, 'a:fine', 0.3)
    site.sees(500, 'b:coarse', 8)
    site.by()
    site.takesOff(600, 'a:fine')
    expect(site.take('PersonFix', 'PersonUnplaced').map((event) => [event.type === 'PersonFix' && event.data.fix.tag, event.time])).toEqual(
      [['b:coarse', START + 500]]
    )
    site.sees(1_000, 'b:coarse', 8)
    expect(site.by()).toEqual(['b:coarse'])
    site.takesOff(1_100, 'b:coarse')
    expect(site.take('PersonFix', 'PersonUnplaced').map(({ type, key, time }) => [type, key, time])).toEqual([
      ['PersonUnplaced', 'ann', START + 1_100]
    ])
    expect(site.runner.sizes().get('place-person')).toBe(0)
  })

  it('changes nothing when another tag than the present one is taken off', () => {
    const site = new Placing()
    site.sees(0, 'a:other', 8)
    site.sees(0, 'b:present', 0.3)
    site.by()
    site.takesOff(100, 'a:other')
    site.sees(200, 'b:present', 0.3)
    expect(site.by()).toEqual(['b:present'])
  })

  it('lets no fix that is older replace a newer one of the same tag', () => {
    const site = new Placing()
    site.sees(1_000, 'a:1', 5)
    site.sees(1_100, 'a:1', 0.1, { agoMs: 101 })
    expect(site.by()).toEqual(['a:1'])
    site.sees(1_100, 'a:1', 5, { agoMs: 100 })
    expect(site.by()).toEqual(['a:1'])
  })

  it('is not held up by a wall clock that is set back an hour', () => {
    const site = new Placing()
    site.sees(0, 'a:1', 1)
    site.wallStepMs = -3_600_000
    site.sees(1_000, 'a:1', 1)
    expect(site.by()).toEqual(['a:1', 'a:1'])
  })

  it('takes a fix without accuracy for a coarse one', () => {
    const site = new Placing()
    site.sees(0, 'a:1', undefined)
    site.sees(0, 'b:1', 10)
    site.sees(0, 'a:1', undefined)
    expect(site.by()).toEqual(['a:1', 'b:1'])
  })

  it('keeps few fixes, and never forgets the present one for a stranger', () => {
    const site = new Placing()
    site.sees(0, 'a:present', 0.1)
    for (let n = 0; n < 30; n++) site.sees(n + 1, `b:${n}`, 50)
    site.sees(100, 'a:present', 0.1)
    expect(site.by()).toEqual(['a:present', 'a:present'])
    const kept = JSON.stringify([...site.runner.entries()])
    expect(kept.length).toBeLessThan(2_000)
    // Those seen last.
    expect(kept).toContain('b:29')
    expect(kept).toContain('b:23')
    expect(kept).not.toContain('b:22')
  })

  it('never tells of a person backwards in time, nor by a tag that they no longer wear', () => {
    const tags = fc.constantFrom('a:1', 'b:1', 'c:1')
    const step = fc.record({
      afterMs: fc.nat(3_000),
      tag: tags,
      accuracyM: fc.constantFrom(0.2, 1, 6, undefined),
      agoMs: fc.constantFrom(0, 0, 0, 400, 5_000),
      isOff: fc.integer({ min: 0, max: 9 })
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const site = new Placing()
        let nowMs = 10_000
        let latest = 0
        const worn = new Set<string>()
        for (const { afterMs, tag, accuracyM, agoMs, isOff } of steps) {
          nowMs += afterMs
          if (isOff === 0) {
            site.takesOff(nowMs, tag)
            worn.delete(tag)
          } else {
            site.sees(nowMs, tag, accuracyM, { agoMs })
            worn.add(tag)
          }
          for (const { data } of site.take('PersonFix')) {
            expect(data.fix.time).toBeGreaterThanOrEqual(latest)
            expect(worn).toContain(data.fix.tag)
            latest = data.fix.time
          }
          if (worn.size === 0) latest = 0
        }
        expect(site.faults).toEqual([])
      })
    )
  })
})
