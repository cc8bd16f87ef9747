import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeAdStructures, readAdStructures } from './ad-structures.ts'

const structure = fc.record({ type: fc.integer({ min: 1, max: 255 }), data: fc.uint8Array({ maxLength: 60 }) })
const structures = fc.array(structure, { maxLength: 8 })

describe('AD structures', () => {
  it('reads back what was written, with any padding', () => {
    fc.assert(
      fc.property(structures, fc.nat(40), (list, padding) => {
        const payload = Uint8Array.of(...encodeAdStructures(list), ...new Uint8Array(padding))
        expect(readAdStructures(payload)).toEqual({ structures: list, cutOff: false })
      })
    )
  })

  it('keeps what came before a structure that runs past the end', () => {
    fc.assert(
      fc.property(structures, structure, fc.nat(60), (list, last, missing) => {
        const whole = encodeAdStructures([...list, last])
        const cut = whole.subarray(0, whole.length - 1 - (missing % (last.data.length + 1)))
        expect(readAdStructures(cut)).toEqual({ structures: list, cutOff: true })
      })
    )
  })

  it('finds the scan response behind the padding of its advert', () => {
    const block = new Uint8Array(62)
    block.set([2, 1, 6, 3, 0xff, 0x4c, 0])
    block.set([5, 9, 0x41, 0x42, 0x43, 0x44], 31)
    expect(readAdStructures(block).structures.map(({ type }) => type)).toEqual([0x01, 0xff, 0x09])
    expect(readAdStructures(Uint8Array.of(...block, 0)).structures.map(({ type }) => type)).toEqual([0x01, 0xff])
    block[20] = 1
    expect(readAdStructures(block).structures.map(({ type }) => type)).toEqual([0x01, 0xff])
  })

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 31 }), fc.uint8Array({ minLength: 63, maxLength: 400 })), (payload) => {
        const read = readAdStructures(payload)
        expect(encodeAdStructures(read.structures)).toEqual(
          payload.subarray(
            0,
            read.structures.reduce((sum, { data }) => sum + data.length + 2, 0)
          )
        )
      })
    )
  })
})
