import type { CommandEncoder, EncodeContext, EncodedCommand, TagCommand } from '../codec.ts'
import { ByteWriter } from '../kit/byte-writer.ts'
import { fromHex } from '../kit/hex.ts'
import { utf8Bytes } from '../kit/text.ts'
import { FIELD } from './helmet-fields.ts'
import { sealMessage, TYPE_COMMAND } from './helmet-message.ts'
import { type HelmetSettings, keysOf } from './helmet-settings.ts'

type Payload = Readonly<Record<string, unknown>>

const PATTERNS: { readonly [name: string]: number } = { steady: 0, pulses: 1, alarm: 2, gentle: 3 }
const COLORS: { readonly [name: string]: number } = {
  off: 0,
  red: 0xff0000,
  green: 0x00ff00,
  blue: 0x0000ff,
  yellow: 0xffff00,
  white: 0xffffff
}
const DEFAULT_SECONDS = 5
const DEFAULT_VOLUME_PCT = 100
const MAX_TENTHS = 0xffff
const MAX_TEXT_BYTES = 160
const MAX_RAW_BYTES = 200

function wholeIn(value: unknown, max: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max ? value : undefined
}

function patternOf({ pattern = 'alarm' }: Payload): number | undefined {
  return typeof pattern === 'string' && Object.hasOwn(PATTERNS, pattern) ? PATTERNS[pattern] : wholeIn(pattern, 255)
}

function tenthsOf({ seconds = DEFAULT_SECONDS }: Payload): number | undefined {
  return typeof seconds === 'number' ? wholeIn(Math.round(seconds * 10), MAX_TENTHS) : undefined
}

/** 0xRRGGBB. */
function colorOf({ color = 'red' }: Payload): number | undefined {
  if (typeof color !== 'string') return undefined
  if (Object.hasOwn(COLORS, color)) return COLORS[color]
  return /^#[0-9a-fA-F]{6}$/.test(color) ? Number.parseInt(color.slice(1), 16) : undefined
}

type Action = readonly [number, Uint8Array]

/** Type, and value of the field that says what to do; undefined: it cannot be said. */
function actionOf({ kind, payload = {} }: TagCommand): Action | undefined {
  switch (kind) {
    case 'vibrate':
    case 'led':
    case 'sound':
      return sensedAction(kind, payload)
    case 'text': {
      const text = typeof payload['text'] === 'string' ? utf8Bytes(payload['text']) : undefined
      return text === undefined || text.length > MAX_TEXT_BYTES ? undefined : [FIELD.text, text]
    }
    case 'sos-received':
      return [FIELD.sosReceived, new Uint8Array(0)]
    case 'raw': {
      const bytes = typeof payload['hex'] === 'string' ? fromHex(payload['hex']) : undefined
      return bytes === undefined || bytes.length > MAX_RAW_BYTES ? undefined : [FIELD.raw, bytes]
    }
    case 'switch':
      return undefined
  }
}

/** What is felt, seen or heard: it has a pattern and a duration. */
function sensedAction(kind: 'vibrate' | 'led' | 'sound', payload: Payload): Action | undefined {
  const pattern = patternOf(payload)
  const tenths = tenthsOf(payload)
  if (pattern === undefined || tenths === undefined) return undefined
  if (kind === 'vibrate') return [FIELD.vibrate, new ByteWriter().u8(pattern).u16(tenths).done()]
  if (kind === 'led') {
    const color = colorOf(payload)
    const shown = color === undefined ? undefined : new ByteWriter().bytes([color >> 16, color >> 8, color])
    return shown === undefined ? undefined : [FIELD.led, shown.u8(pattern).u16(tenths).done()]
  }
  const volumePct = wholeIn(payload['volumePct'] ?? DEFAULT_VOLUME_PCT, 100)
  return volumePct === undefined ? undefined : [FIELD.sound, new ByteWriter().u8(pattern).u8(volumePct).u16(tenths).done()]
}

/** Multiplier of Knuth's hash: command ids of two seconds are far apart, so that a late answer fits nothing. */
const SPREAD = 0x9e3779b1

/** Seals commands (SPECIFICATION.md, sections 2 and 5). Boot counter and sequence are the time, which never goes back here. */
export function createCommandEncoder(settings: HelmetSettings): CommandEncoder {
  const keys = keysOf(settings)
  let boot = 0
  let sequence = -1
  const count = (sentAt: number): void => {
    const second = Math.floor(sentAt / 1000) >>> 0
    const within = Math.floor(sentAt % 1000) * 1000
    const isLater = second > boot || (second === boot && within > sequence)
    boot = Math.max(boot, second)
    sequence = isLater ? within : sequence + 1
  }
  return {
    encode(target: string, command: TagCommand, context: EncodeContext = {}): EncodedCommand | undefined {
      const tag = /^[0-9a-f]{16}$/.test(target) ? fromHex(target) : undefined
      const action = actionOf(command)
      const key = keys.get(target)
      if (tag === undefined || action === undefined || (key === undefined && settings.requireMac === true)) return undefined
      count(context.sentAt ?? 0)
      const [type, value] = action
      const id = (Math.imul(boot, SPREAD) + sequence) >>> 0
      const fields = new ByteWriter().u8(FIELD.commandId).u8(4).u32(id).u8(type).u8(value.length).bytes(value).done()
      const bytes = sealMessage({ type: TYPE_COMMAND, tag, boot, sequence, fields, key })
      return { bytes, topic: `${settings.topicPrefix}/${target}/down`, answerId: String(id) }
    }
  }
}
