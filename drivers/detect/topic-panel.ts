import type { Codec, Decoder, FrameContext } from '../../firmware-protocols/codec.ts'
import { CodecTally, type IdBudget, safeDecoder } from './codec-tally.ts'
import type { HeardTopic } from './detection.ts'
import { contentOf } from './message-content.ts'
import { topicShape, usualFilter } from './topic-shape.ts'

/** Shapes of topics that are told apart; a broker of a site has some dozens. */
const MAX_SHAPES = 500
const MAX_IDS = 50_000
/** A protocol that has taken none of so many messages of a shape is not asked again. */
const TRIALS = 30
const SHOWN_TOPICS = 40
/** Filters of one shape, which differ where a site's own levels look like ids; and messages that are looked at for them. */
const MAX_FILTERS = 16
const FILTERED = 500

/** What one codec made of the messages of one shape of topics. */
export interface TopicEvidence {
  readonly codec: Codec
  readonly tally: CodecTally
  /** Messages that it was asked about. */
  readonly judged: number
  /** Filters to subscribe to for these messages. */
  readonly filters: ReadonlySet<string>
  /** The topics are usual ones of the protocol. */
  readonly usual: boolean
}

export interface ShapeEvidence {
  readonly shape: string
  readonly messages: number
  readonly evidence: readonly TopicEvidence[]
}

interface Trial {
  readonly tally: CodecTally
  readonly filters: Set<string>
  judged: number
  usual: boolean
}

interface Shape {
  messages: number
  bytes: number
  readonly content: string
  readonly trials: Map<Codec, Trial>
}

/** Every codec that takes whole messages, asked about the same messages. Memory is bounded, whatever a broker sends. */
export class TopicPanel {
  readonly #decoders: ReadonlyMap<Codec, Decoder>
  readonly #shapes = new Map<string, Shape>()
  readonly #budget: IdBudget = { left: MAX_IDS }
  messages = 0
  bytes = 0
  /** Messages on topics beyond those that are told apart. */
  beyond = 0

  constructor(codecs: readonly Codec[]) {
    this.#decoders = new Map(codecs.filter(({ undemanding }) => undemanding !== true).map((codec) => [codec, safeDecoder(codec)]))
  }

  take(payload: Uint8Array, context: FrameContext): void {
    this.messages++
    this.bytes += payload.length
    const topic = context.topic ?? ''
    const shape = this.#shape(topic, payload)
    if (shape === undefined) return
    shape.messages++
    shape.bytes += payload.length
    for (const [codec, decoder] of this.#decoders) this.#ask(codec, decoder, shape, topic, payload, context)
  }

  evidence(): readonly ShapeEvidence[] {
    return [...this.#shapes].map(([shape, { messages, trials }]) => ({
      shape,
      messages,
      evidence: [...trials].map(([codec, trial]) => ({ codec, ...trial }))
    }))
  }

  /** The topics with most messages, and whose they are. */
  heard(protocolOf: ReadonlyMap<string, string>): readonly HeardTopic[] {
    return [...this.#shapes]
      .sort(([, a], [, b]) => b.messages - a.messages)
      .slice(0, SHOWN_TOPICS)
      .map(([topic, { messages, bytes, content }]) => {
        const protocol = protocolOf.get(topic)
        return { topic, messages, bytes, content, ...(protocol === undefined ? {} : { protocol }) }
      })
  }

  #shape(topic: string, payload: Uint8Array): Shape | undefined {
    const name = topicShape(topic)
    const known = this.#shapes.get(name)
    if (known !== undefined) return known
    if (this.#shapes.size >= MAX_SHAPES) {
      this.beyond++
      return undefined
    }
    const shape = { messages: 0, bytes: 0, content: contentOf(payload), trials: new Map<Codec, Trial>() }
    this.#shapes.set(name, shape)
    return shape
  }

  #ask(codec: Codec, decoder: Decoder, shape: Shape, topic: string, payload: Uint8Array, context: FrameContext): void {
    const trial = shape.trials.get(codec) ?? { tally: new CodecTally(this.#budget), filters: new Set<string>(), judged: 0, usual: false }
    shape.trials.set(codec, trial)
    if (trial.judged >= TRIALS && trial.tally.frames === 0) return
    trial.judged++
    if (!trial.tally.take(decoder.decode(payload, context), context.address)) return
    if (trial.filters.size >= MAX_FILTERS || trial.judged > FILTERED) return
    const usual = usualFilter(topic, codec.usualTopics ?? [])
    trial.usual ||= usual !== undefined
    trial.filters.add(usual ?? topicShape(topic))
  }
}
