import type { Framer } from '../firmware-protocols/codec.ts'
import { toHex } from '../firmware-protocols/kit/hex.ts'

/** Frames of a stream fed in pieces cut at `cuts`, as hex; for the properties that every framer must have. */
export function framesInPieces(framer: Framer, stream: Uint8Array, cuts: readonly number[]): string[] {
  const frames: string[] = []
  let from = 0
  for (const cut of [...cuts.map((at) => Math.min(at, stream.length)).sort((a, b) => a - b), stream.length]) {
    framer.push(stream.subarray(from, cut), (frame) => frames.push(toHex(frame)))
    from = cut
  }
  return frames
}
