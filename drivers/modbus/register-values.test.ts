import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitValue, registersOf, registerValue, type ValueFormat, type ValueType } from './register-values.ts'

const PLAIN: ValueFormat = { type: 'uint16', wordOrder: 'big', byteOrder: 'big', scale: 1, offset: 0, invalid: [] }
const order = fc.constantFrom('big' as const, 'little' as const)

const WRITERS: Readonly<Record<string, readonly [fc.Arbitrary<number | bigint>, (view: DataView, value: never) => void]>> = {
  int16: [fc.integer({ min: -0x8000, max: 0x7fff }), (view, value: number) => view.setInt16(0, value)],
  uint16: [fc.integer({ min: 0, max: 0xffff }), (view, value: number) => view.setUint16(0, value)],
  int32: [fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }), (view, value: number) => view.setInt32(0, value)],
  uint32: [fc.integer({ min: 0, max: 0xffff_ffff }), (view, value: number) => view.setUint32(0, value)],
  int64: [fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }), (view, value: bigint) => view.setBigInt64(0, value)],
  uint64: [fc.bigInt({ min: 0n, max: 2n ** 53n }), (view, value: bigint) => view.setBigUint64(0, value)],
  float32: [fc.float({ noNaN: true, noDefaultInfinity: true }), (view, value: number) => view.setFloat32(0, value)],
  float64: [fc.double({ noNaN: true, noDefaultInfinity: true }), (view, value: number) => view.setFloat64(0, value)]
}

/** Registers as a device with this order of words and bytes would send them. */
function sent(bytes: Uint8Array, wordOrder: string, byteOrder: string): Uint8Array {
  const words = Array.from({ length: bytes.length / 2 }, (_, word) => [...bytes.subarray(word * 2, word * 2 + 2)])
  if (wordOrder === 'little') words.reverse()
  return Uint8Array.from(words.flatMap((word) => (byteOrder === 'little' ? word.reverse() : word)))
}

describe('values of registers', () => {
  it.each(Object.entries(WRITERS))('%s is read in every order of words and bytes, wherever it lies', (name, [values, write]) => {
    const type = name as ValueType
    fc.assert(
      fc.property(values, order, order, fc.nat(5), (value, wordOrder, byteOrder, before) => {
        const count = registersOf(type)
        const bytes = new Uint8Array(count * 2)
        write(new DataView(bytes.buffer), value as never)
        const data = Uint8Array.from([...new Uint8Array(before * 2).fill(0xaa), ...sent(bytes, wordOrder, byteOrder), 0x55, 0x55])
        expect(registerValue(data, before, count, { ...PLAIN, type, wordOrder, byteOrder })).toBe(Number(value))
      })
    )
  })

  it.each([
    ['0x41C80000 as it should be', [0x41, 0xc8, 0, 0], 'big', 'big'],
    ['with words swapped', [0, 0, 0x41, 0xc8], 'little', 'big'],
    ['with bytes swapped', [0xc8, 0x41, 0, 0], 'big', 'little'],
    ['with both swapped', [0, 0, 0xc8, 0x41], 'little', 'little']
  ] as const)('25.0 is read %s', (_, bytes, wordOrder, byteOrder) => {
    expect(registerValue(Uint8Array.from(bytes), 0, 2, { ...PLAIN, type: 'float32', wordOrder, byteOrder })).toBe(25)
  })

  it('scales without showing the binary fractions', () => {
    expect(registerValue(Uint8Array.from([0, 3]), 0, 1, { ...PLAIN, scale: 0.1 })).toBe(0.3)
    expect(registerValue(Uint8Array.from([0, 212]), 0, 1, { ...PLAIN, scale: 0.1, offset: -40 })).toBe(-18.8)
  })

  it('has no value where the device says that it has none, given with or without its sign', () => {
    const lowest = Uint8Array.from([0x80, 0])
    for (const invalid of [[0x8000], [-32_768]]) expect(registerValue(lowest, 0, 1, { ...PLAIN, type: 'int16', invalid })).toBeUndefined()
    expect(registerValue(Uint8Array.from([0x7f, 0xff]), 0, 1, { ...PLAIN, type: 'int16', invalid: [0x8000] })).toBe(0x7fff)
    const all = new Uint8Array(8).fill(0xff)
    expect(registerValue(all, 0, 4, { ...PLAIN, type: 'uint64', invalid: [Number(0xffff_ffff_ffff_ffffn)] })).toBeUndefined()
    expect(registerValue(all, 0, 2, { ...PLAIN, type: 'float32' })).toBeUndefined()
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, -999.9)
    expect(registerValue(bytes, 0, 2, { ...PLAIN, type: 'float32', invalid: [-999.9] })).toBeUndefined()
  })

  it('reads single bits of registers and of tables of bits', () => {
    const data = Uint8Array.from([0x80, 0x01])
    const bits = Array.from({ length: 16 }, (_, bit) => registerValue(data, 0, 1, { ...PLAIN, type: 'bit', bit }))
    expect(bits.flatMap((isOn, bit) => (isOn === true ? [bit] : []))).toEqual([0, 15])
    const coils = Array.from({ length: 17 }, (_, index) => bitValue(Uint8Array.from([0b0000_0101, 0b1000_0000]), index))
    expect(coils.flatMap((isOn, index) => (isOn === true ? [index] : []))).toEqual([0, 2, 15])
    expect(coils[16]).toBeUndefined()
  })

  it('reads texts up to their end, and none from blanks', () => {
    const text = (bytes: string, byteOrder: 'big' | 'little' = 'big') =>
      registerValue(new TextEncoder().encode(bytes), 0, bytes.length / 2, { ...PLAIN, type: 'string', byteOrder, wordOrder: 'little' })
    expect(text('XR-500\0z')).toBe('XR-500')
    expect(text('RX5-00', 'little')).toBe('XR-500')
    expect(text('    ')).toBeUndefined()
  })

  it('takes any bytes, and has nothing where the answer is too short', () => {
    const format = fc.record({
      type: fc.constantFrom('int16' as const, 'float32' as const, 'uint64' as const, 'string' as const, 'bit' as const),
      wordOrder: order,
      byteOrder: order,
      scale: fc.double({ noNaN: true }),
      offset: fc.double({ noNaN: true }),
      invalid: fc.array(fc.integer()),
      bit: fc.nat(15)
    })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(10), format, (data, register, form) => {
        const count = registersOf(form.type)
        const value = registerValue(data, register, count, form)
        if ((register + count) * 2 > data.length) expect(value).toBeUndefined()
      })
    )
  })
})
