import type { DecodeErrorCode } from '../codec.ts'
import { latin1Text } from '../kit/text.ts'
import { MAX_FRAME_BYTES } from './nmea-framer.ts'

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
  const text = latin1Text(frame)
    .replace(/[\r\n]+$/, '')
    .replace(/^UdPbC\0/, '')
  const tag = /^\\([^\\]*)\\/.exec(text)
  const line = tag ? text.slice(tag[0].length) : text
  if (line[0] !== '$' && line[0] !== '!') return { code: 'FRAME_FORMAT', why: 'a sentence begins with $' }
  if (/[^ -~]/.test(line)) return { code: 'FRAME_FORMAT', why: 'bytes that are no printable ASCII' }
  const star = line.indexOf('*')
  if (star < 0) return { code: 'FRAME_CHECKSUM', why: 'no checksum' }
  const body = line.slice(1, star)
  const given = line.slice(star + 1)
  if (given.length > 2) return { code: 'FRAME_FORMAT', why: 'characters after the checksum' }
  if (!/^[0-9A-Fa-f]{2}$/.test(given)) return { code: 'FRAME_CHECKSUM', why: 'the checksum has two hex digits' }
  if (Number.parseInt(given, 16) !== checksum(body))
    return { code: 'FRAME_CHECKSUM', why: `checksum ${given}, computed ${checksumText(body)}` }
  return split(body, line[0] === '!', tag?.[1])
}

function split(body: string, encapsulated: boolean, tag: string | undefined): Sentence | BadSentence {
  const [address = '', ...fields] = body.split(',')
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
