import type { Codec, DecodeResult, Decoder, FrameContext } from '../../firmware-protocols/codec.ts'
import type { Reading } from '../../firmware-protocols/reading.ts'

/** Kinds of frames that are counted apart; a protocol has far fewer. */
const MAX_KINDS = 64

/** Fields that say whom or when, and nothing that was measured. */
const FRAME_FIELDS: ReadonlySet<string> = new Set([
  'tag',
  'device',
  'idNamespace',
  'receiver',
  'deviceTime',
  'stale',
  'usable',
  'online',
  'sequence',
  'extra'
])

/** How many ids may still be remembered; one for all tallies that live at a time. */
export interface IdBudget {
  left: number
}

/**
 * Counts what a codec makes of frames.
 *
 * solid: something was measured (a position, a range, a battery, a signal): text or bytes of another protocol hardly give that.
 * slight: taken, but only for a piece of text, a status, an answer.
 */
export class CodecTally {
  solidFrames = 0
  slightFrames = 0
  /** Well-formed, and no data. */
  ignoredFrames = 0
  /** Refused for another reason than its context. */
  damagedFrames = 0
  wrongChecksums = 0
  /** Refused because topic, key or address is foreign or missing. */
  foreignFrames = 0
  /** Frames with a tag in them. */
  tagFrames = 0
  /** Values that were read. */
  fields = 0
  readonly kinds = new Map<string, number>()
  readonly tags = new Set<string>()
  readonly encryptedTags = new Set<string>()
  readonly #budget: IdBudget

  constructor(budget: IdBudget) {
    this.#budget = budget
  }

  /** Frames that fit the protocol. */
  get frames(): number {
    return this.solidFrames + this.slightFrames + this.ignoredFrames
  }

  get refused(): number {
    return this.damagedFrames + this.foreignFrames
  }

  /** Answers whether the frame fits the protocol. */
  take(result: DecodeResult, address?: string): boolean {
    switch (result.kind) {
      case 'readings':
        this.#takeReadings(result.readings)
        return true
      case 'ignored':
        this.ignoredFrames++
        return true
      case 'incomplete':
        return true
      case 'error':
        if (result.code === 'FRAME_CONTEXT') {
          this.foreignFrames++
          if (address !== undefined && saysEncrypted(result.why)) this.#remember(this.encryptedTags, address)
        } else this.damagedFrames++
        if (result.code === 'FRAME_CHECKSUM') this.wrongChecksums++
        return false
    }
  }

  #takeReadings(readings: readonly Reading[]): void {
    let measured = 0
    let hasTag = false
    let kind: string | undefined
    for (const reading of readings) {
      measured += measuredFields(reading)
      kind ??= kindOf(reading)
      if (reading.tag !== undefined) {
        hasTag = true
        this.#remember(this.tags, reading.tag)
        if (isEncrypted(reading)) this.#remember(this.encryptedTags, reading.tag)
      }
    }
    this.fields += measured
    if (hasTag) this.tagFrames++
    if (measured > 0) this.solidFrames++
    else this.slightFrames++
    if (kind !== undefined && (this.kinds.has(kind) || this.kinds.size < MAX_KINDS)) this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1)
  }

  #remember(ids: Set<string>, id: string): void {
    if (this.#budget.left <= 0 || ids.has(id)) return
    this.#budget.left--
    ids.add(id)
  }
}

function measuredFields(reading: Reading): number {
  let count = 0
  for (const [name, value] of Object.entries(reading)) {
    if (FRAME_FIELDS.has(name) || value === undefined) continue
    if (!Array.isArray(value)) count++
    else if (name === 'ranges') count += value.length
    else if (value.length > 0) count++
  }
  return count
}

/** The protocol's own name of the frame, where the reading tells it. */
function kindOf({ extra }: Reading): string | undefined {
  for (const name of ['kind', 'frame', 'type']) {
    const value = extra?.[name]
    if (typeof value === 'string' && value.length <= 40) return value
  }
  return undefined
}

const saysEncrypted = (why: string): boolean => /\bencrypted\b|\bno key\b|\bno password\b/.test(why)

function isEncrypted({ extra }: Reading): boolean {
  if (extra?.['encrypted'] === true) return true
  const error = extra?.['adv_error']
  return typeof error === 'string' && saysEncrypted(error)
}

/** A decoder that does not end a detection when it throws: a defect, of a codec that somebody added perhaps. */
export function safeDecoder(codec: Codec): Decoder {
  let decoder = codec.createDecoder()
  return {
    decode(frame: Uint8Array, context: FrameContext): DecodeResult {
      try {
        return decoder.decode(frame, context)
      } catch {
        decoder = codec.createDecoder()
        return { kind: 'error', code: 'FRAME_FORMAT', why: 'the decoder failed at it' }
      }
    }
  }
}
