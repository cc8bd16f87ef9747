import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { formatMac, fromHex, toHex } from './hex.ts'
import { boundedJson, finiteNumber, parseLooseJson, snakeCase } from './json.ts'
import { latin1Text } from './text.ts'

const bytes = fc.uint8Array({ maxLength: 60 })

describe('hex', () => {
  it('goes both ways', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        expect(toHex(data)).toBe(Buffer.from(data).toString('hex'))
        expect(fromHex(toHex(data).toUpperCase())).toEqual(data)
      })
    )
  })
  it('allows separators and refuses the rest', () => {
    expect(fromHex('aa:BB-cc dd')).toEqual(Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd))
    expect([fromHex('abc'), fromHex('zz'), fromHex('0x12')]).toEqual([undefined, undefined, undefined])
    expect(formatMac(Uint8Array.of(0xcb, 0xb8, 0x33, 0x4c, 0x88, 0x4f))).toBe('CB:B8:33:4C:88:4F')
  })
})

describe('latin1Text', () => {
  it('gives one character a byte, whatever the bytes and wherever they stop being ASCII', () => {
    fc.assert(
      fc.property(fc.string(), bytes, fc.nat(10), (ascii, data, start) => {
        const all = Buffer.concat([Buffer.from(ascii), data])
        expect(latin1Text(all)).toBe(all.toString('latin1'))
        expect(latin1Text(all, start, all.length - 1)).toBe(all.subarray(start, Math.max(start, all.length - 1)).toString('latin1'))
      })
    )
    expect(latin1Text(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe('ï»¿A')
  })
})

describe('base64', () => {
  it('goes both ways, with and without padding', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        const text = Buffer.from(data).toString('base64')
        expect(encodeBase64(data)).toBe(text)
        expect(decodeBase64(text)).toEqual(data)
        expect(decodeBase64(text.replace(/=+$/, ''))).toEqual(data)
      })
    )
  })
  it('never throws and refuses what is none', () => {
    fc.assert(fc.property(fc.string(), (text) => void decodeBase64(text)))
    expect([decodeBase64('A'), decodeBase64('A*=='), decodeBase64('AA A'), decodeBase64('é€aa')]).toEqual(Array(4).fill(undefined))
  })
})

describe('loose JSON', () => {
  it('reads bare NaN and infinity as null, and good JSON as it is', () => {
    expect(parseLooseJson('{"a":nan,"b":[-NaN, inf,1],"c":-nan(ind)}')).toEqual({ a: null, b: [null, null, 1], c: null })
    expect(parseLooseJson('{"a":": nan,"}')).toEqual({ a: ': nan,' })
    expect([parseLooseJson('{"a":nan'), parseLooseJson(''), parseLooseJson('NaNaN')]).toEqual([undefined, undefined, undefined])
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseLooseJson(text)).toEqual(JSON.parse(text))
      })
    )
  })
  it('takes numbers and decimal texts, nothing else', () => {
    expect([3.5, '3.5', ' -2e3 ', '7.'].map(finiteNumber)).toEqual([3.5, 3.5, -2000, 7])
    expect(['NaN', '', '0x10', 'Infinity', null, true, Number.NaN, Number.POSITIVE_INFINITY, '1e999', {}].map(finiteNumber)).toEqual(
      Array(10).fill(undefined)
    )
  })
  it('names in snake_case', () => {
    expect(['nomUpdateRate', 'batt_state', 'uwbFirmwareUpdate', 'A-b c'].map(snakeCase)).toEqual([
      'nom_update_rate',
      'batt_state',
      'uwb_firmware_update',
      'a_b_c'
    ])
  })
  it('bounds depth and drops what JavaScript would take for a prototype', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(5000)}1${']'.repeat(5000)}`)
    expect(JSON.stringify(boundedJson(deep))).toBe(`${'['.repeat(6)}null${']'.repeat(6)}`)
    const copy = boundedJson(JSON.parse('{"__proto__":{"polluted":true},"ok":1}'))
    expect(JSON.stringify(copy)).toBe('{"ok":1}')
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
  })
})
