import { BinaryFramer, NEED_MORE, NO_START } from '../kit/binary-framer.ts'

/** Lists of tags are the longest objects; a length beyond this is a false one. */
export const MAX_JSON_BYTES = 2048
export const HEAD_BYTES = 6
const J = 0x4a
const S = 0x53
const OPEN = 0x7b
const CLOSE = 0x7d

/**
 * Plain forms, which the node prints when its report level is raised (`json_2pc.c` of the node's firmware): `h` stands for an
 * upper-case hex digit, everything else for itself.
 */
const PLAIN_FORMS = ['RAhhhh hh hhhhhhhh hhhhhhhh hhhhhhhh h X:hhhh Y:hhhh Z:hhhh', 'ARhhhhhhhhhhhhhhhhhhhhhh', 'SNh hhhhhhhhhhhh'] as const

/**
 * Cuts `JS<length 4>{…}` by its length, which is hex, padded with zeros or blanks, and counts the object alone; and the plain
 * forms by their widths. A length is believed only if the object ends with it and has no line end inside. So a wrong length costs no more than its own object.
 */
export class PdoaFramer extends BinaryFramer {
  constructor() {
    super({ maxLength: HEAD_BYTES + MAX_JSON_BYTES, measure })
  }
}

function measure(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] === J) return measureJson(bytes, from, to)
  for (const form of PLAIN_FORMS) {
    const length = measureForm(form, bytes, from, to)
    if (length !== NO_START) return length
  }
  return NO_START
}

function measureJson(bytes: Uint8Array, from: number, to: number): number {
  if (!canBeHead(bytes, from, to)) return NO_START
  if (to - from < HEAD_BYTES) return NEED_MORE
  const length = lengthOf(bytes, from + 2)
  // Too long: the framer counts it as such.
  if (length > MAX_JSON_BYTES) return HEAD_BYTES + length
  if (length < 2) return NO_START
  if (to - from === HEAD_BYTES) return NEED_MORE
  const end = from + HEAD_BYTES + length
  const closes = closingBrace(bytes, from + HEAD_BYTES, Math.min(to, end))
  if (closes === NO_START || (closes > 0 && closes !== end - 1)) return NO_START
  return closes === NEED_MORE && to >= end ? NO_START : end - from
}

/** `JS` and four hex digits, or blanks before them; as far as they are there. */
function canBeHead(bytes: Uint8Array, from: number, to: number): boolean {
  if (from + 1 < to && bytes[from + 1] !== S) return false
  for (let at = from + 2; at < to && at < from + HEAD_BYTES; at++) {
    const byte = bytes[at] ?? 0
    const isPad = byte === 0x20 && at < from + HEAD_BYTES - 1 && (at === from + 2 || bytes[at - 1] === 0x20)
    if (!isPad && hexDigit(byte) < 0) return false
  }
  return true
}

/** Where the object that must begin at `from` ends; `NEED_MORE`: not before `to`; `NO_START`: it is none. */
function closingBrace(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] !== OPEN) return NO_START
  let depth = 0
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0
    if (byte < 0x20 || byte > 0x7e) return NO_START
    if (byte === OPEN) depth++
    else if (byte === CLOSE) depth--
    if (depth === 0) return at
  }
  return NEED_MORE
}

/** The value of an upper- or lower-case hex digit, -1 for others. */
export function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  if (byte >= 65 && byte <= 70) return byte - 55
  return byte >= 97 && byte <= 102 ? byte - 87 : -1
}

/** Four hex digits, blanks before them allowed. */
function lengthOf(bytes: Uint8Array, from: number): number {
  let value = 0
  for (let at = from; at < from + 4; at++) {
    const digit = hexDigit(bytes[at] ?? 0)
    if (digit >= 0) value = value * 16 + digit
  }
  return value
}

function measureForm(form: string, bytes: Uint8Array, from: number, to: number): number {
  const present = Math.min(form.length, to - from)
  for (let i = 0; i < present; i++) {
    const byte = bytes[from + i] ?? 0
    const sign = form.charCodeAt(i)
    if (sign === 0x68 ? hexDigit(byte) < 0 || byte > 70 : byte !== sign) return NO_START
  }
  return present < form.length ? NEED_MORE : form.length
}
