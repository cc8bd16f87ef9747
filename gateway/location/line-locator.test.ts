import { describe, expect, it } from 'vitest'
import { LineLocator } from './line-locator.ts'
import { DEFAULT_LOCATION_SETTINGS } from './location-settings.ts'
import { distanceM, type Place, SIX_AROUND } from './simulated-ranges-test-support.ts'

const HEIGHT = DEFAULT_LOCATION_SETTINGS.carryingHeightM
const line = (tag: string, t: number, place: Place, heard = SIX_AROUND): string =>
  JSON.stringify({ tag, t, anchors: SIX_AROUND, ranges: heard.map((anchor) => ({ id: anchor.id, d: distanceM(anchor, place) })), dims: 2 })
const here = { x: 1, y: 2, z: HEIGHT }

describe('lines into places', () => {
  it('gives place, accuracy and the anchors believed', () => {
    const answer = new LineLocator(DEFAULT_LOCATION_SETTINGS, false).locate(line('7', 0, here))
    expect(answer).toMatchObject({ x: 1, y: 2, z: HEIGHT, used: ['A0', 'A1', 'A2', 'A3', 'A4', 'A5'] })
    expect(Object.keys(answer)).toEqual(['x', 'y', 'z', 'accuracy', 'used'])
  })

  it('alone, a line knows nothing of those before it; smoothed, two ranges do', () => {
    for (const smooth of [false, true]) {
      const locator = new LineLocator(DEFAULT_LOCATION_SETTINGS, smooth)
      locator.locate(line('7', 0, here))
      const answer = locator.locate(line('7', 0.1, here, SIX_AROUND.slice(0, 2)))
      if (!smooth) expect(answer).toEqual({ error: 'there are 2 ranges: 2 dimensions need 3' })
      else expect(answer).toMatchObject({ used: ['A0', 'A1'] })
    }
  })

  it('keeps the tags apart', () => {
    const locator = new LineLocator(DEFAULT_LOCATION_SETTINGS, true)
    const there = { x: -4, y: 0, z: HEIGHT }
    for (let count = 0; count < 20; count++) {
      expect(locator.locate(line('7', count / 10, here))).toMatchObject({ x: expect.closeTo(1, 3), y: expect.closeTo(2, 3) })
      expect(locator.locate(line('8', count / 10, there))).toMatchObject({ x: expect.closeTo(-4, 3), y: expect.closeTo(0, 3) })
    }
  })

  it('refuses a line from before the last, and goes on with the next', () => {
    const locator = new LineLocator(DEFAULT_LOCATION_SETTINGS, true)
    locator.locate(line('7', 10, here))
    expect(locator.locate(line('7', 9, here))).toEqual({ error: 't goes back: 9 s after 10 s of the same tag' })
    expect(locator.locate(line('7', 10, here))).toHaveProperty('x')
    expect(locator.locate(line('8', 9, here))).toHaveProperty('x')
  })

  it('begins anew when the dimensions change', () => {
    const locator = new LineLocator(DEFAULT_LOCATION_SETTINGS, true)
    locator.locate(line('7', 10, here))
    const there = { x: -5, y: 3, z: 1.9 }
    const answer = locator.locate(line('7', 10.1, there).replace('"dims":2', '"dims":3'))
    expect(answer).toMatchObject({ x: expect.closeTo(-5, 3), y: expect.closeTo(3, 3), z: expect.closeTo(1.9, 2) })
  })

  it('forgets the tag not heard for longest when there are too many, and counts it', () => {
    const locator = new LineLocator(DEFAULT_LOCATION_SETTINGS, true, 2)
    const few = SIX_AROUND.slice(0, 2)
    for (const tag of ['a', 'b', 'a', 'c']) locator.locate(line(tag, 1, here))
    expect(locator.forgotten).toBe(1)
    expect(locator.locate(line('a', 2, here, few))).toHaveProperty('x')
    expect(locator.locate(line('b', 2, here, few))).toHaveProperty('error')
  })
})
