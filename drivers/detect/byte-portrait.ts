import type { ByteLook } from './detection.ts'

const CR = 13
const LF = 10
const TAB = 9
/** Fewer say nothing. */
const FEW_BYTES = 16
const SAMPLE_BYTES = 64
const COMMONEST = 5
const TEXT_SHARE = 0.95
const CONSTANT_SHARE = 0.98

/**
 * A slower line, sampled too often, shows each of its bits several times: mostly zeros, then ones (least significant bit first), and at
 * any rate few different bytes.
 */
const LONG_LEVELS: ReadonlySet<number> = new Set([0x80, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc, 0xfe])
const LONG_LEVEL_SHARE = 0.6
const FEW_DISTINCT = 16
const ENOUGH_BYTES = 64
/** Fewer different ones are no text. */
const TEXT_DISTINCT = 5

/** Counts bytes by their value, so that it can be said what they look like. Memory does not grow. */
export class BytePortrait {
  readonly #counts = new Float64Array(256)
  readonly #sample: number[] = []
  bytes = 0

  push(chunk: Uint8Array): void {
    this.bytes += chunk.length
    for (const byte of chunk) this.#counts[byte] = this.#of(byte) + 1
    for (let at = 0; at < chunk.length && this.#sample.length < SAMPLE_BYTES; at++) this.#sample.push(chunk[at] ?? 0)
  }

  get lineEnds(): number {
    return this.#of(CR) + this.#of(LF)
  }

  get printableShare(): number {
    let printable = this.lineEnds + this.#of(TAB)
    for (let byte = 0x20; byte < 0x7f; byte++) printable += this.#of(byte)
    return this.#share(printable)
  }

  /** Share of bytes with an odd number of ones. */
  get oddParityShare(): number {
    let odd = 0
    for (let byte = 0; byte < 256; byte++) if (onesAreOdd(byte)) odd += this.#of(byte)
    return this.#share(odd)
  }

  get highBitShare(): number {
    let high = 0
    for (let byte = 128; byte < 256; byte++) high += this.#of(byte)
    return this.#share(high)
  }

  look(): ByteLook {
    const byCount = Array.from(this.#counts, (count, byte) => ({ byte, count }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count || a.byte - b.byte)
    return {
      bytes: this.bytes,
      printableShare: rounded(this.printableShare),
      distinctBytes: byCount.length,
      commonest: byCount.slice(0, COMMONEST).map(({ byte, count }) => ({ byte: hex(byte), share: rounded(this.#share(count)) })),
      impression: this.#impression(byCount[0]?.count ?? 0, byCount.length),
      sample: this.#sample.map(shown).join('')
    }
  }

  #impression(mostFrequent: number, distinct: number): ByteLook['impression'] {
    if (this.bytes === 0) return 'nothing'
    if (this.bytes < FEW_BYTES) return 'few'
    let long = 0
    for (const byte of LONG_LEVELS) long += this.#of(byte)
    if (this.#share(long) >= LONG_LEVEL_SHARE) return 'slower-line'
    if (this.#share(mostFrequent) >= CONSTANT_SHARE) return 'constant'
    if (this.printableShare >= TEXT_SHARE && distinct >= TEXT_DISTINCT) return 'text'
    return this.bytes >= ENOUGH_BYTES && distinct <= FEW_DISTINCT ? 'slower-line' : 'binary'
  }

  #of(byte: number): number {
    return this.#counts[byte] ?? 0
  }

  #share(count: number): number {
    return this.bytes === 0 ? 0 : count / this.bytes
  }
}

export function onesAreOdd(byte: number): boolean {
  let ones = 0
  for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1
  return ones % 2 === 1
}

export const rounded = (share: number): number => Math.round(share * 1000) / 1000

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

function shown(byte: number): string {
  if (byte === CR) return '\\r'
  if (byte === LF) return '\\n'
  return byte >= 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : `\\x${hex(byte)}`
}
