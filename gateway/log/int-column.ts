import type { ByteReader, ByteWriter } from './byte-buffer.ts'

/**
 * A column of whole numbers below 2^51: one byte says how, then zigzag varints. `constant`: one value. `plain`: the values.
 * `delta`: differences, for what creeps. `delta2`: differences of differences, for what marches.
 */
const CONSTANT = 0
const PLAIN = 1
const DELTA = 2
const DELTA2 = 3

export const MAX_COLUMN_VALUE = 2 ** 51

export function writeInts(out: ByteWriter, values: Float64Array): void {
  const mode = chooseMode(values)
  out.u8(mode)
  if (mode === CONSTANT) {
    out.zigzag(values[0] ?? 0)
    return
  }
  let before = 0
  let step = 0
  for (const value of values) {
    if (mode === PLAIN) out.zigzag(value)
    else if (mode === DELTA) out.zigzag(value - before)
    else {
      out.zigzag(value - before - step)
      step = value - before
    }
    before = value
  }
}

export function readInts(input: ByteReader, count: number): Float64Array {
  const mode = input.u8()
  if (mode > DELTA2) throw new RangeError('unknown column mode')
  const values = new Float64Array(count)
  if (mode === CONSTANT) return values.fill(input.zigzag())
  let before = 0
  let step = 0
  for (let i = 0; i < count; i++) {
    const read = input.zigzag()
    if (mode === PLAIN) before = read
    else if (mode === DELTA) before += read
    else {
      step += read
      before += step
    }
    values[i] = before
  }
  return values
}

/** The mode with the fewest bits, estimated by magnitude. */
function chooseMode(values: Float64Array): number {
  const first = values[0] ?? 0
  let constant = true
  let plain = 0
  let delta = 0
  let delta2 = 0
  let before = 0
  let step = 0
  for (const value of values) {
    if (value !== first) constant = false
    const next = value - before
    plain += bits(value)
    delta += bits(next)
    delta2 += bits(next - step)
    step = next
    before = value
  }
  if (constant) return CONSTANT
  // The simpler one wins a near draw: second differences double the noise.
  if (plain <= delta && plain <= delta2) return PLAIN
  return delta <= delta2 * 1.05 ? DELTA : DELTA2
}

function bits(value: number): number {
  const magnitude = Math.abs(value)
  return magnitude < 0x7fffffff ? 32 - Math.clz32(magnitude) : 40
}
