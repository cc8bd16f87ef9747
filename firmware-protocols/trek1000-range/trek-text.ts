import type { DecodeResult } from '../codec.ts'
import { type Extra, snakeCase } from '../kit/json.ts'
import { type Draft, failure, ignored, readings } from '../kit/results.ts'
import type { Json, LocalPosition, Range, Signal } from '../reading.ts'

const NUMBER = '-?\\d{1,7}\\.\\d{1,6}'
const OPTIONAL_NUMBER = new RegExp(`^(?:${NUMBER}|null|-?nan|-?inf)$`, 'i')
/** `$KT0, 1.69, 2.93, NULL, LO = [-2.45, 5.44, 1.43]`, with or without the blanks. */
const SELF_REPORT = /^\$(N?K)T(\d{1,5}) ?((?:, ?[-\w.]{1,16} ?){1,8})(?:, ?LO ?= ?\[([^\]]{0,60})\])?$/
const RANGE_ERROR = /^\$RANGE_ERROR((?:,[A-Za-z]{1,16}=[0-9A-Fa-f]{1,10}){1,8})$/
const USER_DATA = /^T(\d{1,5}) = ((?:[0-9A-Fa-f]{2},){1,31}[0-9A-Fa-f]{2})$/
const SETTING = /^\* ([A-Za-z][A-Za-z0-9_ ]{0,31}) = ([ -~]{1,64})$/
const ANCHORS = /^\* (?:A\d\((?:-?\d+\.\d+(?:, )?){3}\) ?)+$/
const ANCHOR = /A(\d)\((-?\d+\.\d+), (-?\d+\.\d+), (-?\d+\.\d+)\)/g
const ANSWER = /^(?:\$(setok)|(ant_dly) = (\d{1,6}))$/
const COUNTERS = /^me((?: [0-9A-Fa-f]{4}){10})$/
const BANNER = /^\*{3,}[A-Z ]*\*{3,}$/
/** Smaller ranges are failed ones. */
const FAILED_BELOW_M = 0.002
const MAX_M = 10_000

const damaged = (what: string): DecodeResult => failure('FRAME_FORMAT', `${what}: damaged or unknown`)

/** Numbers of a list of texts, NaN where one is not told; undefined where one is no number. */
function numbers(fields: readonly string[]): number[] | undefined {
  const list: number[] = []
  for (const field of fields) {
    if (!OPTIONAL_NUMBER.test(field)) return undefined
    list.push(/\d/.test(field) ? Number(field) : Number.NaN)
  }
  return list
}

const isFar = (value: number): boolean => Math.abs(value) > MAX_M

/** Ranges by slot into the reading, or into `extra.ranges` where the same are told elsewhere. */
function putRanges(distances: readonly number[], draft: Draft, extra: Extra, isDouble: boolean): void {
  const ranges: Range[] = []
  const failed: Json[] = []
  const sent: Json[] = []
  for (const [index, distance_m] of distances.entries()) {
    if (Number.isNaN(distance_m)) continue
    sent.push({ index, distance_m })
    if (distance_m < FAILED_BELOW_M) failed.push({ index, distance_m })
    else ranges.push({ anchor: String(index), rangeM: distance_m })
  }
  if (isDouble) {
    extra['ranges'] = sent
    return
  }
  draft.ranges = ranges
  if (failed.length > 0) extra['failed_ranges'] = failed
}

/**
 * What a HaoruTech tag says of itself:
 *
 *   $<K|NK>T<tag>{,<metres, or NULL>}1..8[,LO=[<x>,<y>,<z>]]        K: the ranges went through its Kalman filter
 *
 * The place is `no solution` or `not calculated` where it has none.
 */
function readSelfReport(match: RegExpExecArray, isDouble: (tag: number) => boolean): DecodeResult {
  const tag = Number(match[2])
  const distances = numbers(
    (match[3] ?? '')
      .slice(1)
      .split(',')
      .map((field) => field.trim())
  )
  if (distances === undefined || distances.some(isFar)) return damaged('$KT')
  const extra: Extra = { kind: 'tag_self_report', tag_id: tag, kalman: match[1] === 'K' }
  const draft: Draft = { tag: String(tag) }
  putRanges(distances, draft, extra, isDouble(tag))
  const place = match[4]?.trim()
  if (place !== undefined && /^[A-Za-z ]+$/.test(place)) extra['location'] = place.toLowerCase().replaceAll(' ', '_')
  else if (place !== undefined) {
    const coordinates = numbers(place.split(',').map((field) => field.trim()))
    if (coordinates === undefined || coordinates.length !== 3 || coordinates.some(isFar)) return damaged('$KT')
    const [x = Number.NaN, y = Number.NaN, z = Number.NaN] = coordinates
    const position: LocalPosition = { x, y, z }
    if (coordinates.every(Number.isFinite)) draft.position = position
  }
  draft.extra = extra
  return readings(draft)
}

