import type { Codec, DecodeResult, Decoder } from '../codec.ts'
import { BlockLineFramer } from '../kit/block-line-framer.ts'
import { failure } from '../kit/results.ts'
import { latin1Text, utf8Bytes } from '../kit/text.ts'
import { readAnswer } from './qm33-answers.ts'
import { readJson } from './qm33-json.ts'
import { readDiagnostics, readSessionInfo, readSessionStatus } from './qm33-notifications.ts'

/** The dump of a chip's 128 fuse words is the longest block, some 3 500 characters. */
const MAX_FRAME_BYTES = 6144
/** A prompt or an echo may stand before a notification on its line. */
const MAX_ECHO_BYTES = 140
const JS_HEAD = /^JS[0-9A-F]{4}(?=\{)/

const NOTIFICATIONS: readonly (readonly [start: string, read: (block: string) => DecodeResult])[] = [
  ['SESSION_INFO_NTF: {', readSessionInfo],
  ['SESSION_STATUS_NTF: {', readSessionStatus],
  ['RANGE_DIAGNOSTICS_NTF: {', readDiagnostics]
]

class Qm33Decoder implements Decoder {
  decode(frame: Uint8Array): DecodeResult {
    if (frame.length > MAX_FRAME_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_FRAME_BYTES}`)
    const text = latin1Text(frame).trim()
    for (const [start, read] of NOTIFICATIONS) {
      const at = text.indexOf(start)
      if (at >= 0 && at < MAX_ECHO_BYTES) return read(text.slice(at + start.length - 1))
    }
    if (text.startsWith('{') || text.startsWith('[{')) return readJson(text)
    if (JS_HEAD.test(text)) return readJson(text.slice(6))
    return readAnswer(text)
  }
}

/** The texts behind which a notification's brace comes. */
const NTF_END = '_NTF: {'
const BLOCK_START = '{"Block"'

/** Where a notification, a block of ranges, or an object behind `JS` and its length begins; none of them stands in another. */
function restartAt(held: Uint8Array, length: number): number {
  if (endsWith(held, length, BLOCK_START)) return length - BLOCK_START.length
  if (endsWith(held, length, NTF_END)) {
    let at = length - NTF_END.length
    while (at > 0 && isUpper(held[at - 1] ?? 0)) at--
    return at
  }
  const js = length - 7
  return js > 0 && held[length - 1] === 0x7b && held[js] === 0x4a && held[js + 1] === 0x53 && areHex(held, js + 2) ? js : -1
}

function endsWith(held: Uint8Array, length: number, text: string): boolean {
  const from = length - text.length
  if (from < 0) return false
  for (let i = text.length - 1; i >= 0; i--) if (held[from + i] !== text.charCodeAt(i)) return false
  return true
}

const isUpper = (byte: number): boolean => (byte >= 65 && byte <= 90) || byte === 95

function areHex(held: Uint8Array, from: number): boolean {
  for (let at = from; at < from + 4; at++) {
    const byte = held[at] ?? 0
    if (!((byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 70))) return false
  }
  return true
}

/** `[00:00:03.831,174] <info> …`: a log line. Records of a notification begin with a bracket and a letter. */
function isForeign(held: Uint8Array, from: number, to: number): boolean {
  const digit = held[from + 1] ?? 0
  return to - from > 4 && held[from] === 0x5b && digit >= 48 && digit <= 57 && held[from + 3] === 0x3a
}

export const qorvoQm33Cli: Codec = {
  protocol: 'qorvo-qm33-cli',
  title: 'Qorvo QM33 and DWM3001CDK command line',
  transport: 'serial',
  encoding: 'text',
  idScope: 'system',
  serialHabits: { baudRates: [115_200], question: utf8Bytes('STAT\r\n') },
  createFramer: () => new BlockLineFramer({ maxLength: MAX_FRAME_BYTES, restartAt, isForeign }),
  createDecoder: () => new Qm33Decoder()
}
