import type { Codec, FrameContext } from '../../firmware-protocols/codec.ts'
import { readInputLine } from '../../firmware-protocols/decode-line.ts'
import { LineFramer } from '../../firmware-protocols/kit/line-framer.ts'

/** What a file holds that is no recording of the gateway. */
export type CaptureForm =
  /** Bytes as they came over the line. */
  | 'bytes'
  /** A frame a line, in hex. */
  | 'hex'
  /** A frame a line with what its bytes do not carry, as `tagward decode` takes it. */
  | 'envelopes'
  /** A message a line. */
  | 'json'
  /** `topic payload`, as `mosquitto_sub -v` prints. */
  | 'topics'

/** A line as a message, and as a piece of a stream where it may be one. */
export interface CapturedLine {
  readonly message: { readonly bytes: Uint8Array; readonly context: FrameContext }
  readonly stream?: Uint8Array
}

const HEX_LINE = /^(?:0x)?(?:[0-9a-f]{2}[\s:,-]?)+$/i
const ENVELOPE = /^\s*\{.*"frame"\s*:/
const JSON_LINE = /^\s*(?:\{.*\}|\[.*\])\s*$/
const TOPIC_LINE = /^[^\s{}"[\]]*\/[^\s{}"[\]]* [{["\w-]/
/** Share of the lines that must be of a form. */
const MOST = 0.8

/** Tells the form of a capture by its beginning. */
export function captureFormOf(head: Uint8Array): CaptureForm {
  const lines = linesOf(head)
  if (lines.length === 0) return 'bytes'
  const isMostly = (form: RegExp): boolean => lines.filter((line) => form.test(line)).length >= MOST * lines.length
  if (isMostly(HEX_LINE)) return 'hex'
  if (isMostly(ENVELOPE)) return 'envelopes'
  if (isMostly(JSON_LINE)) return 'json'
  return isMostly(TOPIC_LINE) ? 'topics' : 'bytes'
}

/** The whole lines of a beginning; a last one that may be cut counts only when it is alone. */
function linesOf(head: Uint8Array): readonly string[] {
  const lines = new TextDecoder().decode(head).split(/\r?\n/)
  const whole = lines.length > 1 ? lines.slice(0, -1) : lines
  return whole.filter((line) => line.trim() !== '')
}

/** Undefined: it is not of the form. */
export function readCapturedLine(form: Exclude<CaptureForm, 'bytes'>, line: string): CapturedLine | undefined {
  switch (form) {
    case 'topics': {
      const blank = line.indexOf(' ')
      return blank < 0 ? undefined : { message: { bytes: utf8(line.slice(blank + 1)), context: { topic: line.slice(0, blank) } } }
    }
    case 'json':
      return { message: { bytes: utf8(line), context: {} }, stream: withLineEnd(utf8(line)) }
    case 'hex':
      return ofInput(bareHex(line), AS_HEX)
    case 'envelopes':
      return ofInput(line, AS_HEX) ?? ofText(line)
  }
}

function ofInput(line: string, codec: Codec): CapturedLine | undefined {
  const input = readInputLine(codec, line)
  if ('error' in input || input.bytes.length === 0) return undefined
  const isMessage = input.context.topic !== undefined || input.context.address !== undefined
  return isMessage ? { message: input } : { message: input, stream: isText(input.bytes) ? withLineEnd(input.bytes) : input.bytes }
}

/** Messages are taken as they are; in lines of a stream, escapes stand for line ends and bytes. */
function ofText(line: string): CapturedLine | undefined {
  const message = readInputLine(AS_TEXT, line)
  const escaped = readInputLine(AS_LINES, line)
  if ('error' in message || 'error' in escaped) return undefined
  return message.context.topic === undefined ? { message, stream: withLineEnd(escaped.bytes) } : { message }
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const bareHex = (line: string): string => line.replace(/^0x/i, '').replace(/[\s:,-]/g, '')
const isText = (bytes: Uint8Array): boolean => bytes.every((byte) => byte >= 0x20 && byte < 0x7f)

/** A line of a text protocol has its end back. */
function withLineEnd(bytes: Uint8Array): Uint8Array {
  const last = bytes.at(-1)
  return last === 10 || last === 13 ? bytes : Uint8Array.of(...bytes, 13, 10)
}

/** Stand for all protocols that are written alike. */
const ANY = { protocol: 'any', title: 'any', transport: 'serial', idScope: 'system' } as const
const createDecoder: Codec['createDecoder'] = () => ({ decode: () => ({ kind: 'ignored', why: 'nothing is read' }) })
const AS_HEX: Codec = { ...ANY, encoding: 'binary', createDecoder }
const AS_TEXT: Codec = { ...ANY, encoding: 'text', createDecoder }
const AS_LINES: Codec = { ...AS_TEXT, createFramer: () => new LineFramer({ maxLength: 1 }) }
