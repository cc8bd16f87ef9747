import { describe, expect, it } from 'vitest'
import { DEFAULT_LOCATION_SETTINGS } from './location-settings.ts'
import { LocationSolver, type Observation } from './location-solver.ts'
import { rangesTo, SIX_AROUND } from './simulated-ranges-test-support.ts'

const HEIGHT = DEFAULT_LOCATION_SETTINGS.carryingHeightM
const solver = new LocationSolver(DEFAULT_LOCATION_SETTINGS)
const ranges = (timeS: number): Observation => ({ kind: 'ranges', ...rangesTo(SIX_AROUND, { x: 1, y: 2, z: HEIGHT }, { timeS }) })
const position = (timeS: number): Observation => ({ kind: 'position', timeS, x: 1, y: 2, accuracyM: 0.5 })
const strengths = (timeS: number): Observation => ({
  kind: 'strengths',
  timeS,
  how: 'nearest',
  hearings: SIX_AROUND.map((receiver, index) => ({ receiver, rssiDbm: -60 - index }))
})

describe('the door to all kinds of location', () => {
  it.each([
    ['ranges', ranges, { x: 1, y: 2 }],
    ['a position', position, { x: 1, y: 2 }],
    ['strengths', strengths, { x: 10, y: 0 }]
  ])('%s: alone, and followed', (_name, observe, { x, y }) => {
    const where = { x: expect.closeTo(x, 3), y: expect.closeTo(y, 3), z: expect.closeTo(HEIGHT, 3) }
    expect(solver.alone(observe(0))).toMatchObject(where)
    const begun = solver.follow(undefined, observe(1))
    expect(begun.fix).toMatchObject(where)
    const next = solver.follow(begun.track, observe(2))
    expect(next).toMatchObject({ fix: where, track: { timeS: 2 } })
    expect(solver.follow(next.track, observe(1))).toEqual({
      fix: { error: 't goes back: 1 s after 2 s of the same tag' },
      track: next.track
    })
  })

  it('begins anew when what is told is of another kind, and keeps the track when nothing can begin', () => {
    const { track } = solver.follow(undefined, ranges(0))
    expect(solver.follow(track, position(1)).track).toMatchObject({ kind: 'positions', timeS: 1 })
    const none: Observation = { kind: 'strengths', timeS: 2, how: 'weighted', hearings: [] }
    expect(solver.follow(track, none)).toEqual({ fix: { error: 'no receiver with a known place heard the tag' }, track })
    expect(solver.follow(undefined, none).track).toBeUndefined()
  })
})
