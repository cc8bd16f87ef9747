import type { SeededRandom } from './seeded-random.ts'

/** Longest mutated frame; no protocol has longer ones, but for whole messages of gateways. */
const MAX_BYTES = 4_096

/** Values at which lengths, counts and signed numbers turn over. */
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff]

type Mutation = (frame: Uint8Array, other: Uint8Array, random: SeededRandom) => Uint8Array

function flipBits(frame: Uint8Array, _other: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = Uint8Array.from(frame)
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = random.below(copy.length)
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
  }
  return copy
}

/** The end is missing, as when a message is cut; or the start, as when the listening began within it. */
function cut(frame: Uint8Array, _other: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.below(frame.length + 1)
  return random.below(3) === 0 ? frame.slice(at) : frame.slice(0, at)
}

/** Bytes are lost in the middle of a line. */
function lose(frame: Uint8Array, _other: Uint8Array, random: SeededRandom): Uint8Array {
  const from = random.below(frame.length)
  return joined(frame.subarray(0, from), frame.subarray(from + 1 + random.below(8)))
}

function join(frame: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.below(3) === 0 ? random.below(frame.length + 1) : frame.length
  return joined(frame.subarray(0, at), other)
}

/** One byte to a value of its own: lengths, counts, types and signs are changed so. */
function setByte(frame: Uint8Array, _other: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = Uint8Array.from(frame)
  const at = random.below(random.below(2) === 0 ? Math.min(8, copy.length) : copy.length)
  copy[at] = random.below(2) === 0 ? (EDGES[random.below(EDGES.length)] ?? 0) : random.below(256)
  return copy
}

/** A piece of the frame stands twice: lists grow longer than their count. */
function repeat(frame: Uint8Array, _other: Uint8Array, random: SeededRandom): Uint8Array {
  const from = random.below(frame.length)
  const piece = frame.subarray(from, from + 1 + random.below(24))
  return joined(joined(frame.subarray(0, from), piece), frame.subarray(from))
}

const MUTATIONS: readonly Mutation[] = [flipBits, cut, lose, join, setByte, setByte, repeat]

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole
}

/**
 * A valid frame with one to three mutations: bits flipped, cut, bytes lost, joined with `other`, a byte changed (a length, a count), a piece
 * repeated. At most 4 096 bytes, or as long as the frame was.
 */
export function mutateFrame(frame: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  let mutated = frame
  for (let left = 1 + random.below(3); left > 0; left--) {
    const mutation = MUTATIONS[random.below(MUTATIONS.length)]
    if (mutation !== undefined && mutated.length > 0) mutated = mutation(mutated, other, random)
  }
  return mutated.subarray(0, Math.max(MAX_BYTES, frame.length))
}

/** Bytes without any sense, half of them from a few values only, so that starts and lengths come up. */
export function noise(random: SeededRandom): Uint8Array {
  const bytes = new Uint8Array(random.below(300))
  const few = random.below(2) === 0
  for (let i = 0; i < bytes.length; i++) bytes[i] = few ? (EDGES[random.below(EDGES.length)] ?? 0) : random.below(256)
  return bytes
}
