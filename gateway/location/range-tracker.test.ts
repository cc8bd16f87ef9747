import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Fix, isFix, type Located } from './fix.ts'
import { DEFAULT_LOCATION_SETTINGS } from './location-settings.ts'
import { type RangeSet, RangeTracker } from './range-tracker.ts'
import { createNormal, distanceM, type Place, rangesTo, SIX_AROUND } from './simulated-ranges-test-support.ts'
import { FIRST_LINK, MAX_LINKS, restoreTrack, STATES_OF_LINK, saveTrack, type Track, triangle } from './track.ts'

const HEIGHT = DEFAULT_LOCATION_SETTINGS.carryingHeightM
const tracker = new RangeTracker(DEFAULT_LOCATION_SETTINGS)

function found(located: Located): Fix {
  if (!isFix(located)) throw new Error(located.error)
  return located
}

function begun(set: RangeSet): Track {
  const { track } = tracker.begin(set)
  if (track === undefined) throw new Error('no track')
  return track
}

function followAll(sets: readonly RangeSet[]): Fix[] {
  let track: Track | undefined
  return sets.map((set) => {
    if (track !== undefined) return found(tracker.follow(track, set))
    const first = tracker.begin(set)
    track = first.track
    return found(first.fix)
  })
}

interface Judged {
  readonly medianM: number
  readonly within: number
}

function judge(fixes: readonly Fix[], places: readonly Place[]): Judged {
  const errors = fixes.map((fix, index) => Math.hypot(fix.x - (places[index]?.x ?? 0), fix.y - (places[index]?.y ?? 0)))
  const within = errors.filter((errorM, index) => errorM <= (fixes[index]?.accuracyM ?? 0)).length / errors.length
  return { medianM: errors.toSorted((a, b) => a - b)[errors.length >> 1] ?? Number.NaN, within }
}

/** Five walks of a minute in circles of 4 m at walking pace, five sets of ranges a second. */
function walks(noiseM: number): { places: Place[]; fixes: Fix[]; alone: Fix[] } {
  const normal = createNormal(11)
  const places: Place[] = []
  const fixes: Fix[] = []
  const alone: Fix[] = []
  for (let walk = 0; walk < 5; walk++) {
    const ofWalk = Array.from({ length: 300 }, (_, count) => {
      const angle = walk + (0.2 * count * 1.2) / 4
      return { x: 4 * Math.cos(angle), y: 4 * Math.sin(angle), z: HEIGHT }
    })
    const sets = ofWalk.map((place, count) => rangesTo(SIX_AROUND, place, { timeS: 0.2 * count, error: () => noiseM * normal() }))
    places.push(...ofWalk)
    fixes.push(...followAll(sets))
    alone.push(...sets.map((set) => found(tracker.alone(set))))
  }
  return { places, fixes, alone }
}

