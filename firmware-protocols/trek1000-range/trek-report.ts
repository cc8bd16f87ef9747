/** One report line as it stands on the wire, before any judgement. */
export interface TrekReport {
  /** `c`, `r` or `a`. */
  readonly kind: 'c' | 'r' | 'a'
  readonly mask: number
  /** Millimetres as printed, 0 to 2^32 - 1; 4 or 8 of them. */
  readonly slots: readonly number[]
  readonly rangeCount: number
  readonly seq: number
  readonly debug: number
  readonly reporter: 'a' | 't'
  readonly tag: number
  readonly anchor: number
  /** Only from HaoruTech firmware. */
  readonly diagnostic?: number
}

const SPACE = 32
const COLON = 58
const MAX_ID_DIGITS = 5

/** The value of a hex digit, -1 for every other byte. */
const DIGITS = new Int8Array(256).fill(-1)
for (let value = 0; value < 16; value++) {
  DIGITS[value.toString(16).charCodeAt(0)] = value
  DIGITS[value.toString(16).toUpperCase().charCodeAt(0)] = value
}

/** Exactly `digits` hex digits at `at`; -1 where they are not there. */
function hex(line: Uint8Array, at: number, digits: number): number {
  let value = 0
  for (let i = at; i < at + digits; i++) {
    const digit = DIGITS[line[i] ?? 0] ?? -1
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return value
}

/** How many bytes there are from `at` to the next blank or the end. */
function width(line: Uint8Array, at: number): number {
  let end = at
  while (end < line.length && (line[end] ?? 0) > SPACE) end++
  return end - at
}

/** A decimal of `from..to`; -1 where it is none or longer than any id. */
function decimal(line: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > MAX_ID_DIGITS) return -1
  let value = 0
  for (let i = from; i < to; i++) {
    const digit = (line[i] ?? 0) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/** The ranges from `at` on, each with the blank behind it; undefined unless they are four or eight. */
function readSlots(line: Uint8Array, from: number): number[] | undefined {
  const slots: number[] = []
  for (let at = from; width(line, at) === 8; at += 9) {
    const range = hex(line, at, 8)
    if (range < 0 || slots.length === 8) return undefined
    slots.push(range)
  }
  return slots.length === 4 || slots.length === 8 ? slots : undefined
}

const KINDS: Readonly<Record<number, 'c' | 'r' | 'a'>> = { 99: 'c', 114: 'r', 97: 'a' }
const REPORTERS: Readonly<Record<number, 'a' | 't'>> = { 97: 'a', 116: 't' }

/**
 * TREK1000 user manual 8.1.1, with what clones make of it:
 *
 *   m<c|r|a> <mask 2> { <range 8> }4|8 <range count 4> <seq 2> <debug 1..8> <a|t><tag>:<anchor> [ <diagnostic 4>]
 *
 * Hex digits of exactly these numbers, but tag and anchor are decimal; one blank between fields. There is no checksum, so
 * widths are all there is to tell a line that lost bytes. Undefined: it is none, or damaged.
 */
export function readReport(line: Uint8Array): TrekReport | undefined {
  const kind = KINDS[line[1] ?? 0]
  if (kind === undefined || line[0] !== 0x6d || line[2] !== SPACE || line[5] !== SPACE) return undefined
  const mask = hex(line, 3, 2)
  const slots = readSlots(line, 6)
  if (mask < 0 || slots === undefined) return undefined
  let at = 6 + 9 * slots.length
  const rangeCount = width(line, at) === 4 ? hex(line, at, 4) : -1
  const seq = width(line, at + 5) === 2 ? hex(line, at + 5, 2) : -1
  at += 8
  const debugDigits = width(line, at)
  const debug = debugDigits > 0 && debugDigits <= 8 ? hex(line, at, debugDigits) : -1
  at += debugDigits + 1
  if (rangeCount < 0 || seq < 0 || debug < 0) return undefined
  const reporter = REPORTERS[line[at] ?? 0]
  const end = at + width(line, at)
  const colon = line.indexOf(COLON, at)
  const tag = decimal(line, at + 1, colon)
  const anchor = decimal(line, colon + 1, end)
  if (reporter === undefined || colon < 0 || colon > end || tag < 0 || anchor < 0) return undefined
  const head = { kind, mask, slots, rangeCount, seq, debug, reporter, tag, anchor }
  if (end === line.length) return head
  const diagnostic = line.length === end + 5 ? hex(line, end + 1, 4) : -1
  return diagnostic < 0 ? undefined : { ...head, diagnostic }
}
