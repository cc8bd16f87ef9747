import type { EventColumns, RunPlace } from './event-columns.ts'
import type { LoggedEvent } from './event-log.ts'

/**
 * A batch is what crosses from the main thread to the log thread and lies in the tail until it is packed: made for speed,
 * not for size. Little-endian; `n` events:
 *
 *   u8 format = 1, 3 × 0, u32 n, u32 dictionary bytes, u32 body bytes,
 *   f64 time[n], f64 receivedAt[n], f64 monotonicMs[n], u32 body length in UTF-16 units[n],
 *   u16 type[n], u16 key[n], u16 source[n] (0xffff: none), u16 clockQuality[n], u16 bootId[n] (indexes into the dictionary),
 *   dictionary (JSON array of strings), bodies (UTF-8, one after the other)
 */
export const BATCH_FORMAT = 1
export const HEADER_BYTES = 16
export const EVENT_BYTES = 38
/** In a column of indexes: no word. */
export const NONE = 0xffff
/** Five strings an event must fit into 16 bits of dictionary. */
export const MAX_BATCH_EVENTS = 8192

/** A batch as it lies there: columns to be read in place, bodies as bytes. */
export interface OpenBatch {
  readonly count: number
  readonly time: Float64Array
  readonly receivedAt: Float64Array
  readonly monotonicMs: Float64Array
  /** Of type, key, source, clockQuality and bootId: indexes into `words`, 0xffff for none. */
  readonly columns: readonly Uint16Array[]
  readonly words: readonly string[]
  /** The bodies, UTF-8, one after the other. */
  readonly bodies: Buffer
  /** Length of each body in UTF-16 units. */
  readonly lengths: Uint32Array
}

/** Throws on bytes that are not a batch. */
export function openBatch(payload: Uint8Array): OpenBatch {
  // What the database and other threads give is aligned.
  const bytes = payload.byteOffset % 8 === 0 ? payload : new Uint8Array(payload)
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const n = header.getUint32(4, true)
  const dictionaryBytes = header.getUint32(8, true)
  const bodyBytes = header.getUint32(12, true)
  const fixed = HEADER_BYTES + n * EVENT_BYTES
  if (header.getUint8(0) !== BATCH_FORMAT || fixed + dictionaryBytes + bodyBytes !== bytes.length) throw new RangeError('not a batch')
  const start = bytes.byteOffset + HEADER_BYTES
  const times = (column: number) => new Float64Array(bytes.buffer, start + 8 * n * column, n)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    count: n,
    time: times(0),
    receivedAt: times(1),
    monotonicMs: times(2),
    columns: [0, 1, 2, 3, 4].map((column) => new Uint16Array(bytes.buffer, start + 28 * n + 2 * n * column, n)),
    words: JSON.parse(buffer.toString('utf8', fixed, fixed + dictionaryBytes)) as string[],
    bodies: buffer.subarray(fixed + dictionaryBytes),
    lengths: new Uint32Array(bytes.buffer, start + 24 * n, n)
  }
}

/** Where each body ends among the bytes. */
export function bodyEnds({ bodies, count, lengths }: OpenBatch): Uint32Array {
  const ends = new Uint32Array(count)
  let units = 0
  for (let i = 0; i < count; i++) {
    units += lengths[i] ?? 0
    ends[i] = units
  }
  // Then each unit is a byte, as it mostly is.
  return units === bodies.length ? ends : endsInUtf8(bodies, ends)
}

/** `unitEnds`: counted in UTF-16 units. */
function endsInUtf8(bodies: Uint8Array, unitEnds: Uint32Array): Uint32Array {
  let units = 0
  let at = 0
  return unitEnds.map((end) => {
    while (units < end && at < bodies.length) {
      const bytes = characterBytes(bodies[at] ?? 0)
      units += bytes < 4 ? 1 : 2
      at += bytes
    }
    return Math.min(at, bodies.length)
  })
}

function characterBytes(lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

/** Throws on bytes that are not a batch. */
export function decodeBatch(payload: Uint8Array): EventColumns {
  return new Batch(openBatch(payload))
}

class Batch implements EventColumns {
  readonly count: number
  readonly #batch: OpenBatch
  readonly #text: string
  readonly #starts: Float64Array

  constructor(batch: OpenBatch) {
    const { bodies, count, lengths } = batch
    this.count = count
    this.#batch = batch
    this.#text = bodies.toString('utf8')
    this.#starts = new Float64Array(count + 1)
    for (let i = 0; i < count; i++) this.#starts[i + 1] = (this.#starts[i] ?? 0) + (lengths[i] ?? 0)
  }

  #word(column: number, index: number): string {
    const { columns, words } = this.#batch
    return words[columns[column]?.[index] ?? NONE] ?? ''
  }

  typeAt(index: number): string {
    return this.#word(0, index)
  }

  keyAt(index: number): string {
    return this.#word(1, index)
  }

  timeAt(index: number): number {
    return this.#batch.time[index] ?? 0
  }

  eventAt(index: number, place: RunPlace): LoggedEvent {
    const { columns, monotonicMs, receivedAt } = this.#batch
    return {
      lane: place.lane,
      epoch: place.epoch,
      sequence: place.firstSequence + index,
      type: this.#word(0, index),
      key: this.#word(1, index),
      time: this.timeAt(index),
      source: columns[2]?.[index] === NONE ? undefined : this.#word(2, index),
      receivedAt: receivedAt[index] ?? 0,
      clockQuality: this.#word(3, index),
      bootId: this.#word(4, index),
      monotonicMs: monotonicMs[index] ?? 0,
      body: this.#text.slice(this.#starts[index] ?? 0, this.#starts[index + 1] ?? 0)
    }
  }
}
