import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LOCATION_SETTINGS } from './location-settings.ts'
import { type GivenPosition, PositionTracker } from './position-tracker.ts'
import { createNormal } from './simulated-ranges-test-support.ts'
import type { Track } from './track.ts'

const tracker = new PositionTracker(DEFAULT_LOCATION_SETTINGS)

function followAll(given: readonly GivenPosition[]): ReturnType<PositionTracker['follow']>[] {
  let track: Track | undefined
  return given.map((each) => {
    if (track !== undefined) return tracker.follow(track, each)
    const first = tracker.begin(each)
    track = first.track
    return first.fix
  })
}

describe('positions that a system gives', () => {
  it('are smoothed: less scatter than they have, and 68 % of the errors or more within', () => {
    const normal = createNormal(1)
    const places = Array.from({ length: 1500 }, (_, count) => ({ x: 6 * Math.cos(count / 50), y: 6 * Math.sin(count / 50) }))
    const given = places.map(({ x, y }, count) => ({ timeS: count / 10, x: x + 0.5 * normal(), y: y + 0.5 * normal(), accuracyM: 0.76 }))
    const fixes = followAll(given)
    const error = (at: { x: number; y: number }, index: number) =>
      Math.hypot(at.x - (places[index]?.x ?? 0), at.y - (places[index]?.y ?? 0))
    const mean = (of: readonly { x: number; y: number }[]) => of.reduce((sum, at, index) => sum + error(at, index), 0) / of.length
    expect(mean(fixes)).toBeLessThan(0.7 * mean(given))
    const within = fixes.filter((fix, index) => error(fix, index) <= fix.accuracyM).length / fixes.length
    expect(within).toBeGreaterThan(0.65)
  })

  it('that are off by the same all the time do not make the accuracy small', () => {
    const fixes = followAll(Array.from({ length: 600 }, (_, count) => ({ timeS: count / 10, x: 3, y: 4, accuracyM: 1 })))
    expect(fixes.at(-1)).toMatchObject({ x: expect.closeTo(3, 6), y: expect.closeTo(4, 6) })
    expect(fixes.at(-1)?.accuracyM).toBeGreaterThan(0.3)
  })

  it('an outlier is passed over, three are a move', () => {
    const track = tracker.begin({ timeS: 0, x: 0, y: 0, accuracyM: 0.3 }).track
    for (let count = 1; count < 30; count++) tracker.follow(track, { timeS: count / 10, x: 0, y: 0, accuracyM: 0.3 })
    const off = { x: 20, y: 5, accuracyM: 0.3 }
    expect(tracker.follow(track, { ...off, timeS: 3 })).toMatchObject({ x: expect.closeTo(0, 6), used: [] })
    expect(tracker.follow(track, { ...off, timeS: 3.1 })).toMatchObject({ x: expect.closeTo(0, 6), used: [] })
    expect(tracker.follow(track, { ...off, timeS: 3.2 })).toMatchObject({ x: expect.closeTo(20, 3), used: ['position'] })
  })

  it('with a height keep it; without one they are at carrying height', () => {
    const track = tracker.begin({ timeS: 0, x: 0, y: 0, z: 7, accuracyM: 0.3 }).track
    expect(tracker.follow(track, { timeS: 1, x: 0, y: 0, z: 7, accuracyM: 0.3 }).z).toBeCloseTo(7, 3)
    expect(tracker.follow(track, { timeS: 2, x: 0, y: 0, accuracyM: 0.3 }).z).toBe(DEFAULT_LOCATION_SETTINGS.carryingHeightM)
  })

  it('are never NaN, whatever and whenever', () => {
    const value = fc.constantFrom(0, 1e-9, 2, -50, 1e7)
    const given = fc.tuple(
      value,
      value,
      fc.option(value, { nil: undefined }),
      fc.constantFrom(0, 0.1, 100, 1e6),
      fc.constantFrom(0, 0.1, 60, 1e10)
    )
    fc.assert(
      fc.property(fc.array(given, { maxLength: 30 }), (all) => {
        let timeS = 0
        const fixes = followAll(
          all.map(([x, y, z, accuracyM, stepS]) => {
            timeS += stepS
            return z === undefined ? { timeS, x, y, accuracyM } : { timeS, x, y, z, accuracyM }
          })
        )
        for (const fix of fixes) for (const each of [fix.x, fix.y, fix.z, fix.accuracyM]) expect(each).toSatisfy(Number.isFinite)
      })
    )
  })
})
