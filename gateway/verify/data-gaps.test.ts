import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DataGaps, type Interval, splitRun } from './data-gaps.ts'
import type { WireEvent } from './wire-event.ts'

function gap(data: Record<string, unknown>, toldIn = '2'): WireEvent {
  const complete = { lane: 'telemetry', epoch: '1', from: null, to: null, countByType: {}, timeFrom: null, timeTo: null, ...data }
  return { gateway: 'g', epoch: toldIn, lane: 'alarm', sequence: 1, type: 'DataGap', key: 'g', data: complete }
}

function explained(...told: WireEvent[]) {
  const gaps = new DataGaps()
  for (const each of told) expect(gaps.add(each)).toBe(true)
  return (epoch = '1', lane = 'telemetry', gateway = 'g') => gaps.explain(gateway, epoch, lane)
}

describe('DataGaps', () => {
  it('joins what overlaps or touches, for the gateway, epoch and lane named', () => {
    const explain = explained(
      gap({ from: 5, to: 9, reason: 'never-acceptable' }),
      gap({ from: 10, to: 12, reason: 'block-damaged' }),
      gap({ from: 1, to: 2, reason: 'evicted-by-age' })
    )
    expect(explain().intervals).toEqual([
      [1, 2],
      [5, 12]
    ])
    expect(explain('1', 'alarm').intervals).toEqual([])
    expect(explain('2').intervals).toEqual([])
    expect(explain('1', 'telemetry', 'other').intervals).toEqual([])
  })

  it('reads an end that is not known as open', () => {
    expect(explained(gap({ from: 301, to: null, reason: 'log-restored' }))().intervals).toEqual([[301, Number.POSITIVE_INFINITY]])
    expect(explained(gap({ from: null, to: 20, reason: 'evicted-by-size' }))().intervals).toEqual([[0, 20]])
  })

  it('explains no number by events that never had one', () => {
    const explain = explained(gap({ reason: 'dropped-overload' }))
    expect(explain()).toEqual({ intervals: [], unknownEnd: false })
  })

  it('takes a log that began without knowing the one before as an unknown end of all epochs before, in both lanes', () => {
    const explain = explained(gap({ lane: 'alarm', epoch: null, reason: 'log-created' }, '10'))
    expect(explain('9', 'telemetry').unknownEnd).toBe(true)
    expect(explain('9', 'alarm').unknownEnd).toBe(true)
    expect(explain('10', 'alarm').unknownEnd).toBe(false)
    expect(explain('11', 'alarm').unknownEnd).toBe(false)
  })

  it('takes an open end as said of the epochs between, too', () => {
    const explain = explained(
      gap({ epoch: '3', from: 301, to: null, reason: 'log-restored' }, '9'),
      gap({ epoch: '3', from: 1, to: 2, reason: 'log-restored' }, '9')
    )
    const open = [[301, Number.POSITIVE_INFINITY]]
    expect(['2', '3', '5', '9'].map((epoch) => explain(epoch).intervals)).toEqual([[], [[1, 2], ...open], open, []])
  })

  it('refuses what is no DataGap', () => {
    expect(new DataGaps().add(gap({ reason: 'because' }))).toBe(false)
  })
})

describe('splitRun', () => {
  it('covers exactly the numbers that lie in an interval', () => {
    const cuts = fc.uniqueArray(fc.nat(60), { maxLength: 12 })
    fc.assert(
      fc.property(cuts, fc.nat(60), fc.nat(60), (bounds, a, b) => {
        const sorted = [...bounds].sort((left, right) => left - right)
        const intervals: Interval[] = []
        for (let index = 0; index + 1 < sorted.length; index += 2) intervals.push([sorted[index] ?? 0, sorted[index + 1] ?? 0])
        const run: Interval = [Math.min(a, b), Math.max(a, b)]
        const isIn = (number: number, list: readonly Interval[]) => list.some(([from, to]) => number >= from && number <= to)
        const { covered, uncovered } = splitRun(run, intervals)
        let expected = 0
        for (let number = run[0]; number <= run[1]; number++) {
          expect(isIn(number, uncovered)).toBe(!isIn(number, intervals))
          if (isIn(number, intervals)) expected++
        }
        expect(covered).toBe(expected)
      })
    )
  })
})
