/** The four 64-bit words v0 … v3, each as its low and its high half. One for all: nothing is kept between calls. */
const v = new Int32Array(8)

function add(to: number, from: number): void {
  const low = ((v[to] ?? 0) >>> 0) + ((v[from] ?? 0) >>> 0)
  v[to + 1] = (v[to + 1] ?? 0) + (v[from + 1] ?? 0) + (low > 0xffff_ffff ? 1 : 0)
  v[to] = low
}

/** v[at] = (v[at] rotated left by `bits` below 32) xor v[other]. */
function rotateXor(at: number, bits: number, other: number): void {
  const low = v[at] ?? 0
  const high = v[at + 1] ?? 0
  v[at] = ((low << bits) | (high >>> (32 - bits))) ^ (v[other] ?? 0)
  v[at + 1] = ((high << bits) | (low >>> (32 - bits))) ^ (v[other + 1] ?? 0)
}

function swapHalves(at: number): void {
  const low = v[at] ?? 0
  v[at] = v[at + 1] ?? 0
  v[at + 1] = low
}

function round(): void {
  add(0, 2)
  rotateXor(2, 13, 0)
  swapHalves(0)
  add(4, 6)
  rotateXor(6, 16, 4)
  add(0, 6)
  rotateXor(6, 21, 0)
  add(4, 2)
  rotateXor(2, 17, 4)
  swapHalves(4)
}

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)

function block(low: number, high: number): void {
  v[6] = (v[6] ?? 0) ^ low
  v[7] = (v[7] ?? 0) ^ high
  round()
  round()
  v[0] = (v[0] ?? 0) ^ low
  v[1] = (v[1] ?? 0) ^ high
}

/**
 * SipHash-2-4 of `bytes[from..to)` (Aumasson and Bernstein, 2012) into `mac`: the 8 bytes of the result, least significant
 * first. `key`: 16 bytes. For messages below 4 GiB.
 */
export function sipHash24(key: Uint8Array, bytes: Uint8Array, from: number, to: number, mac: Uint8Array): void {
  const k0 = word(key, 0)
  const k1 = word(key, 4)
  const k2 = word(key, 8)
  const k3 = word(key, 12)
  // "somepseudorandomlygeneratedbytes"
  v[0] = 0x70736575 ^ k0
  v[1] = 0x736f6d65 ^ k1
  v[2] = 0x6e646f6d ^ k2
  v[3] = 0x646f7261 ^ k3
  v[4] = 0x6e657261 ^ k0
  v[5] = 0x6c796765 ^ k1
  v[6] = 0x79746573 ^ k2
  v[7] = 0x74656462 ^ k3
  let at = from
  for (; at + 8 <= to; at += 8) block(word(bytes, at), word(bytes, at + 4))
  let low = 0
  let high = (to - from) << 24
  for (let shift = 0; at < to; at++, shift += 8) {
    if (shift < 32) low |= (bytes[at] ?? 0) << shift
    else high |= (bytes[at] ?? 0) << (shift - 32)
  }
  block(low, high)
  v[4] = (v[4] ?? 0) ^ 0xff
  for (let i = 0; i < 4; i++) round()
  for (let i = 0; i < 8; i++) {
    const half = i >> 2
    const folded = (v[half] ?? 0) ^ (v[2 + half] ?? 0) ^ (v[4 + half] ?? 0) ^ (v[6 + half] ?? 0)
    mac[i] = (folded >>> (8 * (i & 3))) & 0xff
  }
}
