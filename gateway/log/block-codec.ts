import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { NONE, type OpenBatch } from './batch-codec.ts'
import { writeBodies } from './block-bodies.ts'
import { ByteReader, ByteWriter } from './byte-buffer.ts'
import type { EventColumns, RunPlace } from './event-columns.ts'
import type { LoggedEvent } from './event-log.ts'
import { MAX_COLUMN_VALUE, readInts, writeInts } from './int-column.ts'
import { JsonWriter } from './json-writer.ts'
import { readTokens, type TokenReader, Words } from './token-column.ts'

/**
 * A block holds thousands of events of one lane and epoch, in columns, deflated:
 *
 *   u8 format = 1, deflateRaw of:
 *   varint n; dictionary (JSON array of strings); type[n], key[n], source[n] (0: none), clockQuality[n], bootId[n] as indexes;
 *   time[n], receivedAt[n], monotonicMs[n];
 *   shapes (JSON); shape[n]; for each shape, for each hole: a column of what stood there.
 *
 * From the shapes on, events stand grouped by key: what one tag says now is near to what it said before.
 */
const FORMAT = 1
const MAX_RAW_BYTES = 256 * 1024 * 1024
const DEFLATE_LEVEL = 6
const NO_INDEXES = new Uint32Array(0)
const NO_BYTES = new Uint8Array(0)
const SCALES = [1, 1000]
const RAW_DOUBLES = 255
/** Added to the scale's index: the distance to the column before is kept. */
const NEAR_REFERENCE = 16

/** Of the events of these batches, one after the other. The bodies come back to the letter, and all other fields exactly. */
export function encodeBlock(batches: readonly OpenBatch[]): Uint8Array {
  const n = batches.reduce((sum, { count }) => sum + count, 0)
  const words = new Words()
  const columns = wordColumns(batches, n, words)
  const times = joined(n, batches, ({ time }) => time)
  const receivedAt = joined(n, batches, (batch) => batch.receivedAt)
  const monotonicMs = joined(n, batches, (batch) => batch.monotonicMs)
  const body = new ByteWriter(64 * 1024)
  for (const column of columns) writeInts(body, column)
  writeDoubles(body, times, undefined)
  writeDoubles(body, receivedAt, times)
  writeDoubles(body, monotonicMs, receivedAt)
  const [types, keys] = columns
  if (types === undefined || keys === undefined) throw new RangeError('five columns')
  writeBodies(body, { batches, types, times, order: groupOrder(keys, words.list.length), words })
  const head = new ByteWriter()
  head.varint(n)
  head.text(JSON.stringify(words.list))
  const raw = Buffer.concat([head.view(), body.view()])
  return Buffer.concat([Buffer.from([FORMAT]), deflateRawSync(raw, { level: DEFLATE_LEVEL })])
}

/** type, key, source, clockQuality and bootId of all events, as indexes plus one into `words`; 0: none. */
function wordColumns(batches: readonly OpenBatch[], n: number, words: Words): Float64Array[] {
  // Each word of a batch is looked up once.
  const known = batches.map((batch) => new Uint32Array(batch.words.length))
  return [0, 1, 2, 3, 4].map((column) => {
    const indexes = new Float64Array(n)
    let at = 0
    for (const [which, batch] of batches.entries()) {
      const own = batch.columns[column] ?? NO_INDEXES
      const found = known[which] ?? NO_INDEXES
      for (let i = 0; i < batch.count; i++, at++) {
        const index = own[i] ?? NONE
        if (index === NONE) continue
        if (found[index] === 0) found[index] = words.index(batch.words[index] ?? '') + 1
        indexes[at] = found[index] ?? 0
      }
    }
    return indexes
  })
}

function joined(n: number, batches: readonly OpenBatch[], columnOf: (batch: OpenBatch) => Float64Array): Float64Array {
  const all = new Float64Array(n)
  let at = 0
  for (const batch of batches) {
    all.set(columnOf(batch), at)
    at += batch.count
  }
  return all
}

/** Positions of the events, those of one key together, each group in order. `keys`: word indexes plus one. Throws if one is beyond. */
function groupOrder(keys: Float64Array, words: number): Uint32Array {
  const next = new Uint32Array(words + 1)
  const seen: number[] = []
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] ?? 0
    if (!(key >= 0 && key <= words)) throw new RangeError('unknown key')
    if (next[key] === 0) seen.push(key)
    next[key] = (next[key] ?? 0) + 1
  }
  let start = 0
  for (const key of seen) {
    const size = next[key] ?? 0
    next[key] = start
    start += size
  }
  const order = new Uint32Array(keys.length)
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] ?? 0
    const at = next[key] ?? 0
    order[at] = i
    next[key] = at + 1
  }
  return order
}

