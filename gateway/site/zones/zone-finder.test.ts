import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fix } from '../../events/business-events.ts'
import { type Zone, zoneSchema } from '../site-model.ts'
import { ZoneFinder } from './zone-finder.ts'
import { zoneMap } from './zone-map.ts'

function box(id: string, fromX: number, toX: number, more: object = {}): Zone {
  const polygon = [
    [
      [fromX, 0],
      [toX, 0],
      [toX, 10],
      [fromX, 10]
    ]
  ]
  return zoneSchema.parse({ id, frame: 'hall', polygon, ...more })
}
const at = (x: number, more: Partial<Fix> = {}): Fix => ({
  tag: 'a:1',
  method: 'given',
  time: 0,
  position: { x, y: 5, frame: 'hall' },
  ...more
})
const finder = (zones: readonly Zone[]): ZoneFinder => new ZoneFinder(zoneMap(zones, [], new Map()))

describe('ZoneFinder', () => {
  it('names the zones of a fix, the innermost first', () => {
    const zones = finder([box('site', 0, 100), box('room', 20, 30, { parent: 'hall' }), box('hall', 10, 50, { parent: 'site' })])
    expect([5, 15, 25, 150].map((x) => zones.find(at(x)))).toEqual([['site'], ['hall', 'site'], ['room', 'hall', 'site'], undefined])
  })

  it('names those around a zone even where it is drawn beyond them', () => {
    expect(finder([box('hall', 0, 10), box('dock', 5, 20, { parent: 'hall' })]).find(at(15))).toEqual(['dock', 'hall'])
  })

  it('names zones that overlap', () => {
    const zones = finder([box('site', 0, 100), box('hall', 0, 50, { parent: 'site' }), box('crane', 40, 60)])
    expect(zones.find(at(45))).toEqual(['hall', 'crane', 'site'])
    expect(zones.find(at(55))).toEqual(['crane', 'site'])
  })

  it('goes by the floor', () => {
    const zones = finder([box('up', 0, 10, { floors: ['og'] }), box('down', 0, 10, { floors: ['eg'] })])
    expect(zones.find(at(5, { floor: 'og' }))).toEqual(['up'])
  })

  it('names none for a place that cannot be expressed in a frame of zones', () => {
    const zones = finder([box('hall', 0, 50)])
    expect(zones.find(at(5, { position: { x: 5, y: 5, frame: 'other' } }))).toBe(undefined)
    expect(zones.find({ tag: 'a:1', method: 'given', time: 0 })).toBe(undefined)
  })

  it('finds what looking at every zone finds, whatever was asked before', () => {
    const span = fc.record({ from: fc.integer({ min: 0, max: 90 }), width: fc.integer({ min: 1, max: 60 }) })
    fc.assert(
      fc.property(
        fc.array(span, { maxLength: 8 }),
        fc.array(fc.double({ min: -5, max: 160, noNaN: true }), { maxLength: 8 }),
        (spans, places) => {
          const drawn = spans.map(({ from, width }, n) => ({ id: `z${n}`, from, to: from + width }))
          const zones = finder(drawn.map(({ id, from, to }) => box(id, from, to)))
          for (const x of places) {
            const within = drawn.filter(({ from, to }) => x >= from && x < to).map(({ id }) => id)
            expect([...(zones.find(at(x)) ?? [])].sort()).toEqual(within.sort())
          }
        }
      )
    )
  })
})
