import { formatUtc, parseRfc3339 } from '../kit/civil-time.ts'
import { boundedJson, type Extra, finiteNumber, isJsonObject, type JsonObject } from '../kit/json.ts'
import type { Json } from '../reading.ts'

/** MAC addresses, EUI-64s and UUIDs come in any writing: they become bare lower-case hex. Every other id only becomes lower case. */
export function bareId(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const text = value.trim().toLowerCase()
  const bare = text.replace(/[:-]/g, '')
  return /^(?:[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{32})$/.test(bare) ? bare : text
}

/** A list of texts, as sent. */
export const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []

export const timeOf = (value: unknown): number | undefined => (typeof value === 'string' ? parseRfc3339(value.trim()) : undefined)

/** A text, as sent. */
export function keepText(body: JsonObject, name: string, extra: Extra, as = name): void {
  const value = body[name]
  if (typeof value === 'string') extra[as] = value
}

export function keepNumber(body: JsonObject, name: string, extra: Extra, as = name): void {
  const value = finiteNumber(body[name])
  if (value !== undefined) extra[as] = value
}

/** Milliseconds as seconds; -1 is "never", and left out. */
export function keepDuration(body: JsonObject, name: string, extra: Extra): void {
  const value = finiteNumber(body[name])
  if (value !== undefined && value >= 0) extra[`${name}_s`] = value / 1000
}

export function keepTime(body: JsonObject, name: string, extra: Extra, as: string): void {
  const ms = timeOf(body[name])
  if (ms !== undefined) extra[as] = formatUtc(ms)
}

/** Angles below 0 mean "not available". */
export function keepAngle(body: JsonObject, name: string, extra: Extra): number | undefined {
  const value = finiteNumber(body[name])
  if (value === undefined || value < 0) return undefined
  extra[`${name}_deg`] = value
  return value
}

/** Shapes, properties: whatever they hold. */
export function keepAny(body: JsonObject, name: string, extra: Extra): void {
  const value = body[name]
  if (value !== undefined && value !== null) extra[name] = boundedJson(value)
}

export interface Point {
  readonly x: number
  readonly y: number
  readonly z?: number
}

/** GeoJSON `{"type":"Point","coordinates":[x, y(, z)]}`; undefined when it is none. */
export function pointOf(value: unknown): Point | undefined {
  if (!isJsonObject(value) || !Array.isArray(value['coordinates'])) return undefined
  const [x, y, z] = value['coordinates'].map((item: unknown) => (typeof item === 'number' ? finiteNumber(item) : undefined))
  if (x === undefined || y === undefined) return undefined
  return z === undefined ? { x, y } : { x, y, z }
}

export const pointJson = ({ x, y, z }: Point): Json => (z === undefined ? { x, y } : { x, y, z })
