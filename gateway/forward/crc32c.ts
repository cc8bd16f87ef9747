/** CRC-32C (Castagnoli), four bytes at a time: Kafka's checksum of a record batch covers all of it. */
const POLYNOMIAL = 0x82f63b78

function createTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const first = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    first[byte] = crc
  }
  const next = (table: Int32Array) => table.map((crc) => (crc >>> 8) ^ (first[crc & 0xff] ?? 0))
  const second = next(first)
  const third = next(second)
  return [first, second, third, next(third)]
}

const [T0, T1, T2, T3] = createTables()

/** Hot: no allocation, integer arithmetic only. */
export function crc32c(data: Uint8Array, from: number, to: number): number {
  let crc = -1
  let at = from
  for (; at + 4 <= to; at += 4) {
    crc ^= (data[at] as number) | ((data[at + 1] as number) << 8) | ((data[at + 2] as number) << 16) | ((data[at + 3] as number) << 24)
    crc = (T3[crc & 0xff] as number) ^ (T2[(crc >>> 8) & 0xff] as number) ^ (T1[(crc >>> 16) & 0xff] as number) ^ (T0[crc >>> 24] as number)
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ (T0[(crc ^ (data[at] as number)) & 0xff] as number)
  return (crc ^ -1) >>> 0
}
