import type { DecodeResult } from '../codec.ts'
import { type Extra, snakeCase } from '../kit/json.ts'
import { failure, readings } from '../kit/results.ts'
import type { Json } from '../reading.ts'
import { type Measurement, putField, roundReading } from './qm33-measurements.ts'

const PAIR = /^([A-Za-z][A-Za-z0-9_]{0,31})=("[^"]*"|[^\s"=]+)$/
const UNIT = /\[(cm|dBm|deg|ppm)\]=/g
const RECORD = /\[([^[\]]*)\]/g

const damaged = (what: string): DecodeResult => failure('FRAME_FORMAT', `${what}: damaged or unknown`)

function asValue(text: string): Json {
  if (text.startsWith('"')) return text.slice(1, -1)
  return /^-?\d{1,10}(?:\.\d{1,9})?$/.test(text) ? Number(text) : text
}

/** `name=value, name=value`; undefined where anything else stands between. What is not a number (`nan`) is not told. */
function pairs(text: string): (readonly [name: string, value: Json])[] | undefined {
  const list: (readonly [string, Json])[] = []
  for (const part of text.split(/,\s*|\n\s*/)) {
    const trimmed = part.trim()
    if (trimmed === '') continue
    const match = PAIR.exec(trimmed)
    if (match === null) return undefined
    const value = match[2] ?? ''
    // Distances are whole centimetres: one with a point is the figure of another field, whose name was lost.
    if (match[1] === 'distance_cm' && value.includes('.')) return undefined
    if (!/^-?(?:nan|inf)$/i.test(value)) list.push([match[1] ?? '', asValue(value)])
  }
  return list
}

interface Notification {
  readonly head: ReadonlyMap<string, Json>
  readonly records: readonly (readonly (readonly [name: string, value: Json])[])[]
}

/**
 * `{name=value, … [name=value, …];[…]}`: a head and records, which are separated by semicolons or line ends. Units stand in
 * brackets behind names (`distance[cm]`) and are made part of them first.
 */
function readNotification(block: string): Notification | undefined {
  if (!block.startsWith('{') || !block.endsWith('}')) return undefined
  const text = block.slice(1, -1).replace(UNIT, '_$1=')
  const records: (readonly (readonly [string, Json])[])[] = []
  for (const match of text.matchAll(RECORD)) {
    const record = pairs(match[1] ?? '')
    if (record === undefined) return undefined
    records.push(record)
  }
  const outside = text.replace(RECORD, ';').split(';')
  const head = pairs(outside[0] ?? '')
  if (head === undefined || outside.slice(1).some((rest) => rest.trim() !== '')) return undefined
  return { head: new Map(head), records }
}

/**
 * One round of ranging (SDK `fira_app.c`, QM33 SDK 1.x):
 *
 *   {session_handle=<n>, sequence_number=<n>, block_index=<n>, n_measurements=<n>
 *    [mac_address=0x<4 or 16 hex>, status="<…>"[, distance[cm]=<n>][, loc_az_pdoa=<deg>, loc_az=<deg>][, loc_el_pdoa, loc_el]
 *     [, rmt_az][, rmt_el][, RSSI[dBm]=<dBm>]];
 *    […]}
 */
export function readSessionInfo(block: string): DecodeResult {
  const notification = readNotification(block)
  if (notification === undefined) return damaged('SESSION_INFO_NTF')
  const { head, records } = notification
  const count = head.get('n_measurements')
  const session = head.get('session_handle')
  if (typeof count !== 'number' || session === undefined) return damaged('SESSION_INFO_NTF')
  if (count !== records.length) return failure('FRAME_FORMAT', `${records.length} of ${count} measurements`)
  const extra: Extra = { kind: 'session_info', session }
  const seq = head.get('sequence_number')
  const blockIndex = head.get('block_index')
  if (seq !== undefined) extra['seq'] = seq
  if (blockIndex !== undefined) extra['block'] = blockIndex
  for (const [name, value] of head)
    if (!['session_handle', 'sequence_number', 'block_index', 'n_measurements'].includes(name)) putNew(extra, name, value)
  const measurements = records.map((record) => {
    const measurement: Measurement = {}
    for (const [name, value] of record) putField(measurement, name, value)
    return measurement
  })
  return roundReading(measurements, extra)
}

/** `{state="ACTIVE", reason="…"}` */
export function readSessionStatus(block: string): DecodeResult {
  const match = /^\{state="([^"]{1,40})", ?reason="([^"]{0,200})"\}$/.exec(block)
  if (match === null) return damaged('SESSION_STATUS_NTF')
  return readings({ extra: { kind: 'session_status', state: match[1] ?? '', reason: match[2] ?? '' } })
}

/** `{n_reports=<n> [msg_id=<…>, action=<TX|RX>, …, frame_status={SUCCESS: 1, …}, …]; …}`, printed with diagnostics on. */
export function readDiagnostics(block: string): DecodeResult {
  const flat = `{${block.slice(1, -1).replace(/\{([^{}]*)\}/g, (_whole, inner: string) => `"${inner.replaceAll(', ', '; ').replaceAll('"', '')}"`)}}`
  const notification = readNotification(flat)
  if (notification === undefined) return damaged('RANGE_DIAGNOSTICS_NTF')
  const { head, records } = notification
  if (head.get('n_reports') !== records.length) return damaged('RANGE_DIAGNOSTICS_NTF')
  const reports = records.map((record) => {
    const report: Extra = {}
    for (const [name, value] of record) putNew(report, name, value)
    return report
  })
  return readings({ extra: { kind: 'range_diagnostics', reports } })
}

/** A name that comes twice gets a number. */
function putNew(extra: Extra, name: string, value: Json): void {
  const key = snakeCase(name) || 'value'
  let free = key
  for (let count = 2; Object.hasOwn(extra, free); count++) free = `${key}_${count}`
  extra[free] = value
}
