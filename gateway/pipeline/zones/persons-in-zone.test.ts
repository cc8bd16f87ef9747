import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PipelineEvent } from '../processor.ts'
import { ofType, SCENARIO_START_MS, scenario } from '../scenario-test-support.ts'
import { MAX_PERSONS_NAMED, PERSONS_IN_ZONE } from './persons-in-zone.ts'

interface Crossing {
  readonly person: string
  readonly zone: string
  readonly enters: boolean
}

const crossed = ({ person, zone, enters }: Crossing): PipelineEvent => {
  const time = SCENARIO_START_MS
  const common = { person, zone, parents: [], distanceM: 1, fix: { tag: 'sim:1', method: 'given', time } } as const
  return enters
    ? { type: 'ZoneEntered', key: person, time, data: common }
    : { type: 'ZoneLeft', key: person, time, data: { ...common, enteredAt: time, reason: 'outside' } }
}

describe('PERSONS_IN_ZONE', () => {
  it('tells number and names at each change, under the zone, and forgets a zone that is empty', () => {
    const run = scenario([PERSONS_IN_ZONE])
    run.feed(
      crossed({ person: 'boris', zone: 'hall', enters: true }),
      crossed({ person: 'anna', zone: 'hall', enters: true }),
      crossed({ person: 'boris', zone: 'hall', enters: false }),
      crossed({ person: 'anna', zone: 'hall', enters: false })
    )
    expect(run.told.map(({ key, data }) => [key, data])).toEqual([
      ['hall', { zone: 'hall', number: 1, persons: ['boris'] }],
      ['hall', { zone: 'hall', number: 2, persons: ['anna', 'boris'] }],
      ['hall', { zone: 'hall', number: 1, persons: ['anna'] }],
      ['hall', { zone: 'hall', number: 0, persons: [] }]
    ])
    expect(run.runner.sizes().get('persons-in-zone')).toBe(0)
  })

  it('tells the number alone of a zone with more people than are named', () => {
    const run = scenario([PERSONS_IN_ZONE])
    for (let n = 0; n <= MAX_PERSONS_NAMED; n++) run.feed(crossed({ person: `p${n}`, zone: 'hall', enters: true }))
    expect(run.told.at(-2)?.data).toMatchObject({ number: MAX_PERSONS_NAMED, persons: { length: MAX_PERSONS_NAMED } })
    expect(run.told.at(-1)?.data).toEqual({ zone: 'hall', number: MAX_PERSONS_NAMED + 1 })
  })

  it('agrees with counting anew after every crossing, those told twice included', () => {
    const crossing = fc.record({
      person: fc.constantFrom('anna', 'boris', 'carla', 'david'),
      zone: fc.constantFrom('site', 'hall', 'pit'),
      enters: fc.boolean()
    })
    fc.assert(
      fc.property(fc.array(crossing, { maxLength: 40 }), (crossings) => {
        const run = scenario([PERSONS_IN_ZONE])
        const last = new Map<string, PipelineEvent<'PersonsInZone'>['data']>()
        for (const [index, each] of crossings.entries()) {
          run.told.length = 0
          run.feed(crossed(each))
          for (const { data } of ofType(run.told, 'PersonsInZone')) last.set(data.zone, data)
          for (const zone of ['site', 'hall', 'pit']) {
            const before = crossings.slice(0, index + 1).filter((other) => other.zone === zone)
            const inside = [...new Set(before.map(({ person }) => person))].filter(
              (person) => before.findLast((other) => other.person === person)?.enters
            )
            expect(last.get(zone)?.number ?? 0).toBe(inside.length)
            expect(last.get(zone)?.persons ?? []).toEqual(inside.sort())
          }
        }
      })
    )
  })
})
