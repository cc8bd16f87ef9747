import type {
  Codec,
  CommandEncoder,
  DecodeErrorCode,
  DecodeResult,
  Decoder,
  DecoderMemory,
  EncodedCommand,
  Framer,
  FramerCounters
} from '../../firmware-protocols/codec.ts'
import { DriverError } from '../driver.ts'
import type { RunBoundCodec, RunFaults } from '../run-bound-codec.ts'
import { cleanReadings } from './clean-readings.ts'
import { ExtensionError, textOfThrown } from './extension-error.ts'
import type { ExtensionPlace } from './run-messages.ts'
import { timeLimited } from './time-limit.ts'

/** A frame takes well below a millisecond. What takes as long as this will not end; every other source waits for it meanwhile. */
const STUCK_MS = 200
const MAX_FRAME_BYTES = 1 << 16
const LONGEST_WHY = 200
const MAX_REMEMBERED = 64
const MAX_REMEMBERED_LENGTH = 1_000
const CODES: ReadonlySet<unknown> = new Set<DecodeErrorCode>([
  'FRAME_FORMAT',
  'FRAME_LENGTH',
  'FRAME_CHECKSUM',
  'FRAME_CONTEXT',
  'VALUE_RANGE'
])

/**
 * A codec of a third party for the drivers of this program. It has not their tests, so each call of it is limited in time, and what it
 * answers is looked at: a throw counts as an error of that frame alone, a field that makes no sense is left out, and one that
 * does not come to an end fails the run.
 */
export function guardCodec(codec: Codec, place?: ExtensionPlace): RunBoundCodec {
  return { ...guardedParts(codec, STRICT), forRun: (faults) => guardedParts(codec, faults), ...(place === undefined ? {} : { place }) }
}

/** Outside of a run (`tagward decode`), every fault is told to whoever decodes. */
const STRICT: RunFaults = {
  fail: () => undefined,
  amiss: (why) => {
    throw defect(why)
  }
}

function guardedParts(codec: Codec, faults: RunFaults): Codec {
  const gate = new Gate(codec.protocol, faults)
  const { createDecoder, createEncoder, createFramer } = codec
  return {
    ...codec,
    createDecoder: (settings, memory) => {
      const held = memory === undefined ? undefined : new HeldMemory(memory)
      return new GuardedDecoder(gate, () => createDecoder.call(codec, settings, held), held)
    },
    ...(createFramer === undefined ? {} : { createFramer: () => new GuardedFramer(gate, () => createFramer.call(codec)) }),
    ...(createEncoder === undefined
      ? {}
      : { createEncoder: (settings) => new GuardedEncoder(gate, () => createEncoder.call(codec, settings)) })
  }
}

/** The one way into the codec's code. */
class Gate {
  readonly #protocol: string
  readonly #faults: RunFaults
  #stuck: DriverError | undefined

  constructor(protocol: string, faults: RunFaults) {
    this.#protocol = protocol
    this.#faults = faults
  }

  /** @throws DriverError: what the codec threw, or that it does not end. After that it is not called any more. */
  call<T>(step: string, work: () => T): T {
    if (this.#stuck !== undefined) throw this.#stuck
    try {
      return timeLimited(STUCK_MS, `the codec "${this.#protocol}" (${step})`, work)
    } catch (error) {
      if (!(error instanceof ExtensionError) || error.code !== 'EXTENSION_HANGS') throw defect(`${step}: ${textOfThrown(error)}`)
      this.#stuck = error
      this.#faults.fail(error)
      throw error
    }
  }

  amiss(why: string): void {
    this.#faults.amiss(why)
  }

  /** A part that cannot even be made: no frame will be read until somebody does something. */
  make<T>(step: string, create: () => T, method: keyof T): T | DriverError {
    try {
      const part = this.call(step, create)
      if (typeof part === 'object' && part !== null && typeof part[method] === 'function') return part
      throw defect(`${step} gave nothing that has a function "${String(method)}"`)
    } catch (error) {
      const failure = error instanceof DriverError ? error : defect(textOfThrown(error))
      this.#faults.fail(failure)
      return failure
    }
  }
}

class GuardedDecoder implements Decoder {
  readonly #gate: Gate
  readonly #inner: Decoder | DriverError
  readonly #memory: HeldMemory | undefined

  constructor(gate: Gate, create: () => Decoder, memory: HeldMemory | undefined) {
    this.#gate = gate
    this.#memory = memory
    this.#inner = gate.make('createDecoder', create, 'decode')
    memory?.letGo()
  }

  decode(...[frame, context]: Parameters<Decoder['decode']>): DecodeResult {
    const inner = this.#inner
    if (inner instanceof DriverError) throw inner
    try {
      // Looked at within the limit, too: a getter of theirs is their code.
      const { result, amiss } = this.#gate.call('decode', () => checkedResult(inner.decode(frame, context)))
      this.#memory?.keep()
      if (amiss !== '') this.#gate.amiss(amiss)
      return result
    } finally {
      this.#memory?.letGo()
    }
  }
}

/** What a decoder remembers while it is called: kept when the call has come to its end, since nothing of ours may be broken off in it. */
class HeldMemory implements DecoderMemory {
  readonly #memory: DecoderMemory
  readonly #held = new Map<string, string>()

  constructor(memory: DecoderMemory) {
    this.#memory = memory
  }

  recall(name: string): string | undefined {
    return this.#held.get(name) ?? this.#memory.recall(name)
  }

