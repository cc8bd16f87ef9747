/** Bloom filter of the keys in a block: about ten bits a key, one false yes in a hundred. */
const BITS_PER_KEY = 10
const PROBES = 7

export function keyFilter(keys: Iterable<string>): Uint8Array {
  const all = [...keys]
  const filter = new Uint8Array(Math.max(1, Math.ceil((all.length * BITS_PER_KEY) / 8)))
  for (const key of all)
    eachBit(key, filter.length * 8, (bit) => {
      filter[bit >> 3] = (filter[bit >> 3] ?? 0) | (1 << (bit & 7))
      return true
    })
  return filter
}

/** False: certainly none of these keys. */
export function hasAnyKey(filter: Uint8Array, keys: ReadonlySet<string>): boolean {
  for (const key of keys) if (eachBit(key, filter.length * 8, (bit) => ((filter[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0)) return true
  return false
}

/** Visits the bits of a key while `visit` says so; true: all were visited. */
function eachBit(key: string, bits: number, visit: (bit: number) => boolean): boolean {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x85ebca6b)
    b ^= b >>> 13
  }
  for (let probe = 0; probe < PROBES; probe++) if (!visit(((a + Math.imul(probe, b | 1)) >>> 0) % bits)) return false
  return true
}
