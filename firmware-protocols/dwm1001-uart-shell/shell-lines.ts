import type { DecodeResult } from '../codec.ts'
import type { AsciiCursor } from '../kit/ascii-cursor.ts'
import { type Extra, finiteNumber, isJsonObject, keepRest, parseLooseJson } from '../kit/json.ts'
import { isPansFix, localPosition } from '../kit/local-position.ts'
import { type Draft, failure, readings } from '../kit/results.ts'
import type { LocalPosition, Range, Reading } from '../reading.ts'

/** Tag ids are 4 hex digits in Qorvo's firmware; derived firmware prints names. */
const MAX_ID_LENGTH = 16
const ID_SIGNS = '-_'

const DAMAGED = 'a damaged or unknown line (coordinates are metres with a decimal point)'
const damaged = (kind: string): DecodeResult => failure('FRAME_FORMAT', `${kind}: ${DAMAGED}`)

/** `x,y,z` in metres. A NaN among them makes it no position. */
function coordinates(line: AsciiCursor): LocalPosition | undefined {
  const x = line.decimal()
  line.require(',')
  const y = line.decimal()
  line.require(',')
  const z = line.decimal()
  return Number.isFinite(x) && Number.isFinite(y) && Number.isFinite(z) ? { x, y, z } : undefined
}

/** `x,y,z,quality` into the draft. */
function fix(line: AsciiCursor, draft: Draft): void {
  const position = coordinates(line)
  line.require(',')
  const quality = line.integer()
  if (quality > 100) line.failed = true
  if (position) draft.position = position
  draft.quality = quality
  if (!isPansFix(position, quality)) draft.usable = false
}

/**
 * Own position (`lep`), or on a listener that of another tag (`lec`, API guide 5.19, on a passive node):
 *
 *   POS,<x>,<y>,<z>,<quality>
 *   POS,<index>,<tag id>,<x>,<y>,<z>,<quality>[,[x]<hex>]
 *
 * The second field tells them apart: coordinates have a decimal point, the index has none.
 */
export function readPos(line: AsciiCursor, isListener: boolean): DecodeResult {
  const draft: Draft = {}
  if (isListener) {
    const extra: Extra = { kind: 'listener_position', index: line.integer() }
    line.require(',')
    draft.tag = line.word(MAX_ID_LENGTH, ID_SIGNS)
    line.require(',')
    fix(line, draft)
    if (line.skip(',')) trailing(line, extra)
    draft.extra = extra
  } else {
    fix(line, draft)
    draft.extra = { kind: 'lep' }
  }
  return line.failed || !line.atEnd ? damaged('POS') : readings(draft)
}

/** The last field of listener lines; its meaning is not published. */
function trailing(line: AsciiCursor, extra: Extra): void {
  line.skip('x')
  extra['trailing_hex'] = line.word(8)
}

/**
 * `lec` (API guide 5.19):
 *
 *   DIST,<n>{,AN<i>,<id>,<x>,<y>,<z>,<range>}[,POS,<x>,<y>,<z>,<quality>]      n records, i = 0 … n-1
 *
 * Everything must be there: a line that lost bytes could otherwise pair one anchor with another's range.
 */
export function readDist(line: AsciiCursor): DecodeResult {
  const draft: Draft = { extra: { kind: 'lec' } }
  const count = line.integer()
  const ranges: Range[] = []
  for (let index = 0; index < count && !line.failed; index++) {
    line.require(',AN')
    if (line.integer() !== index) line.failed = true
    line.require(',')
    const anchor = line.word(MAX_ID_LENGTH, ID_SIGNS)
    line.require(',')
    const anchorPosition = coordinates(line)
    line.require(',')
    addRange(line, ranges, anchor, anchorPosition)
  }
  draft.ranges = ranges
  if (line.skip(',POS,')) fix(line, draft)
  return line.failed || !line.atEnd ? damaged('DIST') : readings(draft)
}

function addRange(line: AsciiCursor, ranges: Range[], anchor: string, anchorPosition: LocalPosition | undefined): void {
  const rangeM = line.decimal()
  if (rangeM < 0) line.failed = true
  if (Number.isNaN(rangeM)) return
  ranges.push(anchorPosition ? { anchor, rangeM, anchorPosition } : { anchor, rangeM })
}

/**
 * `les` (API guide 5.18):
 *
 *   <id>[<x>,<y>,<z>]=<range> … [le_us=<µs>] [est[<x>,<y>,<z>,<quality>]]       id: 4 hex digits
 *
 * There is no count, so a line whose start was lost shows by its first id.
 */
export function readLes(line: AsciiCursor): DecodeResult {
  const extra: Extra = { kind: 'les' }
  const draft: Draft = {}
  const ranges: Range[] = []
  while (!line.atEnd && !line.failed) {
    if (line.skip('le_us=')) extra['location_engine_s'] = line.integer() / 1e6
    else if (line.skip('est[')) {
      fix(line, draft)
      line.require(']')
      if (!line.atEnd || ranges.length === 0) line.failed = true
    } else {
      const anchor = line.word(4)
      if (!/^[0-9a-f]{4}$/.test(anchor)) line.failed = true
      line.require('[')
      const anchorPosition = coordinates(line)
      line.require(']=')
      addRange(line, ranges, anchor, anchorPosition)
    }
    if (!line.atEnd) line.require(' ')
    line.skipBlanks()
  }
  if (line.failed || ranges.length === 0) return damaged('les')
  draft.ranges = ranges
  draft.extra = extra
  return readings(draft)
}

/**
 * `les` on a listener, one or more tags a line:
 *
 *   <index>) <tag id>[<x>,<y>,<z>,<quality>[,[x]<hex>]]
 */
export function readListenerLes(line: AsciiCursor): DecodeResult {
  const list: Reading[] = []
  while (!line.atEnd && !line.failed) {
    const draft: Draft = {}
    const extra: Extra = { kind: 'listener_position', index: line.integer() }
    line.require(')')
    line.skipBlanks()
    draft.tag = line.word(MAX_ID_LENGTH, ID_SIGNS)
    line.require('[')
    fix(line, draft)
    if (line.skip(',')) trailing(line, extra)
    line.require(']')
    draft.extra = extra
    list.push(draft)
    line.skipBlanks()
  }
  return line.failed ? damaged('les of a listener') : readings(...list)
}

const LEJ_KNOWN = new Set(['position', 'superFrameNumber'])

/** `lej` (LEAPS): `{"position":{"x","y","z","quality"},"superFrameNumber":n}`, one object a line. */
export function readLej(text: string): DecodeResult {
  const value = parseLooseJson(text)
  const reported = isJsonObject(value) ? value['position'] : undefined
  if (!isJsonObject(value) || !isJsonObject(reported)) return damaged('lej')
  const draft: Draft = {}
  const position = localPosition(reported)
  const quality = finiteNumber(reported['quality'])
  if (quality === undefined || quality < 0 || quality > 100) return damaged('lej')
  if (position) draft.position = position
  draft.quality = quality
  if (!isPansFix(position, quality)) draft.usable = false
  const extra: Extra = { kind: 'lej' }
  const superframe = finiteNumber(value['superFrameNumber'])
  if (superframe !== undefined) extra['superframe'] = superframe
  keepRest(value, LEJ_KNOWN, extra)
  draft.extra = extra
  return readings(draft)
}
