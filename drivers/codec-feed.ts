import type { Codec, DecodeResult, Decoder, FrameContext, Framer, FramerCounters } from '../firmware-protocols/codec.ts'
import type { Reading } from '../firmware-protocols/reading.ts'
import type { Delivery, DriverContext } from './driver.ts'
import { DriverError } from './driver.ts'
import { messageOf } from './driver-errors.ts'
import type { LinkTap } from './link-tap.ts'

/** What of a driver's context a feed needs. */
export type FeedContext = Pick<DriverContext, 'clock' | 'counters' | 'log' | 'sink' | 'sourceId' | 'tap'>

/** What the transport knows of a frame beside its bytes; goes into the delivery. */
export type Envelope = Omit<Delivery, 'readings' | 'repeat' | 'receivedAt' | 'monotonicMs'>

export interface FeedOptions {
  /** Short id of the tag whose own frames the link carries; for readings that name neither tag nor device. */
  readonly impliedTag?: string | undefined
}

export interface FrameFeed {
  /**
   * Decodes one whole frame and delivers what it says. Never throws. `envelope.onDurable` is called at once when the frame
   * says nothing that could be stored; otherwise it goes with the delivery (an empty one when the frame repeats what was stored). Answers what the codec made of it.
   */
  frame(frame: Uint8Array, context?: Omit<FrameContext, 'receivedAt'>, envelope?: Envelope): DecodeResult
}

export interface StreamFeed {
  /** Takes bytes as they come, cut anywhere. Never throws; holds no more than the longest frame of the protocol. */
  bytes(chunk: Uint8Array): void
  /** The link was re-opened: what was half received is discarded. */
  reset(): void
}

const NO_CONTEXT: FrameContext = {}
const NO_ENVELOPE: Envelope = {}
const NO_READINGS: readonly Reading[] = []
const DEFECT: DecodeResult = { kind: 'error', code: 'FRAME_FORMAT', why: 'the decoder failed at it' }
/** A codec that throws is a defect; it is said at most this often, and counted each time. */
const DEFECT_LOG_INTERVAL_MS = 60_000

/** Counts what a codec threw, and says it, at most once a minute. */
export function createDefectLog(codec: Codec, context: FeedContext): (step: string, error: unknown) => void {
  let quietUntilMs = Number.NEGATIVE_INFINITY
  let unsaid = 0
  return (step, error) => {
    context.counters.errors++
    const nowMs = context.clock.monotonicMs()
    if (nowMs < quietUntilMs) {
      unsaid++
      return
    }
    quietUntilMs = nowMs + DEFECT_LOG_INTERVAL_MS
    context.log.error({ sourceId: context.sourceId, protocol: codec.protocol, step, error: messageOf(error), unsaid }, 'a codec threw')
    unsaid = 0
  }
}

const isRepeat = (result: DecodeResult): boolean => result.kind === 'ignored' && result.repeat === true

function withTag(reading: Reading, tag: string): Reading {
  return reading.tag === undefined && reading.device === undefined ? { ...reading, tag } : reading
}

// Field by field: a spread per frame costs several times as much, and every delivery has one shape.

function stamped(context: Omit<FrameContext, 'receivedAt'>, receivedAt: number): FrameContext {
  const { topic, address, name, characteristic, fPort, key, retained } = context
  return { receivedAt, topic, address, name, characteristic, fPort, key, retained }
}

function deliveryOf(envelope: Envelope, readings: readonly Reading[], receivedAt: number, monotonicMs: number): Delivery {
  const { idNamespace, receiver, rssiDbm, redelivered, onDurable, onGivenUp, pressing } = envelope
  return { readings, receivedAt, monotonicMs, idNamespace, receiver, rssiDbm, redelivered, onDurable, onGivenUp, pressing }
}

/** For a feed within a feed: what comes over the link is seen once, where it comes in. */
export function untapped({ tap: _tap, ...context }: FeedContext): FeedContext {
  return context
}

