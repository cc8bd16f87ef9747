import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fakeSnapshot } from '../../test-support/fake-gateway-view.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { applyChange, StateDiffer } from './state-change.ts'

const base = fakeSnapshot(createVirtualClock())
const tag = fc.record({
  id: fc.constantFrom('a:1', 'a:2', 'b:1', 'b:2', 'b:3'),
  source: fc.constantFrom('a', null),
  seenMono: fc.nat(3),
  position: fc.record({ x: fc.nat(3), y: fc.nat(3) }),
  alerts: fc.constant([])
})
const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  nowMono: fc.nat(),
  time: fc.nat(),
  gateway: fc.constantFrom(base.gateway, { ...base.gateway, site: 'other' }),
  sources: fc.constantFrom(base.sources, []),
  lanes: fc.constant(base.lanes),
  storage: fc.constantFrom(base.storage, { ...base.storage, state: 'full' as const }),
  uplink: fc.constant(base.uplink),
  tags: fc.uniqueArray(tag, { selector: ({ id }) => id }),
  alarms: fc.constantFrom([], [{ id: 1, type: 'SourceLost', key: 'a', source: 'a', time: 1, atMono: 1 }]),
  problems: fc.constantFrom([], [{ code: 'X', message: 'y' }]),
  plan: fc.constantFrom(base.plan, null)
})
const inOrder = (state: Snapshot): Snapshot => ({ ...state, tags: [...state.tags].sort((a, b) => a.id.localeCompare(b.id)) })

describe('StateDiffer', () => {
  it('gives changes that lead from any state on the way to the last', () => {
    fc.assert(
      fc.property(fc.array(snapshot, { minLength: 1, maxLength: 8 }), fc.nat(7), (snapshots, joinAt) => {
        const differ = new StateDiffer()
        let state: Snapshot | undefined
        snapshots.forEach((next, index) => {
          const change = differ.update(next)
          if (state !== undefined) state = applyChange(state, JSON.parse(change))
          if (index === joinAt % snapshots.length) state = JSON.parse(differ.fullText())
        })
        const last = snapshots.at(-1)
        expect(state && inOrder(state)).toEqual(last && inOrder(last))
      })
    )
  })

  it('sends nothing but the time when nothing changed', () => {
    const differ = new StateDiffer()
    differ.update(base)
    expect(JSON.parse(differ.update({ ...base, nowMono: 9, time: 8 }))).toEqual({ nowMono: 9, time: 8, set: {}, tags: [], gone: [] })
  })

  it('notices a change inside an object that the view goes on using', () => {
    const differ = new StateDiffer()
    const counters = { ...base.sources[0]?.counters, frames: 1 }
    const sources = [{ ...base.sources[0], counters }] as unknown as Snapshot['sources']
    differ.update({ ...base, sources })
    counters.frames = 2
    expect(Object.keys(JSON.parse(differ.update({ ...base, sources })).set)).toEqual(['sources'])
  })
})
