/** How a value lies in its registers or bits. */
export interface ValueFormat {
  readonly type: ValueType
  /** `big`: the register with the high half first, as most devices have it. Of no effect on texts. */
  readonly wordOrder: 'big' | 'little'
  /** `big`: the high byte of a register first, as the protocol says; some devices swap them all the same. */
  readonly byteOrder: 'big' | 'little'
  readonly scale: number
  readonly offset: number
  /** Raw values, before scale and offset, by which the device says that it has none. */
  readonly invalid: readonly number[]
  /** Which bit of a register, 0 is the lowest. */
  readonly bit?: number | undefined
}

export const VALUE_TYPES = ['bit', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64', 'string'] as const
export type ValueType = (typeof VALUE_TYPES)[number]

const REGISTERS: Readonly<Record<ValueType, number>> = {
  bit: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  int64: 4,
  uint64: 4,
  float32: 2,
  float64: 4,
  string: 1
}

/** Registers that a value takes; `length` is that of a text. */
export function registersOf(type: ValueType, length = 1): number {
  return type === 'string' ? length : REGISTERS[type]
}

/** Digits of a double that are sure: 3 × 0.1 is 0.3. */
const SURE_DIGITS = 15

/** The bytes of `count` registers in the order of the greatest first. `data`: registers as on the wire. */
function arranged(data: Uint8Array, register: number, count: number, { byteOrder, type, wordOrder }: ValueFormat): DataView | undefined {
  if (register < 0 || (register + count) * 2 > data.length) return undefined
  const bytes = new Uint8Array(count * 2)
  for (let word = 0; word < count; word++) {
    const from = (register + (wordOrder === 'little' && type !== 'string' ? count - 1 - word : word)) * 2
    const [high, low] = byteOrder === 'little' ? [1, 0] : [0, 1]
    bytes[word * 2] = data[from + high] ?? 0
    bytes[word * 2 + 1] = data[from + low] ?? 0
  }
  return new DataView(bytes.buffer)
}

/** The number as the device has it, and the same bits without a sign, by which data sheets often give their sentinels. */
function rawOf(view: DataView, type: Exclude<ValueType, 'bit' | 'string'>): readonly [number, number] {
  switch (type) {
    case 'int16':
      return [view.getInt16(0), view.getUint16(0)]
    case 'uint16':
      return [view.getUint16(0), view.getUint16(0)]
    case 'int32':
      return [view.getInt32(0), view.getUint32(0)]
    case 'uint32':
      return [view.getUint32(0), view.getUint32(0)]
    case 'int64':
      return [Number(view.getBigInt64(0)), Number(view.getBigUint64(0))]
    case 'uint64':
      return [Number(view.getBigUint64(0)), Number(view.getBigUint64(0))]
    case 'float32':
      return [view.getFloat32(0), view.getFloat32(0)]
    case 'float64':
      return [view.getFloat64(0), view.getFloat64(0)]
  }
}

function textOf(view: DataView): string | undefined {
  let text = ''
  for (let index = 0; index < view.byteLength; index++) {
    const code = view.getUint8(index)
    if (code === 0) break
    if (code >= 0x20 && code < 0x7f) text += String.fromCharCode(code)
  }
  return text.trim() || undefined
}

/**
 * A value from the registers of an answer (two bytes each, as on the wire), `register` counted from the first of them. Integers
 * beyond 2^53 lose their last digits. Undefined: the device says that it has no such value, or the answer is too short.
 */
export function registerValue(
  data: Uint8Array,
  register: number,
  count: number,
  format: ValueFormat
): number | string | boolean | undefined {
  const view = arranged(data, register, count, format)
  if (view === undefined) return undefined
  const { bit, invalid, offset, scale, type } = format
  if (type === 'string') return textOf(view)
  if (type === 'bit') return ((view.getUint16(0) >> (bit ?? 0)) & 1) === 1
  const [raw, pattern] = rawOf(view, type)
  if (!Number.isFinite(raw)) return undefined
  if (invalid.some((value) => value === raw || value === pattern || (type === 'float32' && Math.fround(value) === raw))) return undefined
  return scale === 1 && offset === 0 ? raw : Number((raw * scale + offset).toPrecision(SURE_DIGITS))
}

/** A bit from the answer to a request for coils or discrete inputs: eight to a byte, the lowest first. */
export function bitValue(data: Uint8Array, index: number): boolean | undefined {
  const byte = data[index >> 3]
  return byte === undefined ? undefined : ((byte >> (index & 7)) & 1) === 1
}
