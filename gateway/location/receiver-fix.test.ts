import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom, normal } from '../../drivers/simulator/random.ts'
import { type Anchor, type Fix, isFix, type Located } from './fix.ts'
import { DEFAULT_PATH_LOSS, type Hearing, nearestReceiver, weightedByPathLoss } from './receiver-fix.ts'
import { distanceM, type Place } from './simulated-ranges-test-support.ts'

const HEIGHT = 1.2
/** Nine receivers, 10 m from each other. */
const GRID: readonly Anchor[] = [0, 1, 2].flatMap((row) =>
  [0, 1, 2].map((column) => ({ id: `R${row}${column}`, x: 10 * column, y: 10 * row, z: 3 }))
)

function found(located: Located): Fix {
  if (!isFix(located)) throw new Error(located.error)
  return located
}

function heardAt(place: Place, error: () => number, receivers = GRID): Hearing[] {
  const { rssiAt1mDbm, exponent } = DEFAULT_PATH_LOSS
  return receivers.map((receiver) => ({
    receiver,
    rssiDbm: rssiAt1mDbm - 10 * exponent * Math.log10(Math.max(distanceM(receiver, place), 0.1)) + error()
  }))
}

interface Judged {
  readonly medianM: number
  readonly within: number
}

/** Errors over people all over the grid, with the scatter that the model names. */
function judge(locate: (hearings: readonly Hearing[]) => Located): Judged {
  const random = createRandom(3)
  const errors: number[] = []
  let within = 0
  for (let count = 0; count < 400; count++) {
    const place = { x: 20 * random(), y: 20 * random(), z: HEIGHT }
    const ofTag = DEFAULT_PATH_LOSS.tagSdDb * normal(random)
    const fix = found(locate(heardAt(place, () => ofTag + DEFAULT_PATH_LOSS.shadowSdDb * normal(random))))
    const errorM = Math.hypot(fix.x - place.x, fix.y - place.y)
    errors.push(errorM)
    if (errorM <= fix.accuracyM) within++
  }
  return { medianM: errors.toSorted((a, b) => a - b)[200] ?? Number.NaN, within: within / errors.length }
}

describe('a fix from signal strengths', () => {
  it('weighted by path loss: better than the nearest receiver, 68 % of the errors within the accuracy', () => {
    const weighted = judge((hearings) => weightedByPathLoss(hearings, HEIGHT))
    const nearest = judge((hearings) => nearestReceiver(hearings, HEIGHT))
    expect(weighted.medianM).toBeLessThan(0.9 * nearest.medianM)
    expect(weighted.within).toBeGreaterThan(0.6)
    expect(weighted.within).toBeLessThan(0.85)
    expect(nearest.within).toBeGreaterThan(0.6)
  })

  it('at the nearest receiver, which alone is used', () => {
    const hearings = heardAt({ x: 11, y: 1, z: HEIGHT }, () => 0)
    expect(found(nearestReceiver(hearings, HEIGHT))).toMatchObject({ x: 10, y: 0, z: HEIGHT, used: ['R01'] })
  })

  it('does not depend on the order, and is never NaN', () => {
    const rssi = fc.oneof(fc.integer({ min: -110, max: 10 }), fc.constantFrom(127, Number.NaN, Number.NEGATIVE_INFINITY, -1000))
    const metres = fc.constantFrom(0, 3, 3, 1e6, -1e6, 17)
    const hearing = fc.record({ receiver: fc.record({ id: fc.string(), x: metres, y: metres, z: metres }), rssiDbm: rssi })
    fc.assert(
      fc.property(fc.uniqueArray(hearing, { maxLength: 15, selector: ({ receiver }) => receiver.id }), (hearings) => {
        for (const locate of [nearestReceiver, weightedByPathLoss]) {
          const located = locate(hearings, HEIGHT)
          expect(locate(hearings.toReversed(), HEIGHT)).toEqual(located)
          if (isFix(located)) for (const value of [located.x, located.y, located.accuracyM]) expect(value).toSatisfy(Number.isFinite)
          else expect(located.error).toContain('no receiver')
        }
      }),
      { numRuns: 50 }
    )
  })

  it('says when nobody heard the tag', () => {
    expect(nearestReceiver([], HEIGHT)).toEqual({ error: 'no receiver with a known place heard the tag' })
    expect(weightedByPathLoss([], HEIGHT)).toEqual({ error: 'no receiver with a known place heard the tag' })
  })
})
