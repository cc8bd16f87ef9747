const NAMED: Readonly<Record<string, number>> = { r: 13, n: 10, t: 9, '0': 0, '\\': 92 }
const ESCAPE = /\\(x[0-9a-fA-F]{2}|.|$)|[^\\]+/gsu
const encoder = new TextEncoder()

/**
 * Bytes of a text with escapes: `\r \n \t \0 \\` and `\xHH` for any byte; other characters as UTF-8. Undefined when an escape
 * is unknown or cut off.
 */
export function bytesOfEscaped(text: string): Uint8Array | undefined {
  const bytes: number[] = []
  for (const [part, escaped] of text.matchAll(ESCAPE)) {
    if (escaped === undefined) bytes.push(...encoder.encode(part))
    else {
      const byte = escaped.length === 3 ? Number.parseInt(escaped.slice(1), 16) : NAMED[escaped]
      if (byte === undefined) return undefined
      bytes.push(byte)
    }
  }
  return Uint8Array.from(bytes)
}
