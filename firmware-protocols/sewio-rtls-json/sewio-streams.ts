import { parseRfc3339 } from '../kit/civil-time.ts'
import { boundedJson, type Extra, finiteNumber, isJsonObject, type JsonObject, snakeCase } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'

/** One value of a tag: `{"id":"posX","current_value":" 6.34","at":"2016-10-18 14:16:56.365"}`; numbers are texts, often with a blank before them. */
export interface Stream {
  readonly value: unknown
  /** Epoch milliseconds. */
  readonly atMs: number | undefined
}

/** UTC without a mark of its zone. */
export function timeMs(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.trim().replace(' ', 'T')
  return parseRfc3339(/(?:Z|[+-]\d\d:\d\d)$/i.test(text) ? text : `${text}Z`)
}

/** By id; of two with one id the later in the message counts. */
export function streamsOf(list: unknown): ReadonlyMap<string, Stream> {
  const streams = new Map<string, Stream>()
  if (!Array.isArray(list)) return streams
  for (const item of list) {
    if (!isJsonObject(item) || typeof item['id'] !== 'string') continue
    const value = item['current_value']
    streams.set(item['id'], { value: typeof value === 'string' ? value.trim() : value, atMs: timeMs(item['at']) })
  }
  return streams
}

export const numberIn = (streams: ReadonlyMap<string, Stream>, id: string): number | undefined => finiteNumber(streams.get(id)?.value)

/** An error radius that means "none": the position is not one to act on. */
const NO_ACCURACY_M = 9999
/** Fewer anchors than this do not fix a place in the plane. */
const ANCHORS_NEEDED = 3

/** posX, posY, posZ m, clr (error radius) m, numberOfAnchors. False: there is no position. */
export function applyPosition(streams: ReadonlyMap<string, Stream>, draft: Draft, extra: Extra): boolean {
  const x = numberIn(streams, 'posX')
  const y = numberIn(streams, 'posY')
  const z = numberIn(streams, 'posZ')
  const accuracyM = numberIn(streams, 'clr')
  const anchors = numberIn(streams, 'numberOfAnchors')
  if (anchors !== undefined) extra['anchors_used'] = anchors
  const vague = accuracyM !== undefined && accuracyM >= NO_ACCURACY_M
  if (vague) extra['accuracy_m'] = accuracyM
  else if (accuracyM !== undefined && accuracyM >= 0) draft.accuracyM = accuracyM
  if (x === undefined || y === undefined) return false
  draft.position = z === undefined ? { x, y } : { x, y, z }
  if (vague || (anchors !== undefined && anchors < ANCHORS_NEEDED)) draft.usable = false
  return true
}

/** More than any battery has in volts: it is in millivolts. */
const MAX_VOLTS = 100

/** `battery_level` is "77%"; `battery_voltage` V. */
export function applyBattery(streams: ReadonlyMap<string, Stream>, draft: Draft): void {
  const level = streams.get('battery_level')?.value
  const pct = finiteNumber(typeof level === 'string' ? level.replace(/\s*%$/, '') : level)
  if (pct !== undefined && pct >= 0 && pct <= 100) draft.batteryPct = pct
  const volts = numberIn(streams, 'battery_voltage')
  if (volts !== undefined && volts > 0) draft.batteryV = volts > MAX_VOLTS ? volts / 1000 : volts
}

const TYPED: ReadonlySet<string> = new Set(['posX', 'posY', 'posZ', 'clr', 'numberOfAnchors', 'battery_level', 'battery_voltage'])
const RENAMED: Readonly<Record<string, string>> = { firmware_version: 'firmware' }

/** Sensors and settings by their own names, numbers as numbers. */
export function applyOtherStreams(streams: ReadonlyMap<string, Stream>, extra: Extra): void {
  for (const [id, { value }] of streams) {
    if (TYPED.has(id) || value === null || value === undefined || value === '') continue
    const name = RENAMED[id] ?? snakeCase(id)
    // A version "3.115" is no number.
    const number = id.includes('version') ? undefined : finiteNumber(value)
    if (name !== '' && id !== '__proto__' && !Object.hasOwn(extra, name)) extra[name] = number ?? boundedJson(value)
  }
}

/** The latest time of any stream. */
export function latestMs(streams: ReadonlyMap<string, Stream>): number | undefined {
  let latest: number | undefined
  for (const { atMs } of streams.values()) if (atMs !== undefined && (latest === undefined || atMs > latest)) latest = atMs
  return latest
}

/** Where the time of a record is, which has no streams (an event of a zone). */
export const recordTimeMs = (body: JsonObject): number | undefined => timeMs(body['at']) ?? timeMs(body['timestamp'])
