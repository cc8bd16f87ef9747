import { type DecodeResult, type Decoder, type DecoderMemory, defineCodec, type FrameContext } from '../codec.ts'
import { BinaryFramer } from '../kit/binary-framer.ts'
import { toHex } from '../kit/hex.ts'
import { u32 } from '../kit/little-endian.ts'
import { failure, ignored } from '../kit/results.ts'
import { createCommandEncoder } from './helmet-commands.ts'
import { type FieldsDraft, readFields } from './helmet-fields.ts'
import {
  fieldsEnd,
  HEADER_BYTES,
  hasMac,
  isIntactMessage,
  isMacRight,
  KEY_BYTES,
  keyMark,
  MAC_BYTES,
  MAX_MESSAGE_BYTES,
  type MessageProblem,
  measureMessage,
  messageProblem,
  TYPE_REPORT
} from './helmet-message.ts'
import { DEFAULT_SETTINGS, type HelmetSettings, helmetSettingsSchema, keysOf } from './helmet-settings.ts'
import { ReplayMemory } from './replay-memory.ts'

const PROBLEMS: Readonly<Record<MessageProblem, DecodeResult>> = {
  FORMAT: failure('FRAME_FORMAT', 'no helmet message begins so'),
  LENGTH: failure('FRAME_LENGTH', 'not the length that the message announces'),
  CHECKSUM: failure('FRAME_CHECKSUM', 'the CRC does not fit'),
  MAJOR: failure('FRAME_FORMAT', 'a major version that is not spoken here')
}
const WRONG_MAC = failure('FRAME_CHECKSUM', 'the MAC does not fit: another key, or a forgery')
const NO_MAC = failure('FRAME_CONTEXT', 'no MAC, and one is demanded')
const NO_KEY = failure('FRAME_CONTEXT', 'there is no key for this tag, and a MAC is demanded')
const BAD_KEY = failure('FRAME_CONTEXT', 'a key of another length than 16 bytes')
const BAD_FIELDS = failure('FRAME_LENGTH', 'the fields do not fill the message')
const DUPLICATE: DecodeResult = { kind: 'ignored', why: 'a duplicate', repeat: true }

/** What the topic `<prefix>/<tag>/up` says against a message of this tag; undefined: nothing. */
function topicProblem(topic: string, tag: string): DecodeResult | undefined {
  const end = topic.lastIndexOf('/')
  const direction = topic.slice(end + 1)
  if (direction === 'down') return ignored('a message to a tag')
  const named = topic.slice(topic.lastIndexOf('/', end - 1) + 1, Math.max(end, 0)).toLowerCase()
  if (direction === 'up' && named === tag) return undefined
  return failure('FRAME_CONTEXT', `the topic ${topic} is not that of tag ${tag}`)
}

class HelmetDecoder implements Decoder {
  readonly #keys: ReadonlyMap<string, Uint8Array>
  readonly #requireMac: boolean | undefined
  /** Apart from each other, so that strangers, who can name any tag, never push out what is known of tags with keys. */
  readonly #proved: ReplayMemory
  readonly #unproved = new ReplayMemory()

  constructor(settings: HelmetSettings, memory: DecoderMemory | undefined) {
    this.#proved = new ReplayMemory(memory)
    this.#keys = keysOf(settings)
    this.#requireMac = settings.requireMac
  }

  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    const problem = messageProblem(frame)
    if (problem !== undefined) return PROBLEMS[problem]
    const type = frame[3] ?? 0
    if (type >= 0x80) return ignored('a message to a tag')
    const tag = toHex(frame.subarray(8, 16))
    const misplaced = context.topic === undefined ? undefined : topicProblem(context.topic, tag)
    if (misplaced !== undefined) return misplaced
    const key = context.key ?? this.#keys.get(tag)
    const refusal = this.#checkMac(frame, key)
    if (refusal !== undefined) return refusal
    return this.#read(frame, context, tag, hasMac(frame) ? key : undefined)
  }

  #checkMac(frame: Uint8Array, key: Uint8Array | undefined): DecodeResult | undefined {
    if (key === undefined) return this.#requireMac === true ? NO_KEY : undefined
    if (key.length !== KEY_BYTES) return BAD_KEY
    if (!hasMac(frame)) return this.#requireMac === false ? undefined : NO_MAC
    return isMacRight(frame, fieldsEnd(frame), MAC_BYTES, key) ? undefined : WRONG_MAC
  }

  /** `key`: with which the message was checked. */
  #read(frame: Uint8Array, context: FrameContext, tag: string, key: Uint8Array | undefined): DecodeResult {
    const authentic = key !== undefined
    const boot = u32(frame, 16)
    const sequence = u32(frame, 20)
    const version = frame[2] ?? 0
    const draft: FieldsDraft = {
      tag,
      sequence,
      extra: { version: `${version >> 4}.${version & 15}`, boot_count: boot, authentic }
    }
    if (!readFields(draft, frame, HEADER_BYTES, fieldsEnd(frame))) return BAD_FIELDS
    const freshness =
      key === undefined
        ? this.#unproved.judge(tag, boot, sequence, false)
        : this.#proved.judge(`${tag} ${keyMark(key)}`, boot, sequence, true)
    if (freshness === 'duplicate') return DUPLICATE
    if (freshness === 'replay')
      return failure('FRAME_CONTEXT', `a replay: message ${sequence} of boot ${boot} is older than what was heard`)
    const type = frame[3] ?? 0
    if (type !== TYPE_REPORT) return ignored(`a message of type ${type}, which is not known`)
    if (freshness === 'late' || context.retained === true) draft.stale = true
    return { kind: 'readings', readings: [draft] }
  }
}

export const helmet = defineCodec<HelmetSettings>({
  protocol: 'helmet',
  title: 'Helmet tag (open protocol)',
  transport: 'serial',
  alsoOver: ['udp', 'mqtt'],
  encoding: 'binary',
  idScope: 'world',
  idNamespace: 'helmet',
  settings: helmetSettingsSchema,
  serialHabits: { baudRates: [115_200], checksumBits: 32 },
  usualTopics: ['+/up'],
  createFramer: () => new BinaryFramer({ maxLength: MAX_MESSAGE_BYTES, measure: measureMessage, isIntact: isIntactMessage }),
  createDecoder: (settings, memory) => new HelmetDecoder(settings ?? DEFAULT_SETTINGS, memory),
  createEncoder: (settings) => createCommandEncoder(settings ?? DEFAULT_SETTINGS)
})
