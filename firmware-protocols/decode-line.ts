import type { Codec, DecodeResult, Decoder, FrameContext } from './codec.ts'
import { parseRfc3339 } from './kit/civil-time.ts'
import { fromHex } from './kit/hex.ts'
import { isJsonObject, type JsonObject } from './kit/json.ts'
import { utf8Bytes } from './kit/text.ts'
import type { Reading } from './reading.ts'
import { CODECS, findCodec } from './registry.ts'

/** What `tagward decode` prints for one input line. */
export type DecodedLine =
  | { readonly readings: readonly Reading[] }
  | { readonly ignored: string }
  | { readonly incomplete: string }
  | { readonly error: string }

export interface ProtocolListing {
  readonly name: string
  readonly transport: string
  readonly title: string
  /** Formats that travel under this one name. */
  readonly formats?: readonly string[]
}

/** `more`: protocols beside those of this program. */
export function listProtocols(more: readonly Codec[] = []): readonly ProtocolListing[] {
  return [...CODECS, ...more].map(({ formats, protocol, title, transport }) => ({
    name: protocol,
    transport,
    title,
    ...(formats === undefined ? {} : { formats })
  }))
}

/**
 * Decodes input lines of one protocol, in order, as frames of one source (so that what the protocol spreads over frames
 * is remembered from line to line). Undefined when there is no such protocol. An input line is
 *
 *   a bare frame:   hex for binary protocols; text for text ones, where `\r`, `\n` and `\xHH` stand for those bytes
 *   an envelope:    {"frame": "…" [, "topic", "address", "characteristic", "name", "key": hex, "fPort", "receivedAt": RFC 3339, "retained"]}
 *
 * A JSON text without a `frame` string is a bare frame, as some protocols have JSON for frames. Never throws. `more`: protocols beside those
 * of this program.
 */
export function createLineDecoder(protocol: string, more: readonly Codec[] = []): ((inputLine: string) => DecodedLine) | undefined {
  const codec = findCodec(protocol) ?? more.find((candidate) => candidate.protocol === protocol)
  if (!codec) return undefined
  const decoder = codec.createDecoder()
  return (inputLine) => {
    const input = readInputLine(codec, inputLine)
    if ('error' in input) return input
    try {
      return decodeFrames(codec, decoder, input.bytes, input.context)
    } catch (error) {
      // Ours do not throw; those of third parties are not ours.
      return { error: defectText(error) }
    }
  }
}

function defectText(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'EXTENSION_DEFECT'
  return `${code}: ${error instanceof Error ? error.message : String(error)}`
}

/** Bytes and context of an input line, or what is wrong with it. */
export function readInputLine(
  codec: Codec,
  inputLine: string
): { readonly bytes: Uint8Array; readonly context: FrameContext } | { readonly error: string } {
  const envelope = parseEnvelope(inputLine)
  const context = envelope === undefined ? {} : frameContext(envelope)
  if (typeof context === 'string') return { error: `FRAME_CONTEXT: ${context}` }
  const bytes = frameBytes(codec, String(envelope?.['frame'] ?? inputLine))
  return bytes === undefined ? { error: 'FRAME_FORMAT: the frame is no hex' } : { bytes, context }
}

