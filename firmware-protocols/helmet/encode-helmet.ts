import { ByteWriter } from '../kit/byte-writer.ts'
import { eachField, FIELD } from './helmet-fields.ts'

interface Layout {
  readonly head?: readonly number[]
  readonly item?: readonly number[]
}

/**
 * Fields as whole numbers, for simulators and tests: bytes of each number of a field, negative for signed ones; those of
 * `item` repeat up to its end. Ids of anchors are 8 numbers of a byte, times are the low and the high half.
 */
export const LAYOUTS: { readonly [type: number]: Layout } = {
  [FIELD.position]: { head: [-4, -4, -4, 2, 1] },
  [FIELD.place]: { head: [-4, -4, -4, 2] },
  [FIELD.ranges]: { item: [1, 1, 1, 1, 1, 1, 1, 1, 4, 1, -1] },
  [FIELD.battery]: { head: [2, 1, 1] },
  [FIELD.alarms]: { item: [1, 1, 1, 1] },
  [FIELD.acceleration]: { head: [2, 2, 2, -2, -2, -2] },
  [FIELD.samples]: { head: [2, 2], item: [-2, -2, -2] },
  [FIELD.climate]: { head: [-2, 2, 4] },
  [FIELD.gases]: { item: [1, 1, 4] },
  [FIELD.wearer]: { head: [1, 1, 1] },
  [FIELD.time]: { head: [4, 4] },
  [FIELD.uptime]: { head: [4] },
  [FIELD.answer]: { head: [4, 1] },
  [FIELD.firmware]: { item: [1] },
  [FIELD.movement]: { head: [2, 1] },
  [FIELD.commandId]: { head: [4] },
  [FIELD.vibrate]: { head: [1, 2] },
  [FIELD.led]: { head: [1, 1, 1, 1, 2] },
  [FIELD.sound]: { head: [1, 1, 2] },
  [FIELD.text]: { item: [1] },
  [FIELD.sosReceived]: { head: [] },
  [FIELD.raw]: { item: [1] }
}
const AS_BYTES: Layout = { item: [1] }

export interface RawField {
  readonly type: number
  readonly values: readonly number[]
}

/** Bytes of the `index`-th number; negative: signed. */
function widthOf(type: number, index: number): number {
  const { head = [], item = [] } = LAYOUTS[type] ?? AS_BYTES
  return head[index] ?? item[(index - head.length) % item.length] ?? 0
}

export function encodeFields(fields: readonly RawField[]): Uint8Array {
  const writer = new ByteWriter()
  for (const { type, values } of fields) {
    const value = new ByteWriter()
    values.forEach((each, index) => {
      value.int(each, Math.abs(widthOf(type, index)))
    })
    writer.u8(type)
    if (value.length < 255) writer.u8(value.length)
    else writer.u8(255).u16(value.length)
    writer.bytes(value.done())
  }
  return writer.done()
}

function numberAt(bytes: Uint8Array, at: number, width: number): number {
  const count = Math.abs(width)
  let value = 0
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0)
  return width < 0 && value >= 2 ** (8 * count - 1) ? value - 2 ** (8 * count) : value
}

/** The opposite of `encodeFields`; a field that its layout does not fill is given as bytes. Undefined: malformed. */
export function decodeFields(bytes: Uint8Array): RawField[] | undefined {
  const fields: RawField[] = []
  const whole = eachField(bytes, 0, bytes.length, (type, at, end) => {
    const values: number[] = []
    let from = at
    while (from < end) {
      const width = widthOf(type, values.length)
      if (width === 0 || from + Math.abs(width) > end) break
      values.push(numberAt(bytes, from, width))
      from += Math.abs(width)
    }
    fields.push({ type, values })
  })
  return whole ? fields : undefined
}
