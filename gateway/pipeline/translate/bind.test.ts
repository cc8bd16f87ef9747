import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fix } from '../../events/business-events.ts'
import type { EventData } from '../event-data.ts'
import { bind } from './bind.ts'
import { Scenario, START } from './translate-test-support.ts'

const TAG = 'pans:4d18'
const fixAt = (timeMs: number, tag = TAG): Fix => ({ tag, method: 'given', time: START + timeMs, accuracyM: 0.3, position: { x: 1, y: 2 } })

class Binding extends Scenario {
  constructor() {
    super([bind()], ['TagFix', 'TagInfo', 'TagAlert', 'DirectoryChanged'])
  }

  wears(
    person: string,
    atMs: number,
    { holdsFrom = atMs, kind = 'bound' as 'bound' | 'unbound', by = 'site' as 'site' | 'central' } = {}
  ): void {
    const data: EventData['DirectoryChanged'] = { by, at: START + holdsFrom, change: { kind, tag: TAG, person } }
    this.feed(atMs, 'DirectoryChanged', 'gw', data)
  }

  takesOff(person: string, atMs: number): void {
    this.wears(person, atMs, { kind: 'unbound' })
  }

  moves(atMs: number, timeMs = atMs, past?: true): void {
    this.feed(atMs, 'TagFix', TAG, { fix: fixAt(timeMs), ...(past === undefined ? {} : { past }) }, { timeMs, source: 'hall' })
  }

  alerts(atMs: number, edge: 'raised' | 'cleared', announcedAs: 'level' | 'event' = 'level', kind: 'sos' | 'fall' = 'sos'): void {
    this.feed(atMs, 'TagAlert', TAG, { tag: TAG, kind, edge, announcedAs, count: 1, repeats: 0 })
  }

  /** Who was told of a fix now, of one from the past, or that a tag is off. */
  who(): readonly string[] {
    return this.take('WornFix', 'PastFix', 'TagTakenOff', 'WornAlert').map((event) => {
      const { person } = event.data
      if (event.type === 'WornAlert')
        return `${person} ${event.data.alert.kind} ${event.data.alert.edge}${event.data.handedOver ? ' handed over' : ''}`
      return `${person} ${event.type}`
    })
  }
}

interface Entry {
  readonly atMs: number
  readonly person: string
  readonly kind: 'bound' | 'unbound'
}

/** Read off the whole history, oldest first. */
function wearerThen(history: readonly Entry[], timeMs: number): string | undefined {
  let wearer: string | undefined
  for (const { atMs, person, kind } of history) {
    if (atMs > timeMs) break
    if (kind === 'bound') wearer = person
    else if (wearer === person) wearer = undefined
  }
  return wearer
}

