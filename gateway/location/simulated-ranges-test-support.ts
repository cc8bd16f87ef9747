import { createRandom, normal } from '../../drivers/simulator/random.ts'
import type { Anchor, Dimensions } from './fix.ts'
import type { RangeSet } from './range-tracker.ts'

export interface Place {
  readonly x: number
  readonly y: number
  readonly z: number
}

/** Draws from the normal distribution of mean 0 and deviation 1, the same for the same seed. */
export function createNormal(seed: number): () => number {
  const random = createRandom(seed)
  return () => normal(random)
}

/** Six anchors around, 10 m from the middle, at heights between 0.5 and 3.5 m. */
export const SIX_AROUND: readonly Anchor[] = [0, 1, 2, 3, 4, 5].map((index) => ({
  id: `A${index}`,
  x: 10 * Math.cos((index * Math.PI) / 3),
  y: 10 * Math.sin((index * Math.PI) / 3),
  z: [3.5, 0.5, 2.5, 3, 1, 2][index] ?? 2
}))

export const distanceM = (a: Place, b: Place): number => Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z)

/** Ranges as they would be without any error, and one more term for each. */
export function rangesTo(
  anchors: readonly Anchor[],
  place: Place,
  options: { readonly timeS?: number; readonly dims?: Dimensions; readonly error?: (anchor: Anchor, index: number) => number } = {}
): RangeSet {
  return {
    timeS: options.timeS ?? 0,
    dims: options.dims ?? 2,
    anchors,
    rangesM: anchors.map((anchor, index) => Math.max(0, distanceM(anchor, place) + (options.error?.(anchor, index) ?? 0)))
  }
}
