import type { DecodeResult } from '../codec.ts'
import type { Extra } from '../kit/json.ts'
import { type Draft, failure, readings } from '../kit/results.ts'
import { putSlots, type Slots } from './slot-ranges.ts'

const RANGE_LINE = /^(?:AT\+RANGE=tid:(\d{1,5})|T(\d{1,5})),(.*)$/
/** `name:value` or `name:(list)`. */
const FIELD = /^([a-z]{2,12}):(?:\(([-0-9., ]{1,240})\)|([-0-9A-Fa-f.]{1,12}))(?:, ?|$)/
const INTEGER = /^-?\d{1,7}$/
const DECIMAL = /^-?\d{1,4}(?:\.\d{1,4})?$/
const MAX_SLOTS = 8
const LISTS = new Set(['range', 'rssi', 'ancid'])
const KNOWN = new Set(['mask', 'seq', ...LISTS])

const damaged = failure('FRAME_FORMAT', 'AT+RANGE: damaged or unknown')

export function isRangeLine(line: string): boolean {
  return line.startsWith('AT+RANGE=') || /^T\d{1,5},mask:/.test(line)
}

function listOf(text: string, form: RegExp): number[] | undefined {
  const parts = text.split(',').map((part) => part.trim())
  return parts.length <= MAX_SLOTS && parts.every((part) => form.test(part)) ? parts.map(Number) : undefined
}

/** The fields by name; undefined where anything is damaged or comes twice. A list of another name is a damaged name. */
function fieldsOf(text: string): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>()
  for (let rest = text; rest !== ''; ) {
    const match = FIELD.exec(rest)
    const [whole = '', name = '', list, value = ''] = match ?? []
    if (match === null || fields.has(name) || (list !== undefined) !== LISTS.has(name)) return undefined
    fields.set(name, list ?? value)
    rest = rest.slice(whole.length)
  }
  return fields
}

/** The slots that the fields tell; undefined where one of them cannot be right. */
function slotsOf(fields: ReadonlyMap<string, string>): (Slots & { readonly mask: number }) | undefined {
  const mask = fields.get('mask')
  const range = fields.get('range')
  const rssiText = fields.get('rssi')
  const idText = fields.get('ancid')
  const rangesCm = range === undefined ? undefined : listOf(range, INTEGER)
  if (mask === undefined || !/^[0-9A-Fa-f]{1,2}$/.test(mask) || rangesCm === undefined) return undefined
  const rssi = rssiText === undefined ? undefined : listOf(rssiText, DECIMAL)
  const anchorIds = idText === undefined ? undefined : listOf(idText, INTEGER)
  if (rssiText !== undefined && rssi?.length !== rangesCm.length) return undefined
  if (idText !== undefined && anchorIds?.length !== rangesCm.length) return undefined
  return { mask: Number.parseInt(mask, 16), rangesCm, rssi, anchorIds }
}

/**
 * One round of ranging (AT command manual 3.15):
 *
 *   AT+RANGE=tid:<n>,mask:<hex 2>,seq:<0..255>,range:(<cm>, …8)[,rssi:(<dBm>, …8)][,ancid:(<n or -1>, …8)]
 *
 * `rssi` up to about firmware 1.1.2, `ancid` from then on: it says which anchor a slot is. Some builds print `T<n>,mask:<hex 1>,…` with as
 * many slots as there are anchors. Lists must be of one length.
 */
export function readRangeLine(line: string): DecodeResult {
  const match = RANGE_LINE.exec(line)
  const fields = match === null ? undefined : fieldsOf(match[3] ?? '')
  const slots = fields === undefined ? undefined : slotsOf(fields)
  const seq = fields?.get('seq')
  if (match === null || fields === undefined || slots === undefined) return damaged
  if (seq !== undefined && !/^\d{1,5}$/.test(seq)) return damaged
  const tag = Number(match[1] ?? match[2])
  const extra: Extra = { kind: 'range', tag_id: tag, mask: slots.mask }
  const draft: Draft = { tag: String(tag) }
  if (seq !== undefined) {
    extra['seq'] = Number(seq)
    draft.sequence = Number(seq)
  }
  for (const [name, value] of fields) if (!KNOWN.has(name)) extra[name] = DECIMAL.test(value) ? Number(value) : value
  const far = putSlots(slots, draft, extra)
  if (far !== undefined) return far
  draft.extra = extra
  return readings(draft)
}