describe('bind', () => {
  it('gives a movement to whoever wears the tag, with its source and its own time', () => {
    const site = new Binding()
    site.wears('ann', 0)
    site.moves(1_000)
    const [told] = site.take('WornFix')
    expect(told).toMatchObject({ key: 'ann', time: START + 1_000, source: 'hall', data: { person: 'ann', fix: fixAt(1_000) } })
  })

  it('gives it to the next wearer once the tag is re-issued, and to nobody in between', () => {
    const site = new Binding()
    site.wears('ann', 0)
    site.moves(1_000)
    site.takesOff('ann', 2_000)
    site.moves(2_500)
    site.wears('bob', 3_000)
    site.moves(3_000)
    expect(site.who()).toEqual(['ann WornFix', 'ann TagTakenOff', 'bob WornFix'])
  })

  it('gives what comes late to whoever wore the tag then, as a fix from the past', () => {
    const site = new Binding()
    site.wears('ann', 0)
    site.wears('bob', 10_000)
    site.moves(12_000, 9_999)
    site.moves(12_000, 10_000)
    expect(site.who()).toEqual(['ann TagTakenOff', 'ann PastFix', 'bob WornFix'])
  })

  it('gives what is older than a fix told before to its wearer as a fix from the past', () => {
    const site = new Binding()
    site.wears('ann', 0)
    site.moves(2_000, 1_000, true)
    expect(site.who()).toEqual(['ann PastFix'])
  })

  it('lets a binding begin when it is said to, without any movement, and not before', () => {
    const site = new Binding()
    site.wears('ann', 0)
    site.wears('bob', 1_000, { holdsFrom: 60_000 })
    site.moves(59_999)
    site.advanceTo(59_999)
    expect(site.who()).toEqual(['ann WornFix'])
    site.advanceTo(60_000)
    expect(site.who()).toEqual(['ann TagTakenOff'])
    site.moves(60_001)
    expect(site.who()).toEqual(['bob WornFix'])
  })

  it('goes by the time of the fix where the wall clock has stepped', () => {
    const site = new Binding()
    site.wears('ann', 0)
    site.wears('bob', 1_000, { holdsFrom: 60_000 })
    site.wallStepMs = 120_000
    site.moves(2_000)
    expect(site.who()).toEqual(['ann TagTakenOff', 'bob WornFix'])
  })

  it('takes what is entered late from then on, and says nothing twice', () => {
    const site = new Binding()
    site.wears('ann', 0)
    site.moves(8_000)
    site.wears('bob', 9_000, { holdsFrom: 5_000 })
    site.wears('bob', 9_000, { holdsFrom: 5_000 })
    site.moves(10_000)
    site.moves(10_000, 4_999)
    expect(site.who()).toEqual(['ann WornFix', 'ann TagTakenOff', 'bob WornFix', 'ann PastFix'])
  })

  it('gives sensor values to whoever wore the tag then', () => {
    const site = new Binding()
    site.wears('ann', 0)
    site.wears('bob', 10_000)
    site.feed(11_000, 'TagInfo', TAG, { tag: TAG, heartRateBpm: 70 })
    site.feed(11_000, 'TagInfo', TAG, { tag: TAG, heartRateBpm: 71 }, { timeMs: 9_999 })
    expect(site.take('WornInfo').map(({ data }) => [data.person, data.info.heartRateBpm])).toEqual([
      ['bob', 70],
      ['ann', 71]
    ])
  })

  it('leaves nothing of a tag that nobody ever wore, and tells nobody', () => {
    const site = new Binding()
    site.moves(1)
    site.feed(2, 'TagInfo', TAG, { tag: TAG, batteryPct: 3 })
    site.alerts(3, 'raised')
    expect(site.who()).toEqual([])
    site.alerts(4, 'cleared')
    expect(site.runner.sizes().get('bind')).toBe(0)
  })

  describe('alerts', () => {
    it('go to the wearer, both edges', () => {
      const site = new Binding()
      site.wears('ann', 0)
      site.alerts(1_000, 'raised')
      site.alerts(2_000, 'cleared')
      expect(site.who()).toEqual(['ann sos raised', 'ann sos cleared'])
    })

    it('are told of whoever is given the tag while it stands, and its end to all who were told', () => {
      const site = new Binding()
      site.alerts(1_000, 'raised')
      site.wears('ann', 9_000_000)
      site.wears('bob', 9_001_000)
      site.alerts(9_002_000, 'cleared')
      expect(site.who()).toEqual([
        'ann sos raised handed over',
        'ann TagTakenOff',
        'bob sos raised handed over',
        'ann sos cleared',
        'bob sos cleared'
      ])
    })

    it('without an end are told of the next wearer within five minutes, and no longer', () => {
      for (const [atMs, told] of [
        [301_000, ['ann fall raised handed over']],
        [301_001, []]
      ] as const) {
        const site = new Binding()
        site.alerts(1_000, 'raised', 'event', 'fall')
        site.wears('ann', atMs)
        expect(site.who()).toEqual(told)
      }
    })

    it('that come late go to whoever wore the tag then', () => {
      const site = new Binding()
      site.wears('ann', 0)
      site.wears('bob', 10_000)
      const data = { tag: TAG, kind: 'sos', edge: 'raised', announcedAs: 'event', count: 1, repeats: 0 } as const
      site.feed(11_000, 'TagAlert', TAG, data, { timeMs: 9_000 })
      expect(site.who()).toEqual(['ann TagTakenOff', 'ann sos raised'])
    })

    it('keep their number small, whatever a tag raises', () => {
      const site = new Binding()
      for (let n = 0; n < 50; n++) {
        site.feed(n, 'TagAlert', TAG, {
          tag: TAG,
          kind: 'button',
          slot: `${n}`,
          edge: 'raised',
          announcedAs: 'level',
          count: 1,
          repeats: 0
        })
      }
      site.wears('ann', 100)
      expect(site.take('WornAlert').map(({ data }) => data.alert.slot)).toEqual(['42', '43', '44', '45', '46', '47', '48', '49'])
    })
  })

  it('gives every fix to whoever the whole directory says wore the tag then, once it is told in time', () => {
    const step = fc.record({
      afterMs: fc.nat(50),
      act: fc.oneof(
        fc.record({ person: fc.constantFrom('ann', 'bob'), kind: fc.constantFrom('bound' as const, 'unbound' as const) }),
        fc.record({ agoMs: fc.nat(120) })
      )
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
        const site = new Binding()
        let nowMs = 0
        const history: Entry[] = []
        for (const { afterMs, act } of steps) {
          nowMs += afterMs + 1
          if ('person' in act) {
            history.push({ atMs: nowMs, ...act })
            site.wears(act.person, nowMs, { kind: act.kind })
            site.take()
            continue
          }
          const timeMs = Math.max(0, nowMs - act.agoMs)
          site.moves(nowMs, timeMs)
          const wearer = wearerThen(history, timeMs)
          expect(site.take('WornFix', 'PastFix').map(({ key }) => key)).toEqual(wearer === undefined ? [] : [wearer])
        }
        expect(site.faults).toEqual([])
      })
    )
  })
})
