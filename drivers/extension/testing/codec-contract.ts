import assert from 'node:assert/strict'
import type { Codec, FrameContext } from '../../../firmware-protocols/codec.ts'
import { createLineDecoder, readInputLine } from '../../../firmware-protocols/decode-line.ts'
import { toHex } from '../../../firmware-protocols/kit/hex.ts'
import { cleanReadings } from '../clean-readings.ts'
import { checkCodec } from '../extension-shape.ts'
import type { Check } from './driver-contract.ts'
import { mutated, RepeatableRandom } from './random-bytes.ts'

/** Input lines of `tagward decode` and what must be printed for the last of them. */
export interface Vector {
  readonly title: string
  /** In order, as frames of one source: bare frames, or objects with `frame` and what it needs besides. */
  readonly lines: readonly (string | object)[]
  /** `readings` must be exactly these; a text after `error`, `ignored`, `incomplete` is the beginning of what is printed. */
  readonly expect: {
    readonly readings?: readonly object[]
    readonly error?: string
    readonly ignored?: string
    readonly incomplete?: string
  }
}

export interface CodecContractOptions {
  /** How many damaged frames are tried. */
  readonly trials?: number
  readonly seed?: number
}

const DEFAULT_TRIALS = 2_000

/**
 * The promises that every codec makes, as checks for any runner of tests: what its vectors say, that no bytes make it throw, that what it gives
 * are readings, and that a stream gives the same frames however it is cut.
 */
export function codecContract(
  codec: Codec,
  vectors: readonly Vector[],
  { seed = 1, trials = DEFAULT_TRIALS }: CodecContractOptions = {}
): readonly Check[] {
  const frames = vectors.flatMap(({ lines }) => lines.map((line) => inputOf(codec, line)))
  const check = (title: string, run: () => void): Check => ({
    title,
    check: async () => {
      run()
      await Promise.resolve()
    }
  })
  return [
    check('is what the API calls a codec', () => {
      checkCodec(codec)
      assert.ok(vectors.length > 0, 'there are vectors')
    }),
    ...vectors.map((vector) => check(`vector: ${vector.title}`, () => checkVector(codec, vector))),
    check('never throws, and gives nothing but readings, whatever the bytes', () =>
      checkDamaged(codec, frames, new RepeatableRandom(seed), trials)
    ),
    ...(codec.createFramer === undefined
      ? []
      : [check('gives the same frames of a stream however it is cut', () => checkCuts(codec, frames, new RepeatableRandom(seed)))])
  ]
}

interface Input {
  readonly bytes: Uint8Array
  readonly context: FrameContext
}

function inputOf(codec: Codec, line: string | object): Input {
  const input = readInputLine(codec, typeof line === 'string' ? line : JSON.stringify(line))
  if ('error' in input) assert.fail(`a vector has a line that cannot be read: ${input.error}`)
  return input
}

function checkVector(codec: Codec, { expect, lines }: Vector): void {
  const decode = createLineDecoder(codec.protocol, [codec])
  if (decode === undefined) assert.fail('no decoder')
  let last: unknown
  for (const line of lines) last = decode(typeof line === 'string' ? line : JSON.stringify(line))
  if (expect.readings !== undefined) {
    assert.deepEqual(last, { readings: expect.readings })
    assert.deepEqual(cleanReadings(expect.readings).amiss, [], 'what is expected are readings')
    return
  }
  const [form = '', start] = Object.entries(expect)[0] ?? []
  const said = (last as Readonly<Record<string, unknown>>)[form]
  assert.ok(typeof said === 'string' && said.startsWith(String(start)), `expected ${form}: ${String(start)}…, got ${JSON.stringify(last)}`)
}

function checkDamaged(codec: Codec, frames: readonly Input[], random: RepeatableRandom, trials: number): void {
  const decoder = codec.createDecoder()
  const framer = codec.createFramer?.()
  for (let trial = 0; trial < trials; trial++) {
    const input = frames[random.below(frames.length)]
    const bytes = input === undefined || random.below(5) === 0 ? random.bytes(random.below(300)) : mutated(input.bytes, random)
    const context = random.below(4) === 0 ? {} : (input?.context ?? {})
    const decode = (frame: Uint8Array): void => {
      const result = decoder.decode(frame, context)
      if (result.kind === 'readings') assert.deepEqual(cleanReadings(result.readings).amiss, [], `readings of ${toHex(frame)}`)
      else
        assert.ok(['ignored', 'incomplete', 'error'].includes(result.kind) && result.why !== '', `the result of ${toHex(frame)} says why`)
    }
    try {
      decode(bytes)
      framer?.push(bytes, decode)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      assert.fail(`the codec threw at ${toHex(bytes)}: ${String(error)}`)
    }
  }
  if (framer !== undefined)
    for (const [name, count] of Object.entries(framer.counters)) assert.ok(Number.isSafeInteger(count) && count >= 0, `counter ${name}`)
}

function checkCuts(codec: Codec, frames: readonly Input[], random: RepeatableRandom): void {
  const stream = Uint8Array.from(
    Array.from({ length: 40 }, () => {
      const frame = frames[random.below(frames.length)]?.bytes ?? new Uint8Array()
      return random.below(4) === 0 ? [...mutated(frame, random), ...random.bytes(random.below(8))] : [...frame]
    }).flat()
  )
  const whole = framesOf(codec, stream, [])
  for (let round = 0; round < 50; round++) {
    const cuts = Array.from({ length: random.below(60) }, () => random.below(stream.length + 1)).sort((a, b) => a - b)
    assert.deepEqual(framesOf(codec, stream, cuts), whole, `cut at ${cuts.join(', ')}`)
  }
}

function framesOf(codec: Codec, stream: Uint8Array, cuts: readonly number[]): readonly string[] {
  const frames: string[] = []
  const framer = codec.createFramer?.()
  let from = 0
  for (const to of [...cuts, stream.length]) {
    // A buffer of its own, used again by nobody: what a framer keeps it must copy.
    const piece = stream.slice(from, to)
    framer?.push(piece, (frame) => frames.push(toHex(frame)))
    piece.fill(0)
    from = to
  }
  return frames
}
