const SCHEMES = ['http://www.', 'https://www.', 'http://', 'https://']
const ENDINGS = ['.com', '.org', '.edu', '.net', '.info', '.biz', '.gov']
/** Bytes 0 to 13: each ending first with a slash behind it, then without. */
const EXPANSIONS = [...ENDINGS.map((ending) => `${ending}/`), ...ENDINGS]

/** `bytes`: scheme and text as in an Eddystone-URL frame. Undefined when a byte is reserved. */
export function expandUrl(bytes: Uint8Array): string | undefined {
  let url = SCHEMES[bytes[0] ?? -1]
  if (url === undefined) return undefined
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    const text = EXPANSIONS[byte] ?? (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : undefined)
    if (text === undefined) return undefined
    url += text
  }
  return url
}

/** The shortest bytes for a URL; undefined when it has none of the schemes. For tests and simulators. */
export function shortenUrl(url: string): Uint8Array | undefined {
  const scheme = SCHEMES.findIndex((start) => url.startsWith(start))
  if (scheme < 0) return undefined
  const bytes = [scheme]
  for (let rest = url.slice(SCHEMES[scheme]?.length); rest !== ''; ) {
    const code = EXPANSIONS.findIndex((text) => rest.startsWith(text))
    bytes.push(code < 0 ? rest.charCodeAt(0) : code)
    rest = rest.slice(code < 0 ? 1 : EXPANSIONS[code]?.length)
  }
  return Uint8Array.from(bytes)
}