describe('a tag that is followed', () => {
  it.each([0.05, 0.1, 0.2])('walks with a range noise of %d m: no worse than each fix alone, and the accuracy holds', (noiseM) => {
    const { places, fixes, alone } = walks(noiseM)
    const smooth = judge(fixes, places)
    expect(smooth.medianM).toBeLessThan(1.1 * judge(alone, places).medianM)
    expect(smooth.within).toBeGreaterThan(0.58)
  })

  it('at rest moves its mean less by half a metre on one range than one fix scatters', () => {
    const normal = createNormal(5)
    const place = { x: 1, y: -2, z: HEIGHT }
    const noise = Array.from({ length: 1000 }, () => SIX_AROUND.map(() => 0.1 * normal()))
    const track = (extra: (index: number) => number) =>
      followAll(
        noise.map((errors, count) =>
          rangesTo(SIX_AROUND, place, { timeS: 0.1 * count, error: (_, index) => (errors[index] ?? 0) + extra(index) })
        )
      )
    const mean = (fixes: readonly Fix[], of: 'x' | 'y') => fixes.reduce((sum, fix) => sum + fix[of], 0) / fixes.length
    const clean = track(() => 0)
    const sdM = Math.sqrt(
      clean.reduce((sum, fix) => sum + (fix.x - mean(clean, 'x')) ** 2 + (fix.y - mean(clean, 'y')) ** 2, 0) / clean.length
    )
    for (let bad = 0; bad < 6; bad++) {
      const disturbed = track((index) => (index === bad ? 0.5 : 0))
      expect(Math.hypot(mean(disturbed, 'x') - mean(clean, 'x'), mean(disturbed, 'y') - mean(clean, 'y'))).toBeLessThan(sdM)
    }
  })

  it('lets an obstacle before one anchor come and go', () => {
    const place = { x: 2, y: 1, z: HEIGHT }
    const fixes = followAll(
      Array.from({ length: 200 }, (_, count) =>
        rangesTo(SIX_AROUND, place, { timeS: 0.1 * count, error: (_anchor, index) => (index === 2 && count > 50 && count < 120 ? 1.5 : 0) })
      )
    )
    for (const fix of fixes) expect(Math.hypot(fix.x - place.x, fix.y - place.y)).toBeLessThan(0.1)
    expect(fixes[51]?.used).not.toContain('A2')
  })

  it('refuses one wild set of ranges, and says that it is less sure', () => {
    const here = { x: 0, y: 0, z: HEIGHT }
    const track = begun(rangesTo(SIX_AROUND, here))
    for (let count = 1; count < 20; count++) tracker.follow(track, rangesTo(SIX_AROUND, here, { timeS: count / 10 }))
    const wild = found(tracker.follow(track, rangesTo(SIX_AROUND, here, { timeS: 2, error: (_, index) => 3 + 5 * index })))
    expect(Math.hypot(wild.x, wild.y)).toBeLessThan(0.1)
    expect(wild.accuracyM).toBeGreaterThan(3)
    expect(wild.used).toEqual([])
    expect(found(tracker.follow(track, rangesTo(SIX_AROUND, here, { timeS: 2.1 }))).accuracyM).toBeLessThan(0.5)
  })

  it('begins anew where a tag insists to be', () => {
    const track = begun(rangesTo(SIX_AROUND, { x: -5, y: 0, z: HEIGHT }))
    const there = { x: 6, y: 1, z: HEIGHT }
    const fixes = [1, 2, 3, 4, 5].map((count) => found(tracker.follow(track, rangesTo(SIX_AROUND, there, { timeS: count / 10 }))))
    for (const fix of fixes) expect(Math.hypot(fix.x - there.x, fix.y - there.y)).toBeLessThan(Math.max(2 * fix.accuracyM, 0.2))
    expect(distanceM(fixes[4] ?? { x: 0, y: 0, z: 0 }, there)).toBeLessThan(0.2)
  })

  it('is helped by a single range, and lost slowly without any', () => {
    const here = { x: 0, y: 0, z: HEIGHT }
    const track = begun(rangesTo(SIX_AROUND, here))
    for (let count = 1; count < 20; count++) tracker.follow(track, rangesTo(SIX_AROUND, here, { timeS: count / 10 }))
    const soon = found(tracker.follow(track, rangesTo(SIX_AROUND.slice(0, 1), here, { timeS: 3 })))
    const later = found(tracker.follow(track, rangesTo(SIX_AROUND.slice(0, 1), here, { timeS: 63 })))
    expect(soon.accuracyM).toBeLessThan(1.5)
    expect(later.accuracyM).toBeGreaterThan(2 * soon.accuracyM)
    expect(later.accuracyM).toBeLessThan(30)
    expect(tracker.follow(track, { timeS: 64, dims: 2, anchors: [], rangesM: [] })).toEqual({ error: 'there are no ranges' })
  })

  it('does not depend on the order of the ranges', () => {
    const normal = createNormal(2)
    const sets = Array.from({ length: 50 }, (_, count) =>
      rangesTo(
        SIX_AROUND,
        { x: count / 10, y: 0, z: HEIGHT },
        { timeS: count / 10, error: () => 0.1 * normal() + (normal() > 1.5 ? 1 : 0) }
      )
    )
    const reversed = sets.map((set) => ({ ...set, anchors: set.anchors.toReversed(), rangesM: set.rangesM.toReversed() }))
    const [one, other] = [followAll(sets), followAll(reversed)]
    for (const [index, fix] of one.entries()) expect(distanceM(fix, other[index] ?? fix)).toBeLessThan(1e-3)
  })

  it('is saved and goes on bit for bit', () => {
    const normal = createNormal(9)
    const sets = Array.from({ length: 60 }, (_, count) =>
      rangesTo(SIX_AROUND, { x: count / 10, y: 0, z: HEIGHT }, { timeS: count / 10, error: () => 0.1 * normal() })
    )
    const [first, ...rest] = sets
    const track = begun(first ?? rangesTo(SIX_AROUND, { x: 0, y: 0, z: HEIGHT }))
    let other = restoreTrack(JSON.parse(JSON.stringify(saveTrack(track))) as ReturnType<typeof saveTrack>)
    for (const set of rest) {
      expect(tracker.follow(other, set)).toEqual(tracker.follow(track, set))
      other = restoreTrack(JSON.parse(JSON.stringify(saveTrack(other))) as ReturnType<typeof saveTrack>)
    }
  })

  it('remembers no more anchors than it has room for', () => {
    const here = { x: 0, y: 0, z: HEIGHT }
    const many = Array.from({ length: 3 * MAX_LINKS }, (_, index) => ({
      id: `M${index}`,
      x: 10 * Math.cos(index),
      y: 10 * Math.sin(index),
      z: 2
    }))
    const track = begun(rangesTo(many.slice(0, 5), here))
    for (let count = 1; count < 100; count++) {
      const heard = Array.from({ length: 5 }, (_, index) => many[(5 * count + index) % many.length]).flatMap((anchor) => anchor ?? [])
      const fix = found(tracker.follow(track, rangesTo(heard, here, { timeS: count / 10 })))
      expect(Math.hypot(fix.x, fix.y)).toBeLessThan(0.1)
    }
    expect(track.links).toHaveLength(MAX_LINKS)
    expect(track.covariance.length).toBeLessThanOrEqual(triangle(FIRST_LINK + STATES_OF_LINK * MAX_LINKS + 2))
    const atOnce = found(tracker.follow(track, rangesTo(many, here, { timeS: 10 })))
    expect(Math.hypot(atOnce.x, atOnce.y)).toBeLessThan(0.1)
  })

  it('is never NaN, whatever is measured and whenever', () => {
    const anchor = fc.record({
      id: fc.constantFrom(...'abcdefgh'),
      x: fc.constantFrom(0, 5, -30, 1e6),
      y: fc.constantFrom(0, 7, 40, -2e7),
      z: fc.constantFrom(0, 2, 1e5)
    })
    const anchors = fc.uniqueArray(anchor, { maxLength: 6, selector: ({ id }) => id })
    const ranges = fc.array(fc.constantFrom(0, 1e-9, 3, 7.5, 30, 1e5), { minLength: 6, maxLength: 6 })
    const step = fc.constantFrom(0, 1e-6, 0.1, 30, 1e5, 1e10)
    fc.assert(
      fc.property(fc.array(fc.tuple(anchors, ranges, step), { maxLength: 30 }), fc.constantFrom(2, 3), (sets, dims) => {
        let timeS = 0
        let track: Track | undefined
        for (const [heard, rangesM, stepS] of sets) {
          timeS += stepS
          const set = { timeS, dims, anchors: heard, rangesM: rangesM.slice(0, heard.length) }
          const first = track === undefined ? tracker.begin(set) : undefined
          const located = track === undefined ? first?.fix : tracker.follow(track, set)
          track ??= first?.track
          if (located === undefined || !isFix(located)) continue
          for (const value of [located.x, located.y, located.z, located.accuracyM]) expect(value).toSatisfy(Number.isFinite)
        }
      }),
      { numRuns: 300 }
    )
  })
})
