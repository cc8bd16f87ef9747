import type { Codec, DecodeErrorCode, DecodeResult, FrameContext, Framer, FramerCounters } from '../firmware-protocols/codec.ts'
import {
  createDefectLog,
  createFrameFeed,
  type Envelope,
  type FeedContext,
  type FeedOptions,
  type FrameFeed,
  tapMessage,
  untapped
} from './codec-feed.ts'

/** Why nothing of a message could be read. */
export interface Refusal {
  readonly code: DecodeErrorCode
  readonly why: string
}

export interface MessageFeed {
  /**
   * Decodes one whole message (a datagram, a body, a WebSocket message) and delivers what it says. Never throws. The bytes are
   * needed during the call only. `envelope.onDurable` is called when everything that the message said is durable, at once when
   * it said nothing. Answers why nothing of it could be read; undefined: something could, or it was well-formed and no data.
   */
  message(bytes: Uint8Array, context?: Omit<FrameContext, 'receivedAt'>, envelope?: Envelope): Refusal | undefined
}

const NO_FRAME: Refusal = { code: 'FRAME_FORMAT', why: 'no frame of the protocol is in it' }

/**
 * A feed for transports that deliver whole messages. Where the protocol has a framer, because it also travels on byte streams,
 * a message may hold several frames, with noise around them; what is left of a frame at its end is given up, since the next
 * message begins anew.
 */
export function createMessageFeed(codec: Codec, context: FeedContext, options: FeedOptions = {}): MessageFeed {
  const { counters, tap } = context
  const frames = createFrameFeed(codec, untapped(context), options)
  if (codec.createFramer === undefined)
    return {
      message(bytes, frameContext, envelope) {
        counters.bytesIn += bytes.length
        if (tap !== undefined) tapMessage(tap, bytes, frameContext ?? {}, envelope ?? {})
        return refusalOf(frames.frame(bytes, frameContext, envelope))
      }
    }
  return new FramedMessages(codec, codec.createFramer, context, frames)
}

function refusalOf(result: DecodeResult): Refusal | undefined {
  if (result.kind === 'error') return result
  return result.kind === 'incomplete' ? { code: 'FRAME_LENGTH', why: result.why } : undefined
}

class FramedMessages implements MessageFeed {
  readonly #createFramer: () => Framer
  readonly #context: FeedContext
  readonly #frames: FrameFeed
  readonly #sayDefect: (step: string, error: unknown) => void
  readonly #onFrame: (frame: Uint8Array) => void
  #framer: Framer
  #frameContext: Omit<FrameContext, 'receivedAt'> | undefined
  #envelope: Envelope | undefined
  #understood = false
  #refusal: Refusal | undefined
  #waiting: DurableCount | undefined

  constructor(codec: Codec, createFramer: () => Framer, context: FeedContext, frames: FrameFeed) {
    this.#createFramer = createFramer
    this.#context = context
    this.#frames = frames
    this.#sayDefect = createDefectLog(codec, context)
    this.#framer = createFramer()
    this.#onFrame = (frame) => this.#frame(frame)
  }

  message(bytes: Uint8Array, frameContext?: Omit<FrameContext, 'receivedAt'>, envelope?: Envelope): Refusal | undefined {
    const { counters, tap } = this.#context
    counters.bytesIn += bytes.length
    if (tap !== undefined) tapMessage(tap, bytes, frameContext ?? {}, envelope ?? {})
    this.#understood = false
    this.#refusal = undefined
    this.#frameContext = frameContext
    this.#waiting = envelope?.onDurable === undefined ? undefined : new DurableCount(envelope.onDurable, envelope.onGivenUp)
    this.#envelope =
      this.#waiting === undefined ? envelope : { ...envelope, onDurable: this.#waiting.durable, onGivenUp: this.#waiting.givenUp }
    const before = { ...this.#framer.counters }
    try {
      this.#framer.push(bytes, this.#onFrame)
      this.#framer.flush?.(this.#onFrame)
      this.#framer.reset()
      this.#takeCounters(before)
    } catch (error) {
      this.#sayDefect('frame', error)
      this.#framer = this.#createFramer()
    }
    // What is left open of the count is the message itself.
    this.#waiting?.durable()
    if (this.#understood) return undefined
    return this.#refusal ?? (bytes.length === 0 ? undefined : NO_FRAME)
  }

  #frame(frame: Uint8Array): void {
    this.#waiting?.add()
    const result = this.#frames.frame(frame, this.#frameContext, this.#envelope)
    const refusal = refusalOf(result)
    if (refusal === undefined) this.#understood = true
    else this.#refusal ??= refusal
  }

  #takeCounters(before: FramerCounters): void {
    const { badChecksum, discardedBytes, oversize } = this.#framer.counters
    const refused = badChecksum + oversize - before.badChecksum - before.oversize
    this.#context.counters.errors += refused
    this.#context.counters.discardedBytes += discardedBytes - before.discardedBytes
    if (badChecksum > before.badChecksum) this.#refusal ??= { code: 'FRAME_CHECKSUM', why: 'the checksum does not fit' }
  }
}

/** Calls back when the message and all its frames are durable, or given up. */
class DurableCount {
  readonly durable: () => void
  /** Absent: whoever sent it need not hear of that. */
  readonly givenUp: (() => void) | undefined
  #open = 1
  #anyGivenUp = false

  constructor(onDurable: () => void, onGivenUp: (() => void) | undefined) {
    this.durable = () => {
      this.#open -= 1
      if (this.#open > 0) return
      if (this.#anyGivenUp) onGivenUp?.()
      else onDurable()
    }
    if (onGivenUp === undefined) return
    this.givenUp = () => {
      this.#anyGivenUp = true
      this.durable()
    }
  }

  add(): void {
    this.#open += 1
  }
}
