import type { Georeference } from '../site/georeference/level-frame.ts'
import { LineSplitter, MAX_LINE_BYTES } from './line-splitter.ts'
import type { Output } from './output.ts'

export type Direction = 'to-wgs84' | 'to-frame'

/** Stands for a line that cannot be converted, so that output and input keep in step. */
export const NO_POSITION = 'nan nan nan'
/** A file of another kind must not fill the terminal. */
const MOST_COMPLAINTS = 20
const WRITE_AT_CHARACTERS = 1 << 16

type Converted = { readonly text: string } | { readonly fault: string }

/**
 * One line out for each line in, in order, no faster than the output is taken. Gives how many could not be converted; `complain` gets the reasons of
 * the first of them, with their line numbers.
 */
export async function convertStream(
  input: AsyncIterable<Buffer | string>,
  frame: Georeference,
  direction: Direction,
  output: Output,
  complain: (message: string) => void
): Promise<number> {
  const splitter = new LineSplitter()
  let line = 0
  let failed = 0
  let pending = ''
  const onLine = (text: string | undefined) => {
    line++
    const converted = text === undefined ? { fault: `is longer than ${MAX_LINE_BYTES} bytes` } : convertLine(text, frame, direction)
    pending += `${'text' in converted ? converted.text : NO_POSITION}\n`
    if ('text' in converted) return
    failed++
    if (failed <= MOST_COMPLAINTS) complain(`line ${line} ${converted.fault}`)
  }
  const flush = async () => {
    const text = pending
    pending = ''
    if (text !== '') await output.write(text)
  }
  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    // In parts, so that many short lines do not pile up as long answers.
    for (let from = 0; from < bytes.length; from += 4096) {
      splitter.push(bytes.subarray(from, from + 4096), onLine)
      if (pending.length > WRITE_AT_CHARACTERS) await flush()
    }
    await flush()
    if (output.closed) return failed
  }
  splitter.end(onLine)
  await flush()
  if (failed > MOST_COMPLAINTS) complain(`${failed} lines in all could not be converted`)
  return failed
}

const SHAPES: Readonly<Record<Direction, string>> = {
  'to-wgs84': 'x y z, in metres',
  'to-frame': 'lon lat alt, in decimal degrees and metres'
}

/** Empty lines and remarks are given back as they are. */
export function convertLine(text: string, frame: Georeference, direction: Direction): Converted {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.startsWith('#')) return { text }
  const words = trimmed.split(/\s*[,;]\s*|\s+/)
  const shape = `write three numbers: ${SHAPES[direction]}`
  const wrong = words.find((word) => !isNumber(word))
  if (wrong !== undefined) return { fault: `has ${JSON.stringify(wrong.slice(0, 40))}, which is no number; ${shape}` }
  const [first, second, third] = words.map(Number)
  if (first === undefined || second === undefined || third === undefined || words.length > 3)
    return { fault: `has ${words.length} ${words.length === 1 ? 'number' : 'numbers'}; ${shape}` }
  return direction === 'to-wgs84' ? toWgs84(frame, first, second, third) : toFrame(frame, first, second, third)
}

const isNumber = (word: string): boolean => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word) && Number.isFinite(Number(word))

/** A tenth of a millimetre: 10 decimals of a degree are 0.01 mm. */
function toWgs84(frame: Georeference, x: number, y: number, z: number): Converted {
  const place = frame.toWgs84({ x, y, z })
  if (place === undefined) return { fault: 'lies outside of what the projection of this frame can express' }
  return { text: `${fixed(place.lon, 10)} ${fixed(place.lat, 10)} ${fixed(place.alt, 4)}` }
}

function toFrame(frame: Georeference, lon: number, lat: number, alt: number): Converted {
  if (Math.abs(lat) > 90) return { fault: `has the latitude ${lat}, outside of -90 to 90; the longitude comes first: lon lat alt` }
  if (Math.abs(lon) > 360)
    return { fault: `has the longitude ${lon}, outside of -360 to 360; write lon lat alt, in decimal degrees and metres` }
  const point = frame.toFrame({ lat, lon, alt })
  if (point === undefined) return { fault: 'lies outside of what the projection of this frame can express' }
  return { text: `${fixed(point.x, 4)} ${fixed(point.y, 4)} ${fixed(point.z, 4)}` }
}

/** Without the minus of a zero. */
function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits)
  return Number(text) === 0 ? text.replace('-', '') : text
}