/**
 * HaoruTech with an inertial sensor:
 *
 *   mi,<seconds>{,<metres, or NULL>}4|8{,<acceleration>}3{,<angular rate>}3,T<tag>
 *
 * The units of the sensor depend on its settings, so its values stay as sent.
 */
function readInertial(text: string): DecodeResult {
  const fields = text.split(',')
  const tag = /^T(\d{1,5})$/.exec(fields.at(-1) ?? '')
  const values = numbers(fields.slice(1, -1))
  const slots = (values?.length ?? 0) - 7
  if (tag === null || values === undefined || (slots !== 4 && slots !== 8)) return damaged('mi')
  const distances = values.slice(1, 1 + slots)
  if (Number.isNaN(values[0]) || distances.some(isFar)) return damaged('mi')
  const sensed = values.slice(1 + slots)
  const extra: Extra = { kind: 'tag_imu_report', tag_id: Number(tag[1]), device_time_s: values[0] ?? 0 }
  if (sensed.every(Number.isFinite)) {
    extra['accel_raw'] = sensed.slice(0, 3)
    extra['gyro_raw'] = sensed.slice(3)
  }
  const draft: Draft = { tag: tag[1] ?? '' }
  putRanges(distances, draft, extra, false)
  draft.extra = extra
  return readings(draft)
}

/** `$RANGE_ERROR,ID=0,rb=15,rangetime=5702[,battery=0,sos=00]`: a round in which nobody answered; only tags tell their SOS. */
function readRangeError(pairs: string): DecodeResult {
  const extra: Extra = { kind: 'range_error' }
  const draft: Draft = {}
  for (const pair of pairs.slice(1).split(',')) {
    const [name = '', value = ''] = pair.split('=')
    if (name === 'sos') {
      const byte = Number.parseInt(value, 16)
      extra['sos'] = byte
      const signal: Signal = { kind: 'sos', form: 'level', on: byte !== 0 }
      draft.signals = [signal]
    } else if (!/^\d+$/.test(value)) return damaged('$RANGE_ERROR')
    else extra[name === 'ID' ? 'id' : snakeCase(name)] = Number(value)
  }
  const { id } = extra
  if (typeof id !== 'number') return damaged('$RANGE_ERROR')
  if (draft.signals !== undefined) draft.tag = String(id)
  draft.extra = extra
  return readings(draft)
}

/** `* A0(0.00, 0.00, 1.00) A1(10.00, 0.00, 1.00)` of the configuration that a board prints when it starts. */
function readAnchorPlaces(text: string): DecodeResult {
  const anchors: Json[] = []
  for (const [, index, x, y, z] of text.matchAll(ANCHOR))
    anchors.push({ index: Number(index), position_m: { x: Number(x), y: Number(y), z: Number(z) } })
  return readings({ extra: { kind: 'configuration', anchors } })
}

const asValue = (text: string): Json => (/^\d{1,9}$/.test(text) ? Number(text) : text)

/** Every line that is no `mc`, `mr` or `ma`. `isDouble`: whether the ranges of this tag are told by corrected lines, too. */
export function readTrekText(text: string, isDouble: (tag: number) => boolean): DecodeResult {
  if (text === '') return ignored('empty line')
  const report = SELF_REPORT.exec(text)
  if (report !== null) return readSelfReport(report, isDouble)
  if (text.startsWith('mi,')) return readInertial(text)
  const error = RANGE_ERROR.exec(text)
  if (error !== null) return readRangeError(error[1] ?? '')
  const sent = USER_DATA.exec(text)
  if (sent !== null) {
    const data_hex = (sent[2] ?? '').replaceAll(',', '').toLowerCase()
    return readings({ tag: sent[1] ?? '', extra: { kind: 'user_data', tag_id: Number(sent[1]), data_hex } })
  }
  const setting = SETTING.exec(text)
  if (setting !== null) return readings({ extra: { kind: 'configuration', [snakeCase(setting[1] ?? '')]: asValue(setting[2] ?? '') } })
  if (ANCHORS.test(text)) return readAnchorPlaces(text)
  const answer = ANSWER.exec(text)
  if (answer !== null)
    return readings({ extra: answer[1] === undefined ? { kind: 'answer', ant_dly: Number(answer[3]) } : { kind: 'answer', text: 'setok' } })
  const counters = COUNTERS.exec(text)
  if (counters !== null)
    return readings({
      extra: {
        kind: 'event_counters',
        counters: (counters[1] ?? '')
          .trim()
          .split(' ')
          .map((field) => Number.parseInt(field, 16))
      }
    })
  return BANNER.test(text) ? ignored('text for people') : damaged('line')
}
