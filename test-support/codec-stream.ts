import type { Codec } from '../firmware-protocols/codec.ts'
import { loadSeeds, type SeedFrame } from './fuzz/load-seeds.ts'
import type { SeededRandom } from './fuzz/seeded-random.ts'

/** Reading the vectors takes longer than making a stream of them. */
const loaded = new Map<string, readonly SeedFrame[]>()

function seedsOf(codec: Codec): readonly SeedFrame[] {
  const seeds = loaded.get(codec.protocol) ?? loadSeeds(codec)
  loaded.set(codec.protocol, seeds)
  return seeds
}

/** Random bytes. */
export function randomBytes(random: SeededRandom, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

/** A stream of a protocol's own frames, in random order, with bursts of noise before some of them. */
export function streamOf(
  codec: Codec,
  random: SeededRandom,
  frames: number,
  options: { readonly noiseOneIn: number } = { noiseOneIn: 0 }
): Uint8Array {
  const seeds = seedsOf(codec)
  const parts: number[] = []
  for (let index = 0; index < frames; index++) {
    if (options.noiseOneIn > 0 && random.below(options.noiseOneIn) === 0) parts.push(...randomBytes(random, 1 + random.below(24)), 13, 10)
    parts.push(...(seeds[random.below(seeds.length)]?.bytes ?? []))
  }
  return Uint8Array.from(parts)
}
