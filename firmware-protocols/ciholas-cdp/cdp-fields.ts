import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { f32, i8, i16, i32, u16, u32, u64Text } from '../kit/little-endian.ts'
import { utf8Text } from '../kit/text.ts'
import type { Json } from '../reading.ts'

/** Bytes of each kind of number. `mm` and `umm`: millimetres, read as metres; `quality`: 0..10 000, read as percent. */
const SIZES = {
  serial: 4,
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  f32: 4,
  mm: 4,
  umm: 4,
  quality: 2,
  centi: 2,
  xyz: 12
} as const
export type NumberKind = keyof typeof SIZES

export type CdpField =
  | { readonly name: string; readonly kind: NumberKind }
  | { readonly name: string; readonly kind: 'text' | 'hex' /** Absent: all that is left. */; readonly size?: number }
  | { readonly name: string; readonly kind: 'list'; readonly of: readonly CdpField[] }
  | { readonly name: string; readonly kind: 'numbers'; readonly of: NumberKind }

/** Ciholas prints serial numbers as `01:04:0123`. */
export function serialText(bytes: Uint8Array, at: number): string {
  const hex = u32(bytes, at).toString(16).padStart(8, '0').toUpperCase()
  return `${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`
}

export const serialId = (bytes: Uint8Array, at: number): string => u32(bytes, at).toString(16).padStart(8, '0')

function readNumber(kind: NumberKind, bytes: Uint8Array, at: number): Json {
  switch (kind) {
    case 'serial':
      return serialText(bytes, at)
    case 'u8':
      return bytes[at] ?? 0
    case 'i8':
      return i8(bytes, at)
    case 'u16':
      return u16(bytes, at)
    case 'i16':
      return i16(bytes, at)
    case 'u32':
      return u32(bytes, at)
    case 'i32':
      return i32(bytes, at)
    case 'u64':
      return u64Text(bytes, at)
    case 'f32': {
      const value = f32(bytes, at)
      return Number.isFinite(value) ? value : null
    }
    case 'mm':
      return i32(bytes, at) / 1000
    case 'umm':
      return u32(bytes, at) / 1000
    case 'quality':
      return u16(bytes, at) / 100
    case 'centi':
      return i16(bytes, at) / 100
    case 'xyz':
      return { x: i32(bytes, at) / 1000, y: i32(bytes, at + 4) / 1000, z: i32(bytes, at + 8) / 1000 }
  }
}

/** Text ends at its first zero; what follows in a field of fixed size is junk. */
function readText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return utf8Text(end < 0 ? bytes : bytes.subarray(0, end))
}

const lengthOf = (fields: readonly CdpField[]): number =>
  fields.reduce((sum, field) => sum + (field.kind in SIZES ? SIZES[field.kind as NumberKind] : 0), 0)

function readList(of: readonly CdpField[], bytes: Uint8Array): Json[] | undefined {
  const each = lengthOf(of)
  if (bytes.length % each !== 0) return undefined
  const items: Json[] = []
  for (let at = 0; at < bytes.length; at += each) {
    const item: Extra = {}
    readFields(of, bytes.subarray(at, at + each), item)
    items.push(item)
  }
  return items
}

function readNumbers(of: NumberKind, bytes: Uint8Array): Json[] | undefined {
  if (bytes.length % SIZES[of] !== 0) return undefined
  const items: Json[] = []
  for (let at = 0; at < bytes.length; at += SIZES[of]) items.push(readNumber(of, bytes, at))
  return items
}

/** Value and size of one field in what is left of an item; undefined where it does not fit. */
function readField(field: CdpField, left: Uint8Array): { readonly value: Json; readonly size: number } | undefined {
  if (field.kind === 'list' || field.kind === 'numbers') {
    const value = field.kind === 'list' ? readList(field.of, left) : readNumbers(field.of, left)
    return value && { value, size: left.length }
  }
  if (field.kind === 'text' || field.kind === 'hex') {
    const size = field.size ?? left.length
    if (size > left.length) return undefined
    const bytes = left.subarray(0, size)
    return { value: field.kind === 'text' ? readText(bytes) : toHex(bytes), size }
  }
  const size = SIZES[field.kind]
  return size > left.length ? undefined : { value: readNumber(field.kind, left, 0), size }
}

/** Reads fields in order into `extra`; what stands behind them is kept as `rest_hex`. False: the bytes end before they do. */
export function readFields(fields: readonly CdpField[], bytes: Uint8Array, extra: Extra): boolean {
  let at = 0
  for (const field of fields) {
    const read = readField(field, bytes.subarray(at))
    if (read === undefined) return false
    extra[field.name] = read.value
    at += read.size
  }
  if (at < bytes.length) extra['rest_hex'] = toHex(bytes.subarray(at))
  return true
}

/** `serial serial, u64 network_time_ticks, text name` as fields; `text:50` gives a size, `u16[]` a list of numbers. */
export function fieldsOf(layout: string, lists: Readonly<Record<string, string>> = {}): readonly CdpField[] {
  return layout.split(', ').map((part): CdpField => {
    const [type = '', name = ''] = part.split(' ')
    const [kind = '', size] = type.split(':')
    const list = lists[name]
    if (list !== undefined) return { name, kind: 'list', of: fieldsOf(list) }
    if (kind.endsWith('[]')) return { name, kind: 'numbers', of: kind.slice(0, -2) as NumberKind }
    if (kind === 'text' || kind === 'hex') return size === undefined ? { name, kind } : { name, kind, size: Number(size) }
    return { name, kind: kind as NumberKind }
  })
}