  remember(name: string, text: string): void {
    if (typeof name !== 'string' || typeof text !== 'string' || name.length + text.length > MAX_REMEMBERED_LENGTH)
      throw new TypeError(`what is remembered is a name and a text of ${MAX_REMEMBERED_LENGTH} characters together at the most`)
    if (this.#held.size >= MAX_REMEMBERED) throw new RangeError(`a frame can make a decoder remember ${MAX_REMEMBERED} things at the most`)
    this.#held.set(name, text)
  }

  keep(): void {
    for (const [name, text] of this.#held) this.#memory.remember(name, text)
    this.#held.clear()
  }

  letGo(): void {
    this.#held.clear()
  }
}

interface Checked {
  readonly result: DecodeResult
  /** What was left out of it, and why; empty: nothing. */
  readonly amiss: string
}

function checkedResult(given: unknown): Checked {
  if (typeof given !== 'object' || given === null) throw new TypeError('it gave no result')
  const { code, kind, readings, repeat, why } = given as Readonly<Record<string, unknown>>
  const because = typeof why === 'string' ? why.slice(0, LONGEST_WHY) : 'the codec does not say why'
  const whole = (result: DecodeResult): Checked => ({ result, amiss: '' })
  switch (kind) {
    case 'readings': {
      const clean = cleanReadings(readings)
      return { result: { kind, readings: clean.readings }, amiss: clean.amiss.join('; ') }
    }
    case 'ignored':
      return whole(repeat === true ? { kind, why: because, repeat } : { kind, why: because })
    case 'incomplete':
      return whole({ kind, why: because })
    case 'error':
      return whole({ kind, code: CODES.has(code) ? (code as DecodeErrorCode) : 'FRAME_FORMAT', why: because })
    default:
      throw new TypeError(`it gave a result of the kind ${JSON.stringify(kind)}`)
  }
}

/** Frames are copied out first and handed on after, so that nothing of ours is broken off with the codec. */
class GuardedFramer implements Framer {
  readonly #gate: Gate
  readonly #inner: Framer | DriverError
  readonly #counters: FramerCounters = { bytesIn: 0, frames: 0, badChecksum: 0, oversize: 0, discardedBytes: 0, resyncs: 0 }

  constructor(gate: Gate, create: () => Framer) {
    this.#gate = gate
    this.#inner = gate.make('createFramer', create, 'push')
  }

  get counters(): Readonly<FramerCounters> {
    return this.#counters
  }

  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    this.#cut('push', chunk.length + 1, (inner, take) => inner.push(chunk, take), onFrame)
  }

  reset(): void {
    this.#cut('reset', 0, (inner) => inner.reset())
  }

  flush(onFrame: (frame: Uint8Array) => void): void {
    this.#cut('flush', MAX_FRAME_BYTES, (inner, take) => inner.flush?.(take), onFrame)
  }

  /** Frames that were cut out before something went wrong are frames all the same. */
  #cut(
    step: string,
    most: number,
    work: (inner: Framer, take: (frame: Uint8Array) => void) => void,
    onFrame?: (frame: Uint8Array) => void
  ): void {
    const inner = this.#inner
    if (inner instanceof DriverError) throw inner
    const frames: Uint8Array[] = []
    const take = (frame: Uint8Array): void => {
      if (!(frame instanceof Uint8Array)) throw new TypeError('a frame is no Uint8Array')
      if (frame.length > MAX_FRAME_BYTES) throw new RangeError(`a frame has more than ${MAX_FRAME_BYTES} bytes`)
      if (frames.length >= most) throw new RangeError('there are more frames than bytes')
      frames.push(frame.slice())
    }
    try {
      this.#gate.call(step, () => work(inner, take))
    } finally {
      this.#takeCounters(inner)
      for (const frame of frames) onFrame?.(frame)
    }
  }

  /** They only ever grow; anything else would take from the counters of the source. */
  #takeCounters(inner: Framer): void {
    for (const name of Object.keys(this.#counters) as (keyof FramerCounters)[]) {
      const count: unknown = inner.counters?.[name]
      if (typeof count === 'number' && Number.isSafeInteger(count) && count > this.#counters[name]) this.#counters[name] = count
    }
  }
}

class GuardedEncoder implements CommandEncoder {
  readonly #gate: Gate
  readonly #inner: CommandEncoder | DriverError

  constructor(gate: Gate, create: () => CommandEncoder) {
    this.#gate = gate
    this.#inner = gate.make('createEncoder', create, 'encode')
  }

  encode(...[target, command, context]: Parameters<CommandEncoder['encode']>): EncodedCommand | undefined {
    const inner = this.#inner
    if (inner instanceof DriverError) throw inner
    const encoded = this.#gate.call('encode', (): unknown => inner.encode(target, command, context))
    if (encoded === undefined) return undefined
    const { answerId, bytes, topic } = encoded as Readonly<Record<string, unknown>>
    if (!(bytes instanceof Uint8Array) || bytes.length > MAX_FRAME_BYTES) throw defect('encode gave no bytes, or too many')
    return {
      bytes,
      ...(typeof topic === 'string' ? { topic } : {}),
      ...(typeof answerId === 'string' ? { answerId } : {})
    }
  }
}

function defect(why: string): ExtensionError {
  return new ExtensionError(
    { code: 'EXTENSION_DEFECT', message: why, remedy: 'report it to the author of the extension' },
    { retriable: true }
  )
}
