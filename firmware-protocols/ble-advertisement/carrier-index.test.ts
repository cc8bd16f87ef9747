import { describe, expect, it } from 'vitest'
import { type AdvertisementReader, type Carrier, FOREIGN } from './advertisement-reader.ts'
import { CarrierIndex, carrierIdOf, uuidText } from './carrier-index.ts'

const reader = (title: string, carrier: Carrier): AdvertisementReader => ({ title, carrier, read: () => FOREIGN })
const index = new CarrierIndex([
  reader('any company', { anyCompany: true }),
  reader('any service', { anyService: true }),
  reader('ruuvi 1', { companyId: 0x0499 }),
  reader('ruuvi 2', { companyId: 0x0499 }),
  reader('minew', { serviceUuid: 0xffe1 }),
  reader('wide', { serviceUuid32: 0x8765_4321 }),
  reader('widest', { serviceUuid128: '00112233-4455-6677-8899-aabbccddeeff' })
])
const titles = (type: number, ...data: number[]): string[] =>
  index.readersOf({ type, data: Uint8Array.from(data) }).map(({ title }) => title)

describe('the readers of a structure', () => {
  it('are those of its very id, in their order, and then those of any', () => {
    expect(titles(0xff, 0x99, 0x04, 1)).toEqual(['ruuvi 1', 'ruuvi 2', 'any company'])
    expect(titles(0xff, 0x4c, 0x00)).toEqual(['any company'])
    expect(titles(0x16, 0xe1, 0xff, 1)).toEqual(['minew', 'any service'])
    expect(titles(0x16, 0x99, 0x04)).toEqual(['any service'])
  })

  it('are found under UUIDs of every length, sent from the last byte to the first', () => {
    expect(titles(0x20, 0x21, 0x43, 0x65, 0x87)).toEqual(['wide'])
    expect(titles(0x20, 0xe1, 0xff, 0, 0)).toEqual([])
    const bytes = [0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00]
    expect(titles(0x21, ...bytes, 7)).toEqual(['widest'])
    expect(titles(0x21, ...bytes.toReversed(), 7)).toEqual([])
  })

  it('are told the id as a number and people as they write it', () => {
    const wide = { type: 0x20, data: Uint8Array.of(0x21, 0x43, 0x65, 0x87, 1) }
    expect(carrierIdOf(wide)).toBe(0x8765_4321)
    expect(uuidText(wide.data.subarray(0, 4))).toBe('87654321')
    expect(carrierIdOf({ type: 0xff, data: Uint8Array.of(0x99, 0x04) })).toBe(0x0499)
  })
})