export function tapMessage(tap: LinkTap, bytes: Uint8Array, context: Omit<FrameContext, 'receivedAt'>, envelope: Envelope): void {
  const { address, characteristic, fPort, name, retained, topic } = context
  const { idNamespace, receiver, redelivered, rssiDbm } = envelope
  tap.message(bytes, { address, characteristic, fPort, name, retained, topic, idNamespace, receiver, redelivered, rssiDbm })
}

/** Decoder and counters for transports that deliver whole frames. Hot: one context and one delivery per frame, nothing else. */
export function createFrameFeed(codec: Codec, context: FeedContext, { impliedTag }: FeedOptions = {}): FrameFeed {
  const { clock, counters, sink, tap } = context
  const sayDefect = createDefectLog(codec, context)
  let decoder: Decoder = codec.createDecoder()

  const count = (result: DecodeResult): readonly Reading[] => {
    switch (result.kind) {
      case 'readings':
        counters.readings += result.readings.length
        return impliedTag === undefined ? result.readings : result.readings.map((reading) => withTag(reading, impliedTag))
      case 'ignored':
        counters.ignored++
        return NO_READINGS
      case 'incomplete':
        counters.incomplete++
        return NO_READINGS
      case 'error':
        counters.errors++
        return NO_READINGS
    }
  }

  return {
    frame(frame, frameContext = NO_CONTEXT, envelope = NO_ENVELOPE) {
      if (tap !== undefined) tapMessage(tap, frame, frameContext, envelope)
      const receivedAt = clock.wallMs()
      counters.frames++
      let readings = NO_READINGS
      let result = DEFECT
      try {
        result = decoder.decode(frame, stamped(frameContext, receivedAt))
        readings = count(result)
      } catch (error) {
        sayDefect('decode', error)
        // What it remembers of earlier frames may be half written.
        decoder = codec.createDecoder()
      }
      if (readings.length > 0) sink.deliver(deliveryOf(envelope, readings, receivedAt, clock.monotonicMs()))
      else if (envelope.onDurable !== undefined && isRepeat(result))
        sink.deliver({ ...deliveryOf(envelope, NO_READINGS, receivedAt, clock.monotonicMs()), repeat: true })
      else envelope.onDurable?.()
      return result
    }
  }
}

/** Framer, decoder and counters for byte streams. Throws `PROTOCOL_NOT_STREAM` (fatal) when the codec has no framer. */
export function createStreamFeed(codec: Codec, context: FeedContext, options: FeedOptions = {}): StreamFeed {
  const { createFramer } = codec
  if (createFramer === undefined)
    throw new DriverError('PROTOCOL_NOT_STREAM', `protocol "${codec.protocol}" does not travel on a byte stream`, { retriable: false })
  const { counters } = context
  const sayDefect = createDefectLog(codec, context)
  const { tap } = context
  const frames = createFrameFeed(codec, untapped(context), options)
  const onFrame = (frame: Uint8Array): void => {
    frames.frame(frame)
  }
  let framer: Framer = createFramer()
  let errors = 0
  let discarded = 0

  const refused = (counted: Readonly<FramerCounters>): number => counted.badChecksum + counted.oversize
  const takeCounters = (): void => {
    const counted = framer.counters
    counters.errors += refused(counted) - errors
    counters.discardedBytes += counted.discardedBytes - discarded
    errors = refused(counted)
    discarded = counted.discardedBytes
  }
  const guard = (step: string, work: () => void): void => {
    try {
      work()
      takeCounters()
    } catch (error) {
      sayDefect(step, error)
      framer = createFramer()
      errors = 0
      discarded = 0
    }
  }

  return {
    bytes(chunk) {
      counters.bytesIn += chunk.length
      tap?.bytes(chunk)
      guard('frame', () => framer.push(chunk, onFrame))
    },
    reset() {
      guard('reset', () => framer.reset())
    }
  }
}
