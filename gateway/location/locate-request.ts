import type { Anchor, Dimensions } from './fix.ts'
import type { RangeSet } from './range-tracker.ts'

/** No site is further from the origin of its frame, projected coordinates of a country included. */
const MAX_COORDINATE_M = 2e7
/** No radio that measures ranges of worn tags reaches further. */
const MAX_RANGE_M = 100_000
/** Epoch milliseconds taken for seconds are refused with it. */
const MAX_TIME_S = 1e11
const MAX_ANCHORS = 1000

/** One line of `tagward locate`, checked. */
export interface LocateRequest {
  readonly tag?: string
  readonly set: RangeSet
}

type Read<T> = { readonly value: T } | { readonly error: string }
type Fields = Readonly<Record<string, unknown>>

/** What a line asks for, or what is wrong with it. `needsTrack`: tag and time must be there. */
export function readLocateRequest(line: string, needsTrack: boolean): Read<LocateRequest> {
  const parsed = parse(line)
  if ('error' in parsed) return parsed
  const fields = parsed.value
  const tag = readTag(fields['tag'], needsTrack)
  if ('error' in tag) return tag
  const time = readTime(fields['t'], needsTrack)
  if ('error' in time) return time
  const dims = readDims(fields['dims'])
  if ('error' in dims) return dims
  const anchors = readAnchors(fields['anchors'])
  if ('error' in anchors) return anchors
  const set = readRanges(fields['ranges'], anchors.value, time.value, dims.value)
  if ('error' in set) return set
  return { value: tag.value === undefined ? { set: set.value } : { tag: tag.value, set: set.value } }
}

function parse(line: string): Read<Fields> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    value = parseWithoutNumbers(line)
    if (value === undefined) return { error: `the line is not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
  return isObject(value) ? { value } : { error: 'the line is not a JSON object' }
}

/** Many programs write NaN and Infinity into their JSON: where they stand then is told, or does not matter. */
function parseWithoutNumbers(line: string): unknown {
  const mended = line.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (part) => (part.startsWith('"') ? part : 'null'))
  try {
    return mended === line ? undefined : (JSON.parse(mended) as unknown)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

function readTag(value: unknown, needed: boolean): Read<string | undefined> {
  if (value === undefined)
    return needed ? { error: 'tag is missing: smoothing needs to know whose ranges these are' } : { value: undefined }
  if (typeof value !== 'string' || value === '') return { error: `tag must be a text that is not empty, not ${show(value)}` }
  return value.length <= 200 ? { value } : { error: `tag is ${value.length} characters long; 200 are allowed` }
}

function readTime(value: unknown, needed: boolean): Read<number> {
  if (value === undefined) return needed ? { error: 't is missing: smoothing needs the time in seconds' } : { value: 0 }
  return readNumber('t', value, MAX_TIME_S, 's')
}

function readDims(value: unknown): Read<Dimensions> {
  if (value === undefined) return { value: 2 }
  return value === 2 || value === 3 ? { value } : { error: `dims must be 2 or 3, not ${show(value)}` }
}

function readNumber(name: string, value: unknown, limit: number, unit: string): Read<number> {
  if (typeof value !== 'number')
    return { error: value === undefined ? `${name} is missing` : `${name} must be a number, not ${show(value)}` }
  if (!(Math.abs(value) <= limit)) return { error: `${name} is beyond all sense: ${value}; the limit is ${limit} ${unit}` }
  return { value }
}

function readId(name: string, value: unknown): Read<string> {
  if (value === undefined) return { error: `${name} is missing` }
  return typeof value === 'string' && value !== '' ? { value } : { error: `${name} must be a text that is not empty, not ${show(value)}` }
}

function readList(name: string, value: unknown): Read<readonly unknown[]> {
  if (value === undefined) return { error: `${name} is missing` }
  if (!Array.isArray(value)) return { error: `${name} must be a list, not ${show(value)}` }
  return value.length <= MAX_ANCHORS ? { value } : { error: `${name} has ${value.length} entries; ${MAX_ANCHORS} are allowed` }
}

function readAnchors(value: unknown): Read<ReadonlyMap<string, Anchor>> {
  const list = readList('anchors', value)
  if ('error' in list) return list
  const anchors = new Map<string, Anchor>()
  for (const [index, entry] of list.value.entries()) {
    const name = `anchors[${index}]`
    const anchor = readAnchor(name, entry)
    if ('error' in anchor) return anchor
    if (anchors.has(anchor.value.id)) return { error: `${name}: anchor "${anchor.value.id}" is there twice` }
    anchors.set(anchor.value.id, anchor.value)
  }
  return { value: anchors }
}

function readAnchor(name: string, entry: unknown): Read<Anchor> {
  if (!isObject(entry)) return { error: `${name} must be an object with id, x, y and z` }
  const id = readId(`${name}.id`, entry['id'])
  if ('error' in id) return id
  const x = readNumber(`${name}.x`, entry['x'], MAX_COORDINATE_M, 'm')
  if ('error' in x) return x
  const y = readNumber(`${name}.y`, entry['y'], MAX_COORDINATE_M, 'm')
  if ('error' in y) return y
  const z = readNumber(`${name}.z`, entry['z'], MAX_COORDINATE_M, 'm')
  if ('error' in z) return z
  return { value: { id: id.value, x: x.value, y: y.value, z: z.value } }
}

function readRanges(value: unknown, anchors: ReadonlyMap<string, Anchor>, timeS: number, dims: Dimensions): Read<RangeSet> {
  const list = readList('ranges', value)
  if ('error' in list) return list
  const heard = new Set<Anchor>()
  const rangesM: number[] = []
  for (const [index, entry] of list.value.entries()) {
    const name = `ranges[${index}]`
    if (!isObject(entry)) return { error: `${name} must be an object with id and d` }
    const id = readId(`${name}.id`, entry['id'])
    if ('error' in id) return id
    const anchor = anchors.get(id.value)
    if (anchor === undefined) return { error: `${name}: there is no anchor "${id.value}" in this line` }
    if (heard.has(anchor)) return { error: `${name}: there are two ranges to anchor "${id.value}"` }
    const d = readNumber(`${name}.d`, entry['d'], MAX_RANGE_M, 'm')
    if ('error' in d) return d
    if (d.value < 0) return { error: `${name}.d is negative: ${d.value}` }
    heard.add(anchor)
    rangesM.push(d.value)
  }
  return { value: { timeS, dims, anchors: [...heard], rangesM } }
}

function show(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`
}
