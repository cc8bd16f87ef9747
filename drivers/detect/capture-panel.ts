import { type Codec, type CodecTransport, type FrameContext, transportsOf } from '../../firmware-protocols/codec.ts'
import { type CaptureForm, readCapturedLine } from './capture-lines.ts'
import type { Alternative, ByteLook, Finding, HeardTopic } from './detection.ts'
import { findingOf, isClear, possibilities, rank } from './rank-streams.ts'
import { rankTopics } from './rank-topics.ts'
import { sevenBitLine } from './seven-bits.ts'
import { StreamPanel } from './stream-panel.ts'
import { TopicPanel } from './topic-panel.ts'

/** Kept for a second look at a line of seven bits. */
const KEPT_BYTES = 32 * 1024
/** After so much of a stream that is clear, only protocols that fit it read on: all of them read a few megabytes in as many seconds. */
const CLEAR_AFTER_BYTES = 256 * 1024
/** A longer line is no frame of anything. */
const MAX_LINE_CHARACTERS = 1 << 20
/** What carries whole messages by themselves. LoRaWAN payloads come inside those of a server, and GATT values need their characteristic. */
const MESSAGES: readonly CodecTransport[] = ['mqtt', 'udp', 'websocket', 'http', 'ble']

export interface CaptureConclusion {
  /** Of a stream of bytes. */
  readonly stream: Finding | undefined
  /** Of whole messages. */
  readonly messages: readonly Finding[]
  readonly possible: readonly Alternative[]
  readonly look: ByteLook | undefined
  readonly topics: readonly HeardTopic[]
}

/** Everything that a file may hold, put before the protocols that it may be of: a stream of bytes, messages, or lines that are either. */
export class CapturePanel {
  readonly #codecs: readonly Codec[]
  readonly #topics: TopicPanel
  readonly #stream: StreamPanel
  readonly #kept = new Uint8Array(KEPT_BYTES)
  #keptLength = 0
  #isNarrowed = false
  readonly #text = new TextDecoder()
  #rest = ''
  #form: Exclude<CaptureForm, 'bytes'> | undefined
  bytes = 0

  /** `transports`: what carried the messages; absent: nobody knows. */
  constructor(codecs: readonly Codec[], transports: readonly CodecTransport[] = MESSAGES) {
    this.#codecs = codecs
    this.#topics = new TopicPanel(codecs.filter((codec) => transportsOf(codec).some((each) => transports.includes(each))))
    this.#stream = new StreamPanel(codecs)
  }

  get messages(): number {
    return this.#topics.messages
  }

  stream(chunk: Uint8Array): void {
    this.bytes += chunk.length
    this.#push(chunk)
  }

  message(bytes: Uint8Array, context: FrameContext): void {
    this.bytes += bytes.length
    this.#topics.take(bytes, context)
  }

  /** A part of a text, cut anywhere. */
  lines(form: Exclude<CaptureForm, 'bytes'>, chunk: Uint8Array): void {
    this.#form = form
    this.bytes += chunk.length
    const lines = (this.#rest + this.#text.decode(chunk, { stream: true })).split(/\r?\n/)
    this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARACTERS)
    for (const line of lines) this.#line(form, line)
  }

  conclude(): CaptureConclusion {
    if (this.#form !== undefined) this.#line(this.#form, this.#rest)
    this.#rest = ''
    this.#stream.end()
    const ranked = rank(this.#stream.evidence())
    const kept = this.#kept.subarray(0, this.#keptLength)
    const seven = ranked[0]?.detected === true ? undefined : sevenBitLine(kept, this.#codecs)
    const stream = seven === undefined ? findingOf(ranked) : findingOf(seven.ranked, seven.line)
    const { findings, possible, protocols } = rankTopics(this.#topics.evidence())
    const isFound = stream !== undefined || findings.length > 0
    return {
      stream,
      messages: findings,
      possible: isFound ? [] : [...possibilities(ranked), ...possible],
      look: this.#stream.portrait.bytes > 0 ? this.#stream.portrait.look() : undefined,
      topics: this.messages > 0 ? this.#topics.heard(protocols) : []
    }
  }

  #narrow(): void {
    const ranked = rank(this.#stream.evidence())
    if (!isClear(ranked)) return
    this.#isNarrowed = true
    this.#stream.keepOnly(new Set(ranked.filter(({ detected }) => detected).map(({ evidence }) => evidence.codec)))
  }

  #line(form: Exclude<CaptureForm, 'bytes'>, line: string): void {
    const read = line.trim() === '' ? undefined : readCapturedLine(form, line)
    if (read === undefined) return
    this.#topics.take(read.message.bytes, read.message.context)
    if (read.stream !== undefined) this.#push(read.stream)
  }

  #push(chunk: Uint8Array): void {
    this.#stream.push(chunk)
    if (!this.#isNarrowed && this.#stream.portrait.bytes >= CLEAR_AFTER_BYTES) this.#narrow()
    const part = chunk.subarray(0, KEPT_BYTES - this.#keptLength)
    this.#kept.set(part, this.#keptLength)
    this.#keptLength += part.length
  }
}
