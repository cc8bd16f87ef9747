/** The two digits of each byte: looking them up costs a fraction of making them, and ids are made for every frame. */
const LOWER = Array.from({ length: 256 }, (_unused, byte) => byte.toString(16).padStart(2, '0'))
const UPPER = LOWER.map((digits) => digits.toUpperCase())

/** Lower-case hex without separators. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += LOWER[bytes[i] ?? 0] ?? ''
  return text
}

/** As `toHex`, of `bytes[from..to)` last byte first: a little-endian number as people write it. */
export function toHexReversed(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let i = to - 1; i >= from; i--) text += LOWER[bytes[i] ?? 0] ?? ''
  return text
}

/** Bytes of a hex text; blanks, colons and dashes between digits are allowed. Undefined when it is no hex. */
export function fromHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/[\s:-]/g, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** Six bytes in display order as `CB:B8:33:4C:88:4F`. */
export function formatMac(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += (i === 0 ? '' : ':') + (UPPER[bytes[i] ?? 0] ?? '')
  return text
}

/** Sixteen bytes in display order as `00112233-4455-6677-8899-aabbccddeeff`. */
export function formatUuid(bytes: Uint8Array, start = 0): string {
  let text = ''
  for (let i = 0; i < 16; i++) text += (i === 4 || i === 6 || i === 8 || i === 10 ? '-' : '') + (LOWER[bytes[start + i] ?? 0] ?? '')
  return text
}
