/** Castagnoli, reflected. */
const POLYNOMIAL = 0x82f63b78

function remainderOf(byte: number): number {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? POLYNOMIAL : 0)
  return rest
}
const TABLE = Int32Array.from({ length: 256 }, (_unused, byte) => remainderOf(byte))

/** CRC-32C of `bytes[from..to)`, 0 … 2^32 - 1. */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = -1
  for (let at = from; at < to; at++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0)
  return ~crc >>> 0
}
