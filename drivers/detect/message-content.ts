import { TextDecoder } from 'node:util'

const LARGEST_JSON_BYTES = 65_536
const SHOWN_KEYS = 8
const strict = new TextDecoder('utf-8', { fatal: true })

/** No text has these: control characters other than line ends, tabs and the like. */
const isControl = (byte: number): boolean => byte < 9 || (byte > 13 && byte < 0x20)

/** What a message consists of, without telling what it says: `json: id, rssi, …`, `text`, `binary`, `empty`. */
export function contentOf(payload: Uint8Array): string {
  if (payload.length === 0) return 'empty'
  let text: string
  try {
    text = strict.decode(payload)
  } catch {
    return 'binary'
  }
  if (payload.some(isControl)) return 'binary'
  if (payload.length > LARGEST_JSON_BYTES || !/^\s*[[{]/.test(text)) return 'text'
  try {
    return describeJson(JSON.parse(text))
  } catch {
    return 'text'
  }
}

function describeJson(value: unknown): string {
  const item: unknown = Array.isArray(value) ? value[0] : value
  if (typeof item !== 'object' || item === null) return 'json'
  const keys = Object.keys(item).map((key) => key.slice(0, 40))
  const list = keys.length > SHOWN_KEYS ? [...keys.slice(0, SHOWN_KEYS), '…'] : keys
  return `${Array.isArray(value) ? 'json list' : 'json'}: ${list.join(', ')}`
}
