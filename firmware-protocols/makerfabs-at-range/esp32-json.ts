import type { DecodeResult } from '../codec.ts'
import { type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest } from '../kit/json.ts'
import { type Draft, failure, readings } from '../kit/results.ts'
import type { Range } from '../reading.ts'
import { putSlots } from './slot-ranges.ts'

const MAX_SLOTS = 8
const MAX_LINKS = 64
const MAX_M = 10_000
const LINKS_KNOWN = new Set(['links'])
const RANGE_KNOWN = new Set(['id', 'range', 'rssi', 'ancid', 'mask', 'seq'])

const damaged = failure('FRAME_FORMAT', 'JSON without ranges, or with damaged ones')

/**
 * What example sketches send on, a JSON object a datagram or line. `address`: of the sender, for links without the tag's id.
 */
export function readForwarded(value: JsonObject, address: string | undefined): DecodeResult {
  return Array.isArray(value['links']) ? readLinks(value, value['links'], address) : readRange(value)
}

/**
 * DW1000 boards (`link.cpp`): metres as a text with one decimal, anchors by their short hex address.
 *
 *   {"links":[{"A":"1782","R":"0.6"}, …]}
 */
function readLinks(value: JsonObject, links: readonly unknown[], address: string | undefined): DecodeResult {
  if (links.length > MAX_LINKS) return damaged
  const ranges: Range[] = []
  for (const link of links) {
    const anchor = isJsonObject(link) ? link['A'] : undefined
    const rangeM = isJsonObject(link) ? finiteNumber(link['R']) : undefined
    if (typeof anchor !== 'string' || !/^[0-9A-Za-z]{1,16}$/.test(anchor)) return damaged
    // Without a number there is no range to this anchor; 0 and below is a failed one.
    if (rangeM === undefined || rangeM <= 0) continue
    if (rangeM > MAX_M) return failure('VALUE_RANGE', 'a range of more than 10 km')
    const rssiDbm = isJsonObject(link) ? finiteNumber(link['P']) : undefined
    ranges.push(
      rssiDbm === undefined || rssiDbm >= 0 ? { anchor: anchor.toLowerCase(), rangeM } : { anchor: anchor.toLowerCase(), rangeM, rssiDbm }
    )
  }
  const extra: Extra = { kind: 'range' }
  keepRest(value, LINKS_KNOWN, extra)
  const draft: Draft = { ranges, extra }
  if (address !== undefined) draft.tag = address
  return readings(draft)
}

function numberList(value: unknown): number[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_SLOTS) return undefined
  const list: number[] = []
  for (const item of value) {
    const number = finiteNumber(item)
    if (number === undefined) return undefined
    list.push(number)
  }
  return list
}

/**
 * DW3000 boards (`get_range.ino`): centimetres by slot.
 *
 *   {"id":<tag>,"range":[<cm>, …8][,"rssi":[<dBm>, …8]][,"ancid":[<n or -1>, …8]]}
 */
function readRange(value: JsonObject): DecodeResult {
  const id = finiteNumber(value['id'])
  const rangesCm = numberList(value['range'])
  if (id === undefined || !Number.isInteger(id) || id < 0 || rangesCm === undefined) return damaged
  const rssi = value['rssi'] === undefined ? undefined : numberList(value['rssi'])
  const anchorIds = value['ancid'] === undefined ? undefined : numberList(value['ancid'])
  if (value['rssi'] !== undefined && rssi?.length !== rangesCm.length) return damaged
  if (value['ancid'] !== undefined && anchorIds?.length !== rangesCm.length) return damaged
  const extra: Extra = { kind: 'range', tag_id: id }
  const draft: Draft = { tag: String(id) }
  const seq = finiteNumber(value['seq'])
  if (seq !== undefined) {
    extra['seq'] = seq
    draft.sequence = seq
  }
  const problem = putSlots({ rangesCm, rssi, anchorIds }, draft, extra)
  if (problem !== undefined) return problem
  keepRest(value, RANGE_KNOWN, extra)
  draft.extra = extra
  return readings(draft)
}
