import type { DecodeResult } from '../codec.ts'
import { boundedJson, type Extra, finiteNumber, isJsonObject, type JsonObject, keepRest, snakeCase } from '../kit/json.ts'
import { type Draft, failure, readings } from '../kit/results.ts'
import { type AccelerationReader, putDistance, putPlace, putServiceBits } from './pdoa-measurement.ts'

const ID16 = /^(?:0x)?[0-9A-Fa-f]{4}$/
const ID64 = /^(?:0x)?[0-9A-Fa-f]{16}$/
const TWR_KNOWN = new Set(['a16', 'R', 'T', 'D', 'P', 'Xcm', 'Ycm', 'O', 'V', 'X', 'Y', 'Z', 'Tm', 'Ts'])
const SN_KNOWN = new Set(['a16', 'V', 'X', 'Y', 'Z'])

const damaged = (what: string): DecodeResult => failure('FRAME_FORMAT', `${what}: a field is missing or none of its kind`)

function shortId(value: unknown): string | undefined {
  return typeof value === 'string' && ID16.test(value) ? value.slice(-4).toLowerCase() : undefined
}

/** The numbers of these names; undefined unless all are there. */
function numbersOf(value: JsonObject, ...names: readonly string[]): number[] | undefined {
  const list: number[] = []
  for (const name of names) {
    const number = finiteNumber(value[name])
    if (number === undefined) return undefined
    list.push(number)
  }
  return list
}

/**
 * One ranging of a tag (`json_2pc.c`, `send_to_pc_twr`):
 *
 *   {"TWR": {"a16":"<tag hex 4>","R":<range number u8>,"T":<node's µs>[,"Tm":<°C>[,"Ts":<°C>]],"D":<cm>,"P":<raw PDoA>
 *     [,"P'":<raw>][,"Xcm":<cm>,"Ycm":<cm>],"O":<clock offset, 0.01 ppm>,"V":<service bits>,"X":<mg>,"Y":<mg>,"Z":<mg>}}
 */
function readTwr(twr: JsonObject, accelerations: AccelerationReader): DecodeResult {
  const tag = shortId(twr['a16'])
  const main = numbersOf(twr, 'R', 'D')
  if (tag === undefined || main === undefined) return damaged('TWR')
  const [rangeNum = 0, distanceCm = 0] = main
  const extra: Extra = { kind: 'twr', range_num: rangeNum }
  const draft: Draft = { tag, sequence: rangeNum }
  const problem = putDistance(distanceCm, draft, extra)
  if (problem !== undefined) return problem
  const place = numbersOf(twr, 'Xcm', 'Ycm')
  const far = place === undefined ? undefined : putPlace(place[0] ?? 0, place[1] ?? 0, draft)
  if (far !== undefined) return far
  const bits = finiteNumber(twr['V'])
  if (bits !== undefined) putServiceBits(bits, draft, extra)
  const acceleration = numbersOf(twr, 'X', 'Y', 'Z')
  if (acceleration !== undefined) accelerations.put(tag, acceleration, draft, extra)
  for (const [name, key, divisor] of TWR_FIELDS) {
    const value = finiteNumber(twr[name])
    if (value !== undefined) extra[key] = value / divisor
  }
  keepRest(twr, TWR_KNOWN, extra)
  draft.extra = extra
  return readings(draft)
}

const TWR_FIELDS: readonly (readonly [name: string, key: string, divisor: number])[] = [
  ['T', 'node_time_s', 1e6],
  ['P', 'pdoa_raw', 1],
  ['O', 'clock_offset_ppm', 100],
  ['Tm', 'master_temperature_degC', 1],
  ['Ts', 'slave_temperature_degC', 1]
]

/** The node's own sensor: `{"SN": {"a16":"<node hex 4>","V":<service bits>,"X":<mg>,"Y":<mg>,"Z":<mg>}}` */
function readService(service: JsonObject, accelerations: AccelerationReader): DecodeResult {
  const device = shortId(service['a16'])
  const bits = finiteNumber(service['V'])
  const acceleration = numbersOf(service, 'X', 'Y', 'Z')
  if (device === undefined || bits === undefined || acceleration === undefined) return damaged('SN')
  const extra: Extra = { kind: 'service' }
  const draft: Draft = { device }
  putServiceBits(bits, draft, extra)
  accelerations.put(device, acceleration, draft, extra)
  keepRest(service, SN_KNOWN, extra)
  draft.extra = extra
  return readings(draft)
}

/** What a listener overheard: `{"LSTN":[<bare hex bytes>],"TS":"0x<hex>","O":<0.01 ppm>}`. */
function readListened(value: JsonObject): DecodeResult {
  const extra: Extra = { kind: 'listener', payload_hex: String(value['LSTN']) }
  const offset = finiteNumber(value['O'])
  if (offset !== undefined) extra['clock_offset_ppm'] = offset / 100
  keepRest(value, new Set(['LSTN', 'O']), extra)
  return readings({ extra })
}

/** A tag that is not known yet, or was added or removed: `{"<name>":"<EUI-64>"}`, or an object with more. */
function readTagNews(name: string, value: unknown): DecodeResult {
  const extra: Extra = { kind: snakeCase(name) }
  if (typeof value === 'string' && ID64.test(value)) {
    extra['tag_eui64'] = value.slice(-16).toUpperCase()
    return readings({ extra })
  }
  if (!isJsonObject(value)) return damaged(name)
  const { a64, a16 } = value
  if (typeof a64 === 'string' && ID64.test(a64)) extra['tag_eui64'] = a64.slice(-16).toUpperCase()
  const id = shortId(a16)
  if (id !== undefined) extra['tag_id'] = id.toUpperCase()
  keepRest(value, new Set(['a64', 'a16']), extra)
  return readings({ extra })
}

/** `{"<name>": …}`: one object a frame. */
export function readMessage(value: JsonObject, accelerations: AccelerationReader): DecodeResult {
  if (typeof value['LSTN'] === 'string') return readListened(value)
  const [name, ...others] = Object.keys(value)
  if (name === undefined || others.length > 0) return failure('FRAME_FORMAT', 'not one object')
  const content = value[name]
  if (name === 'TWR') return isJsonObject(content) ? readTwr(content, accelerations) : damaged(name)
  if (name === 'SN') return isJsonObject(content) ? readService(content, accelerations) : damaged(name)
  if (name === 'NewTag' || name === 'TagAdded' || name === 'TagDeleted') return readTagNews(name, content)
  const extra: Extra = { kind: snakeCase(name) || 'answer' }
  if (isJsonObject(content)) keepRest(content, new Set(), extra)
  else extra['value'] = boundedJson(content)
  return readings({ extra })
}