function writeDoubles(out: ByteWriter, values: Float64Array, reference: Float64Array | undefined): void {
  for (let index = 0; index < SCALES.length; index++) {
    const scale = SCALES[index] ?? 1
    const scaled = scaleAll(values, scale)
    if (scaled === undefined) continue
    const near = reference === undefined ? undefined : scaleAll(reference, 1)
    const isNear = near !== undefined && subtract(scaled, near, scale)
    out.u8(isNear ? index + NEAR_REFERENCE : index)
    writeInts(out, scaled)
    return
  }
  out.u8(RAW_DOUBLES)
  for (const value of values) out.float64(value)
}

/** The values as whole numbers of that scale, when that gives them back exactly. */
function scaleAll(values: Float64Array, scale: number): Float64Array | undefined {
  const scaled = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    const whole = Math.round(value * scale)
    if (whole / scale !== value || Object.is(value, -0) || Math.abs(whole) >= MAX_COLUMN_VALUE / 2) return undefined
    scaled[i] = whole
  }
  return scaled
}

/** Takes a column away from another one, unless that would grow too large. */
function subtract(from: Float64Array, what: Float64Array, scale: number): boolean {
  for (const value of what) if (Math.abs(value * scale) >= MAX_COLUMN_VALUE / 2) return false
  for (let i = 0; i < from.length; i++) from[i] = (from[i] ?? 0) - (what[i] ?? 0) * scale
  return true
}

function readDoubles(input: ByteReader, count: number, reference: Float64Array | undefined): Float64Array {
  const mode = input.u8()
  if (mode === RAW_DOUBLES) {
    const values = new Float64Array(count)
    for (let i = 0; i < count; i++) values[i] = input.float64()
    return values
  }
  const near = mode >= NEAR_REFERENCE
  const scale = SCALES[near ? mode - NEAR_REFERENCE : mode]
  if (scale === undefined) throw new RangeError('unknown scale')
  const values = readInts(input, count)
  for (let i = 0; i < count; i++) values[i] = ((values[i] ?? 0) + (near ? (reference?.[i] ?? 0) * scale : 0)) / scale
  return values
}

/** Throws on bytes that are not a block. */
export function decodeBlock(data: Uint8Array): EventColumns {
  if (data[0] !== FORMAT) throw new RangeError('not a block')
  const input = new ByteReader(inflateRawSync(data.subarray(1), { maxOutputLength: MAX_RAW_BYTES }))
  const n = input.varint()
  const words = JSON.parse(input.text()) as string[]
  const indexes = [0, 1, 2, 3, 4].map(() => readInts(input, n))
  const times = readDoubles(input, n, undefined)
  const receivedAt = readDoubles(input, n, times)
  const monotonicMs = readDoubles(input, n, receivedAt)
  const bodies = readBodies(input, groupOrder(indexes[1] ?? new Float64Array(n), words.length), words, times)
  const word = (column: number, i: number): string | undefined => words[(indexes[column]?.[i] ?? 0) - 1]
  return {
    count: n,
    typeAt: (i) => word(0, i) ?? '',
    keyAt: (i) => word(1, i) ?? '',
    timeAt: (i) => times[i] ?? 0,
    eventAt: (i: number, place: RunPlace): LoggedEvent => ({
      lane: place.lane,
      epoch: place.epoch,
      sequence: place.firstSequence + i,
      type: word(0, i) ?? '',
      key: word(1, i) ?? '',
      time: times[i] ?? 0,
      source: word(2, i),
      receivedAt: receivedAt[i] ?? 0,
      clockQuality: word(3, i) ?? '',
      bootId: word(4, i) ?? '',
      monotonicMs: monotonicMs[i] ?? 0,
      body: bodies(i)
    })
  }
}

function readBodies(input: ByteReader, order: Uint32Array, words: readonly string[], times: Float64Array): (i: number) => string {
  const shapes = JSON.parse(input.text()) as [string[], number[]][]
  const grouped = readInts(input, order.length)
  const shapeOf = new Uint32Array(order.length)
  const rowOf = new Uint32Array(order.length)
  const shapeTimes = shapes.map((): number[] => [])
  for (let at = 0; at < order.length; at++) {
    const i = order[at] ?? 0
    const shape = grouped[at] ?? 0
    const rows = shapeTimes[shape]
    if (rows === undefined) throw new RangeError('unknown shape')
    shapeOf[i] = shape
    rowOf[i] = rows.push(times[i] ?? 0) - 1
  }
  const pieces = shapes.map(([texts]) => texts.map((text) => Buffer.from(text)))
  const holes: TokenReader[][] = shapes.map(([, kinds], shape) => {
    const rowTimes = Float64Array.from(shapeTimes[shape] ?? [])
    return kinds.map(() => readTokens(input, words, rowTimes))
  })
  const out = new JsonWriter()
  return (i) => {
    const shape = shapeOf[i] ?? 0
    const row = rowOf[i] ?? 0
    const literals = pieces[shape] ?? []
    const columns = holes[shape] ?? []
    out.clear()
    out.raw(literals[0] ?? NO_BYTES)
    for (let hole = 0; hole < columns.length; hole++) {
      columns[hole]?.(row, out)
      out.raw(literals[hole + 1] ?? NO_BYTES)
    }
    return out.toText()
  }
}
