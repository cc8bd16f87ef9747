import type { Codec, DecodeResult, Decoder, FrameContext, Framer } from '../../firmware-protocols/codec.ts'
import { toHex } from '../../firmware-protocols/kit/hex.ts'
import { collectGarbage } from './collect-garbage.ts'
import type { SeedFrame } from './load-seeds.ts'
import { mutateFrame, noise } from './mutate-frame.ts'
import { SeededRandom } from './seeded-random.ts'

/** What became of the mutated frames of one codec. */
export interface FuzzReport {
  readonly protocol: string
  readonly frames: number
  /** How many were mutated valid frames; the rest was noise. */
  readonly mutated: number
  readonly readings: number
  readonly ignored: number
  readonly incomplete: number
  readonly errors: number
  readonly framesPerSecond: number
  /** Processor time of the slowest frame when read again, warm, milliseconds. */
  readonly slowestMs: number
  /** Heap in use behind the first fifth and at the end, each after a collection. */
  readonly heapGrowthKiB: number
  /** What broke a promise, with the frame; at most ten. */
  readonly faults: readonly string[]
}

export const FRAME_LIMIT_MS = 1
/** Collections leave a few hundred kilobytes to chance; a leak of one byte a frame is ten times that in a long run. */
export const HEAP_LIMIT_KIB = 2_048
const MAX_FAULTS = 10
/** One frame in eight is noise. */
const NOISE_ONE_IN = 8
/** Frames after which a framer is flushed, as behind the last line of a file. */
const FLUSH_EVERY = 50

interface Counts {
  mutated: number
  readings: number
  ignored: number
  incomplete: number
  errors: number
}

/** Frames of one codec, mutated, through one framer and one decoder that live as long as the run. Never throws for what the codec does. */
export class CodecFuzz {
  readonly #codec: Codec
  readonly #seeds: readonly SeedFrame[]
  readonly #random: SeededRandom
  readonly #faults: string[] = []
  readonly #counts: Counts = { mutated: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0 }
  #decoder: Decoder
  #framer: Framer | undefined
  #slowestMs = 0

  constructor(codec: Codec, seeds: readonly SeedFrame[], seed: number) {
    this.#codec = codec
    this.#seeds = seeds
    this.#random = new SeededRandom(seed)
    this.#decoder = codec.createDecoder()
    this.#framer = codec.createFramer?.()
  }

  run(frames: number): FuzzReport {
    let heapBefore = 0
    const start = performance.now()
    for (let index = 0; index < frames; index++) {
      if (index === Math.floor(frames / 5)) heapBefore = collectGarbage()
      this.#one(index)
    }
    const seconds = (performance.now() - start) / 1_000
    const heapGrowthKiB = Math.round((collectGarbage() - heapBefore) / 1_024)
    if (heapGrowthKiB > HEAP_LIMIT_KIB) this.#fault(`the heap has grown by ${heapGrowthKiB} KiB`)
    return {
      protocol: this.#codec.protocol,
      frames,
      ...this.#counts,
      framesPerSecond: Math.round(frames / seconds),
      slowestMs: Math.round(this.#slowestMs * 1_000) / 1_000,
      heapGrowthKiB,
      faults: this.#faults
    }
  }

  #pick(): SeedFrame {
    return this.#seeds[this.#random.below(this.#seeds.length)] ?? { bytes: new Uint8Array(0), context: {} }
  }

  #one(index: number): void {
    const { bytes, context } = this.#pick()
    const isNoise = this.#random.below(NOISE_ONE_IN) === 0
    if (!isNoise) this.#counts.mutated++
    const frame = isNoise ? noise(this.#random) : mutateFrame(bytes, this.#pick().bytes, this.#random)
    const startedMs = performance.now()
    try {
      this.#read(frame, context, index)
    } catch (error) {
      this.#fault(`${String(error)}: ${toHex(frame)}`)
      this.#decoder = this.#codec.createDecoder()
      this.#framer = this.#codec.createFramer?.()
    }
    if (performance.now() - startedMs > FRAME_LIMIT_MS / 2) this.#readAgain(frame, context)
  }

  #read(frame: Uint8Array, context: FrameContext, index: number): void {
    const framer = this.#framer
    if (framer === undefined) {
      this.#take(this.#decoder.decode(frame, context), frame)
      return
    }
    const onFrame = (whole: Uint8Array): void => this.#take(this.#decoder.decode(whole, context), whole)
    const at = this.#random.below(frame.length + 1)
    framer.push(frame.subarray(0, at), onFrame)
    framer.push(frame.subarray(at), onFrame)
    if (index % FLUSH_EVERY === 0) framer.flush?.(onFrame)
  }

  #take(result: DecodeResult, frame: Uint8Array): void {
    switch (result.kind) {
      case 'readings':
        this.#counts.readings++
        if (!isSound(result.readings)) this.#fault(`a reading holds what is no JSON: ${toHex(frame)}`)
        break
      case 'ignored':
        this.#counts.ignored++
        break
      case 'incomplete':
        this.#counts.incomplete++
        break
      case 'error':
        this.#counts.errors++
    }
  }

  /**
   * A pause of the engine or of the machine looks like a slow frame, but not three times in five: the frame is read again by decoders
   * of its own, and the median counts.
   */
  #readAgain(frame: Uint8Array, context: FrameContext): void {
    const times = Array.from({ length: 5 }, () => {
      const decoder = this.#codec.createDecoder()
      const framer = this.#codec.createFramer?.()
      const onFrame = (whole: Uint8Array): void => void decoder.decode(whole, context)
      const start = process.cpuUsage()
      try {
        if (framer === undefined) decoder.decode(frame, context)
        else framer.push(frame, onFrame)
      } catch {
        // Told already.
      }
      const used = process.cpuUsage(start)
      return (used.user + used.system) / 1_000
    }).toSorted((a, b) => a - b)
    const medianMs = times[2] ?? 0
    this.#slowestMs = Math.max(this.#slowestMs, medianMs)
    if (medianMs > FRAME_LIMIT_MS) this.#fault(`${medianMs} ms of processor time: ${toHex(frame)}`)
  }

  #fault(text: string): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(text.slice(0, 2_000))
  }
}

/** Numbers are finite and nothing is null or undefined in between, so that the log stores what was read. */
function isSound(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || value === undefined) return true
  if (typeof value !== 'object') return false
  for (const item of Object.values(value)) if (!isSound(item)) return false
  return true
}
