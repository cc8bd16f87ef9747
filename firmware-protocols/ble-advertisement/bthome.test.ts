import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecodeResult, Decoder, FrameContext } from '../codec.ts'
import { encodeAdStructures } from '../kit/ad-structures.ts'
import { fromHex } from '../kit/hex.ts'
import type { Reading } from '../reading.ts'
import { advertisementSettingsSchema } from './advertisement-settings.ts'
import { bleAdvertisement } from './ble-advertisement-codec.ts'
import { BTHOME_UUID } from './bthome.ts'
import { OBJECTS } from './bthome-objects.ts'
import { type BthomeObject, encodeBthome, encodeBthomeObjects } from './encode-bthome.ts'

const ADDRESS = '5448e68f80a5'
const KEY = fromHex('231d39c1d7cc1ab1aee224cd096db932') ?? new Uint8Array(0)
const OPEN = encodeBthomeObjects([{ id: 0x01, raw: 90 }])

const advert = (payload: Uint8Array): Uint8Array =>
  encodeAdStructures([{ type: 0x16, data: Uint8Array.of(BTHOME_UUID & 0xff, BTHOME_UUID >> 8, ...payload) }])
const sealed = (counter: number, objects = OPEN, withMac = false): Uint8Array =>
  advert(encodeBthome(objects, { seal: { key: KEY, address: ADDRESS, counter }, withMac }))
const SETTINGS = advertisementSettingsSchema.parse({
  keys: [{ tag: '54:48:E6:8F:80:A5', key: Buffer.from(KEY).toString('hex').toUpperCase() }]
})
const withKey = (): Decoder => bleAdvertisement.createDecoder(SETTINGS)
const decode = (payload: Uint8Array, context: FrameContext = { address: ADDRESS }): DecodeResult =>
  bleAdvertisement.createDecoder().decode(advert(payload), context)
const readingOf = (result: DecodeResult): Reading | undefined => (result.kind === 'readings' ? result.readings[0] : undefined)
/** `ok`, or the code of the error. */
const verdict = (result: DecodeResult): string => (result.kind === 'error' ? result.code : 'ok')

const numberIds = [...OBJECTS].filter(([, { kind }]) => kind === 'number')
const numbers: fc.Arbitrary<BthomeObject> = fc.constantFrom(...numberIds).chain(([id, { length, signed }]) => {
  const span = 2 ** (8 * length)
  return fc.integer({ min: signed ? -span / 2 : 0, max: signed ? span / 2 - 1 : span - 1 }).map((raw) => ({ id, raw }))
})

