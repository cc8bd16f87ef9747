import type { Codec, Decoder, FrameContext, Framer } from '../../firmware-protocols/codec.ts'
import { BytePortrait } from './byte-portrait.ts'
import { CodecTally, type IdBudget, safeDecoder } from './codec-tally.ts'

/** Ids that all codecs together may remember. */
const MAX_IDS = 20_000
const CR = 13
const LF = 10

/** What one codec made of a stream of bytes. */
export interface StreamEvidence {
  readonly codec: Codec
  readonly tally: CodecTally
  /** Bytes that could have belonged to frames: with text, line ends aside. */
  readonly bytes: number
  /** Bytes of the frames that fit. */
  readonly explainedBytes: number
  /** Frames whose checksum the framer or the decoder found wrong. */
  readonly wrongChecksums: number
}

/**
 * Every codec that travels on byte streams, listening to one stream at the same time. Nothing is kept of the stream but half frames, so
 * memory stays the same however long it is.
 */
export class StreamPanel {
  readonly portrait = new BytePortrait()
  #listeners: readonly StreamListener[]

  constructor(codecs: readonly Codec[], context: FrameContext = {}) {
    const budget: IdBudget = { left: MAX_IDS }
    this.#listeners = codecs.flatMap((codec) => {
      const framer = codec.undemanding === true ? undefined : codec.createFramer?.()
      return framer === undefined ? [] : [new StreamListener(codec, framer, context, budget)]
    })
  }

  push(chunk: Uint8Array): void {
    this.portrait.push(chunk)
    for (const listener of this.#listeners) listener.push(chunk)
  }

  /** The stream is at its end. */
  end(): void {
    for (const listener of this.#listeners) listener.end()
  }

  /** The others need listen no longer. */
  keepOnly(codecs: ReadonlySet<Codec>): void {
    this.#listeners = this.#listeners.filter(({ codec }) => codecs.has(codec))
  }

  evidence(): readonly StreamEvidence[] {
    const { bytes, lineEnds } = this.portrait
    return this.#listeners.map((listener) => listener.evidence(bytes, lineEnds))
  }
}

class StreamListener {
  readonly codec: Codec
  readonly #context: FrameContext
  readonly #decoder: Decoder
  readonly #tally: CodecTally
  #framer: Framer | undefined
  #explainedBytes = 0

  constructor(codec: Codec, framer: Framer, context: FrameContext, budget: IdBudget) {
    this.codec = codec
    this.#framer = framer
    this.#context = context
    this.#decoder = safeDecoder(codec)
    this.#tally = new CodecTally(budget)
  }

  push(chunk: Uint8Array): void {
    this.#guarded((framer) => framer.push(chunk, this.#onFrame))
  }

  end(): void {
    this.#guarded((framer) => framer.flush?.(this.#onFrame))
  }

  evidence(bytes: number, lineEnds: number): StreamEvidence {
    return {
      codec: this.codec,
      tally: this.#tally,
      bytes: this.codec.encoding === 'text' ? bytes - lineEnds : bytes,
      explainedBytes: this.#explainedBytes,
      wrongChecksums: this.#tally.wrongChecksums + (this.#framer?.counters.badChecksum ?? 0)
    }
  }

  readonly #onFrame = (frame: Uint8Array): void => {
    if (this.#tally.take(this.#decoder.decode(frame, this.#context))) this.#explainedBytes += this.#length(frame)
  }

  #length(frame: Uint8Array): number {
    if (this.codec.encoding === 'binary') return frame.length
    let length = 0
    for (const byte of frame) if (byte !== CR && byte !== LF) length++
    return length
  }

  /** A framer that throws is a defect; its codec is out of this detection, and the others go on. */
  #guarded(work: (framer: Framer) => void): void {
    if (this.#framer === undefined) return
    try {
      work(this.#framer)
    } catch {
      this.#framer = undefined
    }
  }
}
