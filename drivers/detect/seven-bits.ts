import type { Codec } from '../../firmware-protocols/codec.ts'
import { BytePortrait } from './byte-portrait.ts'
import type { LineSettings } from './detection.ts'
import { type Judged, rank } from './rank-streams.ts'
import { StreamPanel } from './stream-panel.ts'

const LEAST_BYTES = 64
/** Nearly every byte must have the parity that a seven-bit line has. */
const PARITY_SHARE = 0.97
const LEAST_HIGH_BITS = 0.1

export interface SevenBitLine {
  readonly line: Pick<LineSettings, 'dataBits' | 'parity'>
  readonly ranked: readonly Judged[]
}

/**
 * A line with seven data bits and a parity bit has the same length of characters as one with eight, so that its bytes come in whole, with
 * the parity in the highest bit. Undefined: this is none.
 */
export function sevenBitLine(bytes: Uint8Array, codecs: readonly Codec[]): SevenBitLine | undefined {
  const portrait = new BytePortrait()
  portrait.push(bytes)
  if (bytes.length < LEAST_BYTES || portrait.highBitShare < LEAST_HIGH_BITS) return undefined
  const { oddParityShare } = portrait
  const parity = oddParityShare >= PARITY_SHARE ? 'odd' : oddParityShare <= 1 - PARITY_SHARE ? 'even' : undefined
  if (parity === undefined) return undefined
  const panel = new StreamPanel(codecs.filter(({ encoding }) => encoding === 'text'))
  panel.push(bytes.map((byte) => byte & 0x7f))
  panel.end()
  const ranked = rank(panel.evidence())
  return ranked[0]?.detected === true ? { line: { dataBits: 7, parity }, ranked } : undefined
}
