const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/** murmur2 as Kafka's clients compute it: 32-bit, over the UTF-8 bytes of the key, the first `length` here. */
function murmur2(data: Uint8Array, length: number): number {
  let h = SEED ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let k = (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16) | ((data[at + 3] ?? 0) << 24)
    k = Math.imul(k, M)
    k = Math.imul(k ^ (k >>> R), M)
    h = Math.imul(h, M) ^ k
  }
  if (at < length) {
    let rest = 0
    for (let last = length - 1; last >= at; last--) rest = (rest << 8) | (data[last] ?? 0)
    h = Math.imul(h ^ rest, M)
  }
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}

const encoder = new TextEncoder()
/** An ASCII key that fits in here costs no memory. */
const scratch = new Uint8Array(256)

function hashOf(key: string): number {
  const { length } = key
  let ascii = length <= scratch.length
  for (let i = 0; ascii && i < length; i++) {
    const code = key.charCodeAt(i)
    ascii = code < 0x80
    scratch[i] = code
  }
  if (ascii) return murmur2(scratch, length)
  const bytes = encoder.encode(key)
  return murmur2(bytes, bytes.length)
}

/**
 * The partition that Kafka's default partitioner gives a key, so that other producers and tools agree with us. kafkajs
 * has the same function on BigInt, which costs more than the rest of a record.
 */
export function partitionOfKey(key: string, partitions: number): number {
  if (partitions === 1) return 0
  return (hashOf(key) & 0x7fffffff) % partitions
}
