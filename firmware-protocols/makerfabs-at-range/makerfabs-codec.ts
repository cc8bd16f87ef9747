import type { Codec, DecodeResult, Decoder, FrameContext } from '../codec.ts'
import { BlockLineFramer } from '../kit/block-line-framer.ts'
import { isJsonObject, parseLooseJson } from '../kit/json.ts'
import { MarkedLineFramer } from '../kit/marked-line-framer.ts'
import { failure } from '../kit/results.ts'
import { latin1Text, utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { readAnswer } from './at-answers.ts'
import { isRangeLine, readRangeLine } from './at-range.ts'
import { readForwarded } from './esp32-json.ts'

/** A datagram may hold several lines; one line has some 200 characters, a list of links of a board with many anchors more. */
const MAX_FRAME_BYTES = 2048
const MAX_LINES = 32

/** Where lines and objects begin anew: at line ends, and at the start mark of a line whose end before it was lost. */
const SEPARATOR = /[\r\n]+|(?=AT\+RANGE=)/

class MakerfabsDecoder implements Decoder {
  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (frame.length > MAX_FRAME_BYTES) return failure('FRAME_LENGTH', `${frame.length} bytes, at most ${MAX_FRAME_BYTES}`)
    const text = latin1Text(frame).trim()
    const whole = text.startsWith('{') ? parseLooseJson(text) : undefined
    if (isJsonObject(whole)) return readForwarded(whole, context.address)
    const lines = text.split(SEPARATOR, MAX_LINES)
    return lines.length === 1 ? readLine(text, context) : joined(lines.map((line) => readLine(line.trim(), context)))
  }
}

function readLine(line: string, context: FrameContext): DecodeResult {
  if (!line.startsWith('{')) return isRangeLine(line) ? readRangeLine(line) : readAnswer(line)
  const value = parseLooseJson(line)
  return isJsonObject(value) ? readForwarded(value, context.address) : failure('FRAME_FORMAT', 'damaged JSON')
}

/** All readings of a datagram's lines; where one is damaged, the others count still. */
function joined(results: readonly DecodeResult[]): DecodeResult {
  const readings: Reading[] = []
  let other: DecodeResult | undefined
  for (const result of results) {
    if (result.kind === 'readings') readings.push(...result.readings)
    else if (other === undefined || result.kind === 'error') other = result
  }
  return readings.length > 0 || other === undefined ? { kind: 'readings', readings } : other
}

export const makerfabsAtRange: Codec = {
  protocol: 'makerfabs-at-range',
  title: 'Makerfabs UWB modules (AT firmware, ESP32 JSON)',
  transport: 'serial',
  alsoOver: ['udp'],
  encoding: 'text',
  idScope: 'system',
  serialHabits: { baudRates: [115_200], question: utf8Bytes('AT+GETVER?\r\n') },
  createFramer: () => new MarkedLineFramer({ lines: new BlockLineFramer({ maxLength: MAX_FRAME_BYTES, restartAt }), isMark }),
  createDecoder: () => new MakerfabsDecoder()
}

const RANGE_MARK = 'AT+RANGE='

function isMark(line: Uint8Array, at: number): boolean {
  for (let i = 0; i < RANGE_MARK.length; i++) if (line[at + i] !== RANGE_MARK.charCodeAt(i)) return false
  return true
}

const STARTS = ['{"links"', '{"id"'] as const

/** An object with ranges stands in no other one. */
function restartAt(held: Uint8Array, length: number): number {
  for (const start of STARTS) {
    const from = length - start.length
    if (from > 0 && held[from] === 0x7b && latin1Text(held, from, length) === start) return from
  }
  return -1
}
