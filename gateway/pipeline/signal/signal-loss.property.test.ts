import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CEILING_MS, FLOOR_MS, Scenario } from './signal-loss-test-support.ts'

const TAGS = ['ble:a', 'ble:b'] as const
const SOURCES = ['hall', 'yard'] as const

type Step =
  | { readonly kind: 'hear'; readonly tag: string; readonly source: string; readonly lateMs: number; readonly live: boolean }
  | { readonly kind: 'wait' | 'blind'; readonly ms: number }
  | { readonly kind: 'lose' | 'restore'; readonly source: string }

const tag = fc.constantFrom(...TAGS)
const source = fc.constantFrom(...SOURCES)
const passes = fc.oneof(fc.nat(2_000), fc.nat(40_000), fc.nat(120_000))
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('hear' as const),
      tag,
      source,
      lateMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(100_000)),
      live: fc.boolean()
    })
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: passes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('blind' as const), ms: passes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('lose' as const, 'restore' as const), source }) }
)

/** Plays steps; a source that was told dead hears nothing until it is told alive. */
function play(site: Scenario, steps: readonly Step[], after: (step: Step, wasHeard: boolean) => void): void {
  const dead = new Set<string>()
  for (const each of steps) {
    let wasHeard = false
    switch (each.kind) {
      case 'hear':
        wasHeard = !dead.has(each.source)
        if (wasHeard) site.hear(each.tag, each.live ? {} : { stale: true }, each.source, each.lateMs)
        break
      case 'wait':
        site.wait(each.ms)
        break
      case 'blind':
        site.beBlind(each.ms)
        break
      case 'lose':
        if (!dead.has(each.source)) site.loseSource(each.source)
        dead.add(each.source)
        break
      case 'restore':
        if (dead.delete(each.source)) site.restoreSource(each.source)
        break
    }
    after(each, wasHeard)
  }
}

const streams = fc.array(step, { maxLength: 80 })
const scenario = (): Scenario => new Scenario({ learningS: 20 })

describe('signal loss, over random streams', () => {
  it('tells loss and return in turns, each loss after a silence of the floor at least, in live frames', () => {
    fc.assert(
      fc.property(streams, (steps) => {
        const site = scenario()
        const heardMs = new Map<string, number>()
        play(site, steps, (each, wasHeard) => {
          if (each.kind !== 'hear' || !wasHeard || !each.live) return
          heardMs.set(each.tag, Math.max(heardMs.get(each.tag) ?? Number.NEGATIVE_INFINITY, site.nowMs - each.lateMs))
          // Whoever is heard at this instant is not lost.
          if (each.lateMs === 0) expect(site.state(each.tag).status).not.toBe('lost')
        })
        const lost = new Set<string>()
        for (const { type, key, data } of site.told) {
          expect(lost.has(key)).toBe(type === 'SignalRestored')
          if (type === 'SignalLost') {
            lost.add(key)
            expect(data['silentForMs']).toBeGreaterThanOrEqual(FLOOR_MS)
          } else lost.delete(key)
        }
      }),
      { numRuns: 500 }
    )
  })

  it('never loses a tag that is heard within the floor', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: FLOOR_MS - 1 }), { maxLength: 200 })
    fc.assert(
      fc.property(gaps, fc.array(fc.nat(199), { maxLength: 5 }), (gapsMs, outages) => {
        const site = scenario()
        site.hear(TAGS[0])
        gapsMs.forEach((gapMs, n) => {
          if (outages.includes(n)) {
            site.loseSource()
            site.wait(200_000)
            site.restoreSource()
          }
          site.wait(gapMs)
          site.hear(TAGS[0])
        })
        expect(site.told).toEqual([])
      }),
      { numRuns: 200 }
    )
  })

  it('always loses a tag that nobody hears for the ceiling while all sources live and the gateway sees', () => {
    fc.assert(
      fc.property(streams, (steps) => {
        const site = scenario()
        play(site, steps, () => undefined)
        for (const each of SOURCES) site.restoreSource(each)
        const known = [...site.runner.entries()].filter(({ processor, state }) => {
          return processor === 'signal-loss' && (state as { status: string }).status !== 'new'
        })
        site.wait(CEILING_MS + 1_000)
        for (const { key } of known) expect(site.told.findLast((told) => told.key === key)?.type).toBe('SignalLost')
      }),
      { numRuns: 500 }
    )
  })

  it('never loses a tag before its due time, and never later than it', () => {
    fc.assert(
      fc.property(streams, (steps) => {
        const site = scenario()
        play(site, steps, (each) => {
          if (each.kind !== 'wait') return
          for (const key of TAGS) {
            const entry = [...site.runner.entries()].find((one) => one.processor === 'signal-loss' && one.key === key)
            if (entry === undefined) continue
            const { status, heardMs, resumedMs } = entry.state as ReturnType<Scenario['state']>
            if (status === 'heard') expect(site.nowMs - Math.max(heardMs, resumedMs)).toBeLessThan(CEILING_MS)
          }
        })
      }),
      { numRuns: 300 }
    )
  })
})
