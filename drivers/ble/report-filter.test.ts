import { expect, it } from 'vitest'
import { encodeAdStructures } from '../../firmware-protocols/kit/ad-structures.ts'
import { codecUuid, createReportFilter, fullUuid } from './report-filter.ts'
import { bleSettingsSchema } from './settings.ts'

const filterOf = (filter: object) => createReportFilter(bleSettingsSchema.parse({ filter }).filter)
const LONG = 'cba20d00-224d-11e6-9fb8-0002a5d5c51b'
const longLe = [...Buffer.from(LONG.replaceAll('-', ''), 'hex')].reverse()
const ad = (type: number, ...data: number[]): Uint8Array =>
  encodeAdStructures([
    { type: 1, data: Uint8Array.of(6) },
    { type, data: Uint8Array.from(data) }
  ])

it('is none when nothing is listed', () => {
  expect(createReportFilter(undefined)).toBeUndefined()
  expect(filterOf({})).toBeUndefined()
})

it.each([
  [{ addresses: ['AC:23:3F'] }, 'ac233f010203', ad(9, 0x41), true],
  [{ addresses: ['AC:23:3F'] }, 'ac2330010203', ad(9, 0x41), false],
  [{ addresses: ['c0ffee010203'] }, 'c0ffee010203', ad(9, 0x41), true],
  [{ addresses: ['c0ffee010203'] }, 'c0ffee010204', ad(9, 0x41), false],
  [{ companies: ['0499'] }, 'a', ad(0xff, 0x99, 0x04, 5), true],
  [{ companies: ['0x0499'] }, 'a', ad(0xff, 0x04, 0x99, 5), false],
  [{ companies: ['0499'] }, 'a', ad(0xff, 0x99), false],
  [{ services: ['FEAA'] }, 'a', ad(0x16, 0xaa, 0xfe, 0x20), true],
  [{ services: ['feaa'] }, 'a', ad(0x03, 0x0f, 0x18, 0xaa, 0xfe), true],
  [{ services: ['feaa'] }, 'a', ad(0x03, 0x0f, 0x18, 0xfe, 0xaa), false],
  [{ services: [LONG] }, 'a', ad(0x21, ...longLe, 1), true],
  [{ services: [LONG] }, 'a', ad(0x07, ...longLe), true],
  [{ services: ['0000feaa-0000-1000-8000-00805f9b34fb'] }, 'a', ad(0x20, 0xaa, 0xfe, 0, 0, 1), true],
  [{ services: ['feaa'], companies: ['0499'], addresses: ['01'] }, 'a', ad(0xff, 0x99, 0x04), true],
  [{ services: ['feaa'] }, 'a', Uint8Array.of(30, 0x16, 0xaa, 0xfe), false]
] as const)('%j, %s: %s', (filter, address, data, passes) => {
  expect(filterOf(filter)?.passes(address, data)).toBe(passes)
})

it('knows short and long forms of a UUID for one', () => {
  expect(fullUuid('2A37')).toBe('00002a3700001000800000805f9b34fb')
  expect(codecUuid('00002A37-0000-1000-8000-00805F9B34FB')).toBe('2a37')
  expect(codecUuid('2a37')).toBe('2a37')
  expect(codecUuid(LONG)).toBe(LONG.replaceAll('-', ''))
})
