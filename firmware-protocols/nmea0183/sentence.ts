import type { DecodeErrorCode } from '../codec.ts'
import { latin1Text } from '../kit/text.ts'
import { MAX_FRAME_BYTES } from './nmea-framer.ts'

const CR = 13
const LF = 10
const BLANK = 0x20
const TILDE = 0x7e
/** What some multiplexers put before a sentence that they send by UDP. */
const UDPBC = 'UdPbC\0'

export interface Sentence {
  readonly talker: string
  readonly type: string
  /** Fields behind the address, so that `fields[0]` is field 1 of the standard. */
  readonly fields: readonly string[]
  /** It began with `!`, which only sentences with packed content (AIS) do; the checksum does not cover the start. */
  readonly encapsulated: boolean
  /** Content of the TAG block without its checksum, where there is one and its checksum fits. */
  readonly tagBlock?: string
}

export interface BadSentence {
  readonly code: DecodeErrorCode
  readonly why: string
}

/** Exclusive or of all characters. */
export function checksum(text: string): number {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum ^= text.charCodeAt(i)
  return sum
}

export const checksumText = (text: string): string => checksum(text).toString(16).toUpperCase().padStart(2, '0')

/**
 * First step: framing and integrity.
 *
 *   [UdPbC NUL] [\<TAG block>*hh\] ($ | !) <talker 2><type 3> {, <field>} * hh [CR LF]
 *   [UdPbC NUL] [\<TAG block>*hh\] $P<maker and type> {, <field>} * hh [CR LF]
 *
 * hh: exclusive or of everything between the start and `*`, two hex digits of either case. It is demanded, and nothing
 * may follow it: a line that lost or gained characters must not be repaired.
 */
export function parseSentence(frame: Uint8Array): Sentence | BadSentence {
  if (frame.length > MAX_FRAME_BYTES) return { code: 'FRAME_LENGTH', why: `${frame.length} bytes, at most ${MAX_FRAME_BYTES}` }
  const end = lineEnd(frame)
  const text = latin1Text(frame, 0, end)
  const from = text.startsWith(UDPBC) ? UDPBC.length : 0
  const tag = text[from] === '\\' ? /^\\([^\\]*)\\/.exec(text.slice(from)) : null
  const start = from + (tag?.[0].length ?? 0)
  if (text[start] !== '$' && text[start] !== '!') return { code: 'FRAME_FORMAT', why: 'a sentence begins with $' }
  if (!isPrintable(frame, start, end)) return { code: 'FRAME_FORMAT', why: 'bytes that are no printable ASCII' }
  const star = text.indexOf('*', start)
  if (star < 0) return { code: 'FRAME_CHECKSUM', why: 'no checksum' }
  if (end - star > 3) return { code: 'FRAME_FORMAT', why: 'characters after the checksum' }
  const given = end - star < 3 ? -1 : hexDigit(frame[star + 1] ?? 0) * 16 + hexDigit(frame[star + 2] ?? 0)
  if (given < 0) return { code: 'FRAME_CHECKSUM', why: 'the checksum has two hex digits' }
  const body = text.slice(start + 1, star)
  if (given !== checksum(body)) return { code: 'FRAME_CHECKSUM', why: `checksum ${text.slice(star + 1)}, computed ${checksumText(body)}` }
  return split(body, text[start] === '!', tag?.[1])
}

/** Where the line ends that may have its CR and LF still. */
function lineEnd(frame: Uint8Array): number {
  let end = frame.length
  while (end > 0 && (frame[end - 1] === CR || frame[end - 1] === LF)) end--
  return end
}

function isPrintable(frame: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((frame[at] ?? 0) < BLANK || (frame[at] ?? 0) > TILDE) return false
  return true
}

/** Far below 0 for what is no hex digit, so that no sum with it is a number. */
function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 0x20
  return letter >= 97 && letter <= 102 ? letter - 87 : -1000
}

function split(body: string, encapsulated: boolean, tag: string | undefined): Sentence | BadSentence {
  const fields = body.split(',')
  const address = fields.shift() ?? ''
  const proprietary = /^P[A-Z0-9]{2,}$/.test(address)
  if (!proprietary && !/^[A-Z0-9]{5}$/.test(address)) return { code: 'FRAME_FORMAT', why: 'the address is no talker and type' }
  const talkerLength = proprietary ? 1 : 2
  const sentence = { talker: address.slice(0, talkerLength), type: address.slice(talkerLength), fields, encapsulated }
  const tagBlock = tag === undefined ? undefined : checkedTag(tag)
  return tagBlock === undefined ? sentence : { ...sentence, tagBlock }
}

/** A TAG block whose checksum does not fit is left out; the sentence has a checksum of its own. */
function checkedTag(tag: string): string | undefined {
  const match = /^(.*)\*([0-9A-Fa-f]{2})$/.exec(tag)
  return match?.[1] !== undefined && Number.parseInt(match[2] ?? '', 16) === checksum(match[1]) ? match[1] : undefined
}
