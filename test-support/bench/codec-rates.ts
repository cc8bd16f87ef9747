import process from 'node:process'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { CODECS } from '../../firmware-protocols/registry.ts'
import { loadSeeds, type SeedFrame } from '../fuzz/load-seeds.ts'

const MEASURED_S = 0.4
const ROUND = 2_000

function spentS(from: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(from)
  return (used.user + used.system) / 1e6
}

function framesPerSecond(codec: Codec, frames: readonly SeedFrame[]): number {
  const decoder = codec.createDecoder()
  const framer = codec.createFramer?.()
  const run = (): void => {
    for (let index = 0; index < ROUND; index++) {
      const frame = frames[index % frames.length]
      if (frame === undefined) continue
      if (framer === undefined) decoder.decode(frame.bytes, frame.context)
      else framer.push(frame.bytes, (bytes) => decoder.decode(bytes, frame.context))
    }
  }
  for (const warmUp = process.cpuUsage(); spentS(warmUp) < MEASURED_S / 2; ) run()
  let rounds = 0
  const from = process.cpuUsage()
  while (spentS(from) < MEASURED_S) {
    run()
    rounds++
  }
  return Math.round((rounds * ROUND) / spentS(from))
}

/**
 * Frames a second of processor time (so that other work on the machine matters little) through framer, where there is one, and
 * decoder, of every codec. The frames are those of the protocol's own vectors that give readings, in turn.
 */
export function measureCodecs(): Readonly<Record<string, number>> {
  return Object.fromEntries(CODECS.map((codec) => [codec.protocol, framesPerSecond(codec, loadSeeds(codec))]))
}
