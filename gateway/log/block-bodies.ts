import { bodyEnds, type OpenBatch } from './batch-codec.ts'
import { type Skeleton, SkeletonMatcher, skeletonOf, Tokens } from './body-skeleton.ts'
import type { ByteWriter } from './byte-buffer.ts'
import { GrowingColumn } from './growing-column.ts'
import { writeInts } from './int-column.ts'
import { TokenColumn, type Words } from './token-column.ts'

const MAX_SHAPES = 256
/** Of a type, those looked at before the shape of a text is found anew. */
const RECENT_SHAPES = 4
/** For texts of too many shapes: one hole, the whole text. */
const WHOLE: Skeleton = { pieces: ['', ''], kinds: ['text'] }

/** The events whose bodies are written: `types` (word indexes) and `times` by position, `order` of positions in the block. */
export interface BlockBodies {
  readonly batches: readonly OpenBatch[]
  readonly types: Float64Array
  readonly times: Float64Array
  readonly order: Uint32Array
  readonly words: Words
}

class Shape {
  readonly index: number
  readonly skeleton: Skeleton
  readonly columns: readonly TokenColumn[]
  readonly times = new GrowingColumn()
  readonly #matcher: SkeletonMatcher | undefined

  constructor(index: number, skeleton: Skeleton) {
    this.index = index
    this.skeleton = skeleton
    this.columns = skeleton.kinds.map(() => new TokenColumn())
    this.#matcher = skeleton === WHOLE ? undefined : new SkeletonMatcher(skeleton)
  }

  fill(bytes: Uint8Array, from: number, to: number, tokens: Tokens): boolean {
    if (this.#matcher !== undefined) return this.#matcher.match(bytes, from, to, tokens)
    tokens.count = 0
    tokens.text(from, to)
    return true
  }

  add(bytes: Buffer, tokens: Tokens, time: number): void {
    this.times.push(time)
    for (let hole = 0; hole < this.columns.length; hole++) {
      const decimals = tokens.decimals[hole] ?? -1
      if (decimals < 0) this.columns[hole]?.text(bytes, tokens.starts[hole] ?? 0, tokens.ends[hole] ?? 0)
      else this.columns[hole]?.number(tokens.mantissa[hole] ?? 0, decimals)
    }
  }
}

/** Shapes of a block, in the order in which they were met. */
class Shapes {
  readonly list: Shape[] = []
  readonly #byText = new Map<string, Shape>()
  /** By type, the last one first. */
  readonly #recent = new Map<number, Shape[]>()

  /** The shape of a text, and in `tokens` what stands in its holes. */
  match(type: number, bytes: Buffer, from: number, to: number, tokens: Tokens): Shape {
    const recent = this.#recent.get(type) ?? []
    const last = recent[0]
    if (last?.fill(bytes, from, to, tokens)) return last
    const known = recent.slice(1).find((shape) => shape.fill(bytes, from, to, tokens))
    const shape = known ?? this.#find(bytes, from, to)
    if (known === undefined && !shape.fill(bytes, from, to, tokens)) throw new RangeError('a text does not fit its own shape')
    const others = recent.filter((other) => other !== shape)
    this.#recent.set(type, [shape, ...others.slice(0, RECENT_SHAPES - 1)])
    return shape
  }

  #find(bytes: Buffer, from: number, to: number): Shape {
    const skeleton = this.#byText.size < MAX_SHAPES ? skeletonOf(bytes.subarray(from, to)) : WHOLE
    const name = JSON.stringify(skeleton)
    const known = this.#byText.get(name)
    if (known !== undefined) return known
    const shape = new Shape(this.list.length, skeleton)
    this.list.push(shape)
    this.#byText.set(name, shape)
    return shape
  }
}

/** Shapes, shape of each event, and a column for each hole of each shape. */
export function writeBodies(out: ByteWriter, { batches, types, times, order, words }: BlockBodies): void {
  const shapes = new Shapes()
  const tokens = new Tokens()
  const shapeOf = new Float64Array(order.length)
  const batchOf = new Uint16Array(order.length)
  const starts = new Uint32Array(order.length)
  const ends = new Uint32Array(order.length)
  placeBodies(batches, batchOf, starts, ends)
  for (let at = 0; at < order.length; at++) {
    const i = order[at] ?? 0
    const bytes = batches[batchOf[i] ?? 0]?.bodies
    if (bytes === undefined) continue
    const shape = shapes.match(types[i] ?? 0, bytes, starts[i] ?? 0, ends[i] ?? 0, tokens)
    shapeOf[at] = shape.index
    shape.add(bytes, tokens, times[i] ?? 0)
  }
  out.text(JSON.stringify(shapes.list.map(({ skeleton }) => [skeleton.pieces, skeleton.kinds.map((kind) => (kind === 'number' ? 1 : 0))])))
  writeInts(out, shapeOf)
  for (const shape of shapes.list) for (const column of shape.columns) column.write(out, words, shape.times.view())
}

/** In which batch the body of each event lies, and where. */
function placeBodies(batches: readonly OpenBatch[], batchOf: Uint16Array, starts: Uint32Array, ends: Uint32Array): void {
  let at = 0
  for (const [which, batch] of batches.entries()) {
    const own = bodyEnds(batch)
    for (let i = 0; i < batch.count; i++, at++) {
      batchOf[at] = which
      starts[at] = i === 0 ? 0 : (own[i - 1] ?? 0)
      ends[at] = own[i] ?? 0
    }
  }
}