describe('BTHome', () => {
  it('reads back every number of every kind', () => {
    fc.assert(
      fc.property(numbers, ({ id, raw }) => {
        const format = OBJECTS.get(id)
        if (format === undefined || typeof raw !== 'number') throw new Error('no number')
        const reading = readingOf(decode(encodeBthome(encodeBthomeObjects([{ id, raw }]))))
        const expected = (raw * format.multiplier) / format.divisor
        const { tag, extra, ...typed } = reading ?? {}
        const got = extra?.[format.name] ?? Object.values(typed)[0]
        const isShare = ['battery_pct', 'humidity_pct', 'moisture_pct'].includes(format.name)
        if (isShare && expected > 100) expect(got).toBeUndefined()
        else expect(got).toBe(expected)
      }),
      { numRuns: 1000 }
    )
  })

  it('says the same sealed as in the open, and numbers several of one kind', () => {
    fc.assert(
      fc.property(fc.array(numbers, { maxLength: 12 }), fc.nat(0xffff_ffff), fc.boolean(), (list, counter, withMac) => {
        const objects = encodeBthomeObjects(list)
        const plain = readingOf(decode(encodeBthome(objects)))
        const opened = readingOf(withKey().decode(sealed(counter, objects, withMac), { address: withMac ? 'c0ffee010203' : ADDRESS }))
        const { mac, counter: told, ...extra } = opened?.extra ?? {}
        expect({ ...opened, extra }).toEqual(plain)
        expect([told, mac]).toEqual([counter, withMac ? '54:48:E6:8F:80:A5' : undefined])
        const names = list.map(({ id }) => OBJECTS.get(id)?.name ?? '')
        for (const name of new Set(names)) {
          const many = names.filter((other) => other === name).length
          if (many > 1 && !name.endsWith('_pct')) expect(extra).toHaveProperty(`${name}_${many}`)
        }
      })
    )
  })

  it('believes no sealed frame in which a bit differs', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(), fc.nat(7), (counter, at, bit) => {
        const payload = sealed(counter)
        // Behind length, type, UUID and the byte that says how it is sealed.
        const index = 5 + (at % (payload.length - 5))
        payload[index] = (payload[index] ?? 0) ^ (1 << bit)
        expect(verdict(withKey().decode(payload, { address: ADDRESS }))).toBe('FRAME_CHECKSUM')
      })
    )
  })

  it('takes a counter that rises, stays or begins anew, and no replay', () => {
    const decoder = withKey()
    const heard = (counter: number): string => verdict(decoder.decode(sealed(counter), { address: ADDRESS }))
    expect([5000, 5000, 5001, 5000, 4000, 5002].map(heard)).toEqual(['ok', 'ok', 'ok', 'VALUE_RANGE', 'VALUE_RANGE', 'ok'])
    expect([100, 99, 100, 101].map(heard)).toEqual(['VALUE_RANGE', 'ok', 'ok', 'ok'])
  })

  it('takes no replay after a restart either, and saves a counter once, however often it is repeated', () => {
    const saved = new Map<string, string>()
    let writes = 0
    const memory = {
      recall: (name: string) => saved.get(name),
      remember: (name: string, text: string) => {
        writes += 1
        saved.set(name, text)
      }
    }
    const restarted = () => bleAdvertisement.createDecoder(SETTINGS, memory)
    const heard = (decoder: Decoder, counter: number): string => verdict(decoder.decode(sealed(counter), { address: ADDRESS }))
    const before = restarted()
    expect([5000, 5000, 5001, 5001].map((counter) => heard(before, counter))).toEqual(['ok', 'ok', 'ok', 'ok'])
    const after = restarted()
    expect([5000, 5001, 5002].map((counter) => heard(after, counter))).toEqual(['VALUE_RANGE', 'ok', 'ok'])
    expect(writes).toBe(3)
  })

  it('lets nothing that does not decrypt move the counter', () => {
    const decoder = withKey()
    const forged = advert(encodeBthome(OPEN, { seal: { key: new Uint8Array(16), address: ADDRESS, counter: 9_000_000 } }))
    expect(verdict(decoder.decode(forged, { address: ADDRESS }))).toBe('FRAME_CHECKSUM')
    expect(verdict(decoder.decode(sealed(7000), { address: ADDRESS }))).toBe('ok')
  })

  it('takes nothing in the open for a tag that has a key, whoever claims to be it', () => {
    const decoder = withKey()
    const heard = (payload: Uint8Array, address: string): string => verdict(decoder.decode(advert(payload), { address }))
    const open = encodeBthome(OPEN)
    const named = Uint8Array.of(0x42, ...(fromHex(ADDRESS)?.toReversed() ?? []), ...OPEN)
    const otherName = Uint8Array.of(0x42, 6, 5, 4, 3, 2, 1, ...OPEN)
    expect([heard(open, ADDRESS), heard(named, 'c0ffee010203'), heard(otherName, ADDRESS)]).toEqual([
      'FRAME_CONTEXT',
      'FRAME_CONTEXT',
      'FRAME_CONTEXT'
    ])
    expect(heard(open, 'c0ffee010203')).toBe('ok')
  })

  it('gives repeats of a press one id: the packet id, or the counter of a sealed frame', () => {
    const press = encodeBthomeObjects([{ id: 0x3a, raw: 1 }])
    const signalOf = (result: DecodeResult) => readingOf(result)?.signals?.[0]
    expect(signalOf(decode(encodeBthome(press)))).toEqual({ kind: 'button', slot: 'press', form: 'event' })
    expect(signalOf(withKey().decode(sealed(77, press), { address: ADDRESS }))).toMatchObject({ id: '77' })
    const numbered = encodeBthomeObjects([
      { id: 0x00, raw: 9 },
      { id: 0x3a, raw: 4 }
    ])
    expect(signalOf(withKey().decode(sealed(77, numbered), { address: ADDRESS }))).toMatchObject({ slot: 'long_press', id: '9' })
  })

  it('reads texts, and leaves out what is none', () => {
    const text = (raw: Uint8Array): unknown => readingOf(decode(encodeBthome(encodeBthomeObjects([{ id: 0x53, raw }]))))?.extra?.['text']
    expect(text(new TextEncoder().encode('Gr\u00fc\u00df Gott'))).toBe('Gr\u00fc\u00df Gott')
    expect(text(Uint8Array.of(0xff, 0xfe))).toBeUndefined()
  })

  it('never throws, whatever is behind the UUID', () => {
    const decoder = withKey()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(0x40, 0x41, 0x42, 0x43, 0x44), (bytes, info) => {
        for (const address of [ADDRESS, 'xyz', undefined]) {
          const result = decoder.decode(advert(Uint8Array.of(info, ...bytes)), { address })
          expect(JSON.parse(JSON.stringify(result))).toEqual(result)
        }
      }),
      { numRuns: 1000 }
    )
  })
})
