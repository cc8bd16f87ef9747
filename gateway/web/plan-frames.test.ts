import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAKE_PLAN } from '../../test-support/fake-gateway-view.ts'
import type { TagView } from '../state/snapshot.ts'
import { planFrames, project, scaleBarM, unplacedTags } from './plan-frames.ts'

const tag = (id: string, rest: Partial<TagView>): TagView => ({ id, source: 'demo', seenMono: 0, alerts: [], ...rest })
const metres = fc.integer({ min: -500_000, max: 500_000 }).map((centimetres) => centimetres / 100)

describe('planFrames', () => {
  it('never draws two systems in one picture', () => {
    const frames = planFrames(FAKE_PLAN, [
      tag('demo:1', { position: { x: 1, y: 1 } }),
      tag('hall:1', { source: 'hall', position: { x: 1, y: 1 } }),
      tag('hall:2', { source: 'hall', position: { x: 2, y: 1 } }),
      tag('demo:2', { position: { x: 1, y: 1, frame: 'crane' } }),
      tag('gnss:1', { source: 'gnss', geo: { latitudeDeg: 48.1, longitudeDeg: 11.5 } }),
      tag('ble:1', { source: 'ble' })
    ])
    expect(frames.map((frame) => [frame.id, frame.tags.map((placed) => placed.tag.id)])).toEqual([
      ['plan', ['demo:1']],
      ['local:hall', ['hall:1', 'hall:2']],
      ['earth', ['gnss:1']],
      ['local:crane', ['demo:2']]
    ])
  })

  it('tells which tags have no place', () => {
    expect(unplacedTags([tag('a:1', {}), tag('a:2', { position: { x: 0, y: 0 } })]).map(({ id }) => id)).toEqual(['a:1'])
  })

  it('keeps distances on the Earth, also across the date line', () => {
    const [frame] = planFrames(null, [
      tag('g:1', { geo: { latitudeDeg: 0, longitudeDeg: 179.9999 } }),
      tag('g:2', { geo: { latitudeDeg: 0, longitudeDeg: -179.9999 } })
    ])
    const [a, b] = frame?.tags ?? []
    expect(Math.abs((a?.at.x ?? 0) - (b?.at.x ?? 0))).toBeCloseTo(22.264, 2)
  })

  it('has room for every tag of a frame without a plan', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ x: metres, y: metres }), { minLength: 1, maxLength: 30 }), (positions) => {
        const [frame] = planFrames(
          null,
          positions.map((position, index) => tag(`a:${index}`, { position }))
        )
        for (const { at } of frame?.tags ?? []) {
          expect(at.x).toBeGreaterThanOrEqual(frame?.bounds.minX ?? Number.NaN)
          expect(at.x).toBeLessThanOrEqual(frame?.bounds.maxX ?? Number.NaN)
          expect(at.y).toBeGreaterThanOrEqual(frame?.bounds.minY ?? Number.NaN)
          expect(at.y).toBeLessThanOrEqual(frame?.bounds.maxY ?? Number.NaN)
        }
      })
    )
  })
})

describe('project', () => {
  const size = fc.integer({ min: 200, max: 3000 })

  it('keeps everything inside its margin, north up, the same scale both ways', () => {
    fc.assert(
      fc.property(size, size, metres, metres, (width, height, x, y) => {
        const bounds = { minX: -5000, minY: -5000, maxX: 5000, maxY: 5000 }
        const projection = project(bounds, width, height, 20)
        const at = projection.toPx({ x, y })
        expect(at.x).toBeGreaterThanOrEqual(19.99)
        expect(at.x).toBeLessThanOrEqual(width - 19.99)
        expect(at.y).toBeGreaterThanOrEqual(19.99)
        expect(at.y).toBeLessThanOrEqual(height - 19.99)
        const moved = projection.toPx({ x: x + 1, y: y + 1 })
        expect(moved.x - at.x).toBeCloseTo(projection.pxPerM, 6)
        expect(at.y - moved.y).toBeCloseTo(projection.pxPerM, 6)
      })
    )
  })

  it('shows what is beyond the edge at the edge, and says so', () => {
    const projection = project({ minX: 0, minY: 0, maxX: 10, maxY: 10 }, 140, 140, 20)
    expect(projection.toPxInside({ x: 5, y: 5 })).toEqual({ px: { x: 70, y: 70 }, outside: false })
    expect(projection.toPxInside({ x: 500, y: 5 })).toEqual({ px: { x: 130, y: 70 }, outside: true })
  })
})

describe('scaleBarM', () => {
  it.each([
    [10, 100, 10],
    [3, 100, 20],
    [0.17, 100, 500],
    [90, 100, 1]
  ])('at %f px/m and %i px is %i m', (pxPerM, maxPx, metresLong) => expect(scaleBarM(pxPerM, maxPx)).toBeCloseTo(metresLong))
})