function parseEnvelope(inputLine: string): JsonObject | undefined {
  if (!inputLine.trimStart().startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(inputLine)
    return isJsonObject(value) && typeof value['frame'] === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

type ContextDraft = { -readonly [K in keyof FrameContext]: FrameContext[K] }

/** The context of an envelope, or what is wrong with it. */
function frameContext(envelope: JsonObject): FrameContext | string {
  const context: ContextDraft = {}
  for (const name of ['topic', 'address', 'characteristic', 'name', 'key', 'receivedAt'] as const) {
    const value = envelope[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string') return `${name} must be a text`
    const problem = applyText(context, name, value)
    if (problem !== undefined) return problem
  }
  const { fPort, retained } = envelope
  if (typeof fPort === 'number') context.fPort = fPort
  else if (fPort !== undefined && fPort !== null) return 'fPort must be a number'
  if (typeof retained === 'boolean') context.retained = retained
  else if (retained !== undefined && retained !== null) return 'retained must be true or false'
  return context
}

function applyText(
  context: ContextDraft,
  name: 'topic' | 'address' | 'characteristic' | 'name' | 'key' | 'receivedAt',
  value: string
): string | undefined {
  if (name === 'topic' || name === 'name') context[name] = value
  else if (name === 'address') context.address = value.replace(/[\s:-]/g, '').toLowerCase()
  else if (name === 'characteristic') context.characteristic = value.replace(/^0x/i, '').toLowerCase()
  else if (name === 'key') {
    const key = fromHex(value)
    if (!key) return 'key must be hex'
    context.key = key
  } else {
    const receivedAt = parseRfc3339(value)
    if (receivedAt === undefined) return 'receivedAt must be an RFC 3339 time such as 2026-11-20T09:30:00Z'
    context.receivedAt = receivedAt
  }
  return undefined
}

/**
 * Escapes of line protocols. A lone `\n` or `\r` before a colon is left: NMEA TAG blocks begin so (`\n:157036*…\`).
 * Message protocols are left as they are, since their JSON has escapes of its own.
 */
const ESCAPE = /\\r\\n|\\[rn](?!:)|\\x([0-9a-fA-F]{2})/g

function frameBytes(codec: Codec, text: string): Uint8Array | undefined {
  if (codec.encoding === 'binary') return fromHex(text.trim().replace(/^0x/i, ''))
  if (!codec.createFramer) return utf8Bytes(text)
  const parts: Uint8Array[] = []
  let from = 0
  for (const match of text.matchAll(ESCAPE)) {
    parts.push(utf8Bytes(text.slice(from, match.index)), escaped(match[0], match[1]))
    from = match.index + match[0].length
  }
  parts.push(utf8Bytes(text.slice(from)))
  return joined(parts)
}

function escaped(text: string, hex: string | undefined): Uint8Array {
  if (hex !== undefined) return Uint8Array.of(Number.parseInt(hex, 16))
  return utf8Bytes(text.replace('\\r', '\r').replace('\\n', '\n'))
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function decodeFrames(codec: Codec, decoder: Decoder, bytes: Uint8Array, context: FrameContext): DecodedLine {
  if (!codec.createFramer) return asLine([decoder.decode(bytes, context)])
  const framer = codec.createFramer()
  const results: DecodeResult[] = []
  const onFrame = (frame: Uint8Array): void => {
    results.push(decoder.decode(frame, context))
  }
  framer.push(bytes, onFrame)
  framer.flush?.(onFrame)
  if (results.length > 0) return asLine(results)
  const { oversize, discardedBytes, badChecksum } = framer.counters
  if (oversize > 0) return { error: 'FRAME_LENGTH: longer than any frame of the protocol' }
  if (badChecksum > 0) return { error: 'FRAME_CHECKSUM: the checksum does not fit' }
  if (discardedBytes > 0) return { error: 'FRAME_FORMAT: no frame begins in these bytes' }
  return bytes.every((byte) => byte === 10 || byte === 13) ? { ignored: 'empty' } : { incomplete: 'the start of a frame' }
}

/** All readings of the frames; without any, the worst of what was said. */
function asLine(results: readonly DecodeResult[]): DecodedLine {
  const readings = results.flatMap((result) => (result.kind === 'readings' ? result.readings : []))
  if (results.some((result) => result.kind === 'readings')) return { readings }
  for (const result of results) if (result.kind === 'error') return { error: `${result.code}: ${result.why}` }
  for (const result of results) if (result.kind === 'incomplete') return { incomplete: result.why }
  for (const result of results) if (result.kind === 'ignored') return { ignored: result.why }
  return { ignored: 'empty' }
}
