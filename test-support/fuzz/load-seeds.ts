import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Codec, FrameContext } from '../../firmware-protocols/codec.ts'
import { readInputLine } from '../../firmware-protocols/decode-line.ts'

/** A frame that its protocol takes, with what its bytes do not carry. */
export interface SeedFrame {
  readonly bytes: Uint8Array
  readonly context: FrameContext
}

interface Vector {
  readonly lines: readonly (string | object)[]
  readonly expect: { readonly readings?: readonly object[] }
}

/** The frames of a protocol's own vectors that give readings; where a vector has several lines, all of them. Throws without any. */
export function loadSeeds(codec: Codec): readonly SeedFrame[] {
  const { protocol } = codec
  const url = new URL(`../../../firmware-protocols/${protocol}/${protocol}.vectors.json`, import.meta.url)
  const vectors = existsSync(fileURLToPath(url)) ? (JSON.parse(readFileSync(url, 'utf8')) as readonly Vector[]) : []
  const seeds = vectors
    .filter(({ expect }) => expect.readings !== undefined)
    .flatMap(({ lines }) => lines)
    .flatMap((line) => {
      const input = readInputLine(codec, typeof line === 'string' ? line : JSON.stringify(line))
      return 'error' in input || input.bytes.length === 0 ? [] : [{ bytes: withLineEnd(codec, input.bytes), context: input.context }]
    })
  if (seeds.length === 0) throw new Error(`${protocol} has no vectors that give readings`)
  return seeds
}

/** A vector may leave out the line end that a live line has. */
function withLineEnd(codec: Codec, bytes: Uint8Array): Uint8Array {
  const last = bytes.at(-1)
  if (codec.encoding !== 'text' || codec.createFramer === undefined || last === 10 || last === 13) return bytes
  return Uint8Array.of(...bytes, 13, 10)
}
