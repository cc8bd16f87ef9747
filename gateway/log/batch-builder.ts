import type { GatewayEvent } from '../events/define-event.ts'
import { BATCH_FORMAT, EVENT_BYTES, HEADER_BYTES, MAX_BATCH_EVENTS, NONE } from './batch-codec.ts'
import { JsonWriter } from './json-writer.ts'

const COLUMNS = 5

/** Gathers events into a batch; after `clear` into the next one, in the same memory. */
export class BatchBuilder {
  #time = new Float64Array(64)
  #receivedAt = new Float64Array(64)
  #monotonicMs = new Float64Array(64)
  #lengths = new Uint32Array(64)
  #indexes = new Uint16Array(64 * COLUMNS)
  readonly #bodies = new JsonWriter()
  readonly #words = new Map<string, number>()
  /** Of the event before, by column: most of them are the same in many events. */
  readonly #lastWords: string[] = ['', '', '', '', '']
  readonly #lastIndexes: number[] = [NONE, NONE, NONE, NONE, NONE]
  #count = 0

  get count(): number {
    return this.#count
  }

  /** About what its events will take. */
  get bytes(): number {
    return this.#count * EVENT_BYTES + this.#bodies.length
  }

  get full(): boolean {
    return this.#count >= MAX_BATCH_EVENTS
  }

  /** `body`: JSON text in place of the event's data. Without it throws what `JSON.stringify` throws; the event is not in then. */
  add(event: GatewayEvent, body?: string): void {
    const i = this.#count
    if (i === this.#time.length) this.#grow()
    const unitsBefore = this.#bodies.units
    if (body === undefined) this.#bodies.value(event.data)
    else this.#bodies.text(body)
    this.#lengths[i] = this.#bodies.units - unitsBefore
    // Anything but a number would be refused by the database and hold up its whole transaction.
    this.#time[i] = Number.isFinite(event.time) ? event.time : event.receivedAt
    this.#receivedAt[i] = event.receivedAt
    this.#monotonicMs[i] = event.monotonicMs
    const at = i * COLUMNS
    this.#indexes[at] = this.#word(0, event.type)
    this.#indexes[at + 1] = this.#word(1, event.key)
    this.#indexes[at + 2] = event.source === undefined ? NONE : this.#word(2, event.source)
    this.#indexes[at + 3] = this.#word(3, event.clockQuality)
    this.#indexes[at + 4] = this.#word(4, event.bootId)
    this.#count++
  }

  #word(column: number, text: string): number {
    const last = this.#lastIndexes[column] ?? NONE
    if (last !== NONE && text === this.#lastWords[column]) return last
    let index = this.#words.get(text)
    if (index === undefined) {
      index = this.#words.size
      this.#words.set(text, index)
    }
    this.#lastWords[column] = text
    this.#lastIndexes[column] = index
    return index
  }

  #grow(): void {
    const size = this.#time.length * 2
    this.#time = grownTo(size, this.#time)
    this.#receivedAt = grownTo(size, this.#receivedAt)
    this.#monotonicMs = grownTo(size, this.#monotonicMs)
    const lengths = new Uint32Array(size)
    lengths.set(this.#lengths)
    this.#lengths = lengths
    const indexes = new Uint16Array(size * COLUMNS)
    indexes.set(this.#indexes)
    this.#indexes = indexes
  }

  finish(): Uint8Array<ArrayBuffer> {
    const n = this.#count
    const dictionary = Buffer.from(JSON.stringify([...this.#words.keys()]))
    const bodies = this.#bodies.view()
    const fixed = HEADER_BYTES + n * EVENT_BYTES
    const bytes = new Uint8Array(fixed + dictionary.length + bodies.length)
    const header = new DataView(bytes.buffer)
    header.setUint8(0, BATCH_FORMAT)
    header.setUint32(4, n, true)
    header.setUint32(8, dictionary.length, true)
    header.setUint32(12, bodies.length, true)
    const times = new Float64Array(bytes.buffer, HEADER_BYTES, 3 * n)
    times.set(this.#time.subarray(0, n), 0)
    times.set(this.#receivedAt.subarray(0, n), n)
    times.set(this.#monotonicMs.subarray(0, n), 2 * n)
    new Uint32Array(bytes.buffer, HEADER_BYTES + 24 * n, n).set(this.#lengths.subarray(0, n))
    const columns = new Uint16Array(bytes.buffer, HEADER_BYTES + 28 * n, COLUMNS * n)
    for (let i = 0; i < n; i++) {
      for (let column = 0; column < COLUMNS; column++) columns[column * n + i] = this.#indexes[i * COLUMNS + column] ?? NONE
    }
    bytes.set(dictionary, fixed)
    bytes.set(bodies, fixed + dictionary.length)
    return bytes
  }

  clear(): void {
    this.#count = 0
    this.#bodies.clear()
    this.#words.clear()
    this.#lastIndexes.fill(NONE)
  }
}

function grownTo(size: number, values: Float64Array): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(size)
  grown.set(values)
  return grown
}
