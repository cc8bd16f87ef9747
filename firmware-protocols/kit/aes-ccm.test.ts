import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCcmUsable, openCcm, sealCcm } from './aes-ccm.ts'
import { fromHex, toHex } from './hex.ts'

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text)
  if (bytes === undefined) throw new Error(text)
  return bytes
}
const counting = (from: number, to: number): Uint8Array => Uint8Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** RFC 3610, section 8: number, nonce, last byte of the associated data, last byte of the message, tag length, sealed. */
const RFC_3610: readonly (readonly [number, string, number, number, number, string])[] = [
  [1, '00000003020100a0a1a2a3a4a5', 7, 0x1e, 8, '588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0'],
  [2, '00000004030201a0a1a2a3a4a5', 7, 0x1f, 8, '72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3ba091d56e10400916'],
  [3, '00000005040302a0a1a2a3a4a5', 7, 0x20, 8, '51b1e5f44a197d1da46b0f8e2d282ae871e838bb64da8596574adaa76fbd9fb0c5'],
  [4, '00000006050403a0a1a2a3a4a5', 11, 0x1e, 8, 'a28c6865939a9a79faaa5c4c2a9d4a91cdac8c96c861b9c9e61ef1'],
  [7, '00000009080706a0a1a2a3a4a5', 7, 0x1e, 10, '0135d1b2c95f41d5d1d4fec185d166b8094e999dfed96c048c56602c97acbb7490']
]

const parameters = fc.record({
  key: fc.constantFrom(16, 24, 32).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
  nonce: fc.uint8Array({ minLength: 7, maxLength: 13 }),
  tagLength: fc.constantFrom(4, 6, 8, 10, 12, 14, 16),
  associated: fc.uint8Array({ maxLength: 40 })
})
const message = fc.uint8Array({ maxLength: 80 })

describe('AES-CCM', () => {
  it.each(RFC_3610)('gives packet vector %i of RFC 3610', (_, nonce, lastAssociated, last, tagLength, expected) => {
    const given = {
      key: hex('c0c1c2c3c4c5c6c7c8c9cacbcccdcecf'),
      nonce: hex(nonce),
      tagLength,
      associated: counting(0, lastAssociated)
    }
    const plain = counting(lastAssociated + 1, last)
    const sealed = sealCcm(given, plain)
    expect(toHex(sealed)).toBe(expected)
    expect(openCcm(given, sealed.subarray(0, plain.length), sealed.subarray(plain.length))).toEqual(plain)
  })

  it('agrees with OpenSSL', () => {
    fc.assert(
      fc.property(parameters, message, (given, plain) => {
        const { key, nonce, tagLength: authTagLength, associated } = given
        const cipher = createCipheriv(`aes-${(key.length * 8) as 128}-ccm`, key, nonce, { authTagLength })
        cipher.setAAD(associated, { plaintextLength: plain.length })
        const expected = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
        expect(toHex(sealCcm(given, plain))).toBe(expected.toString('hex'))
      })
    )
  })

  it('opens what it sealed, and nothing in which a bit differs', () => {
    fc.assert(
      fc.property(parameters, message, fc.nat(), fc.nat(7), (given, plain, at, bit) => {
        const sealed = sealCcm(given, plain)
        const open = () => openCcm(given, sealed.subarray(0, plain.length), sealed.subarray(plain.length))
        expect(open()).toEqual(plain)
        sealed[at % sealed.length] = (sealed[at % sealed.length] ?? 0) ^ (1 << bit)
        expect(open()).toBeUndefined()
      })
    )
  })

  it('has no answer for keys, nonces and tags that it cannot have', () => {
    const good = { key: new Uint8Array(16), nonce: new Uint8Array(13), tagLength: 4 }
    expect(isCcmUsable(good)).toBe(true)
    for (const bad of [
      { ...good, key: new Uint8Array(15) },
      { ...good, nonce: new Uint8Array(6) },
      { ...good, nonce: new Uint8Array(14) },
      { ...good, tagLength: 5 },
      { ...good, tagLength: 2 }
    ]) {
      expect(openCcm(bad, new Uint8Array(3), new Uint8Array(bad.tagLength))).toBeUndefined()
      expect(() => sealCcm(bad, new Uint8Array(3))).toThrow(RangeError)
    }
    expect(openCcm(good, new Uint8Array(3), new Uint8Array(3))).toBeUndefined()
  })
})
