import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sipHash24 } from '../helmet/siphash.ts'
import { encodeAdStructures, manufacturerStructure } from '../kit/ad-structures.ts'
import { fromHex, toHex } from '../kit/hex.ts'
import { bleAdvertisement } from './ble-advertisement-codec.ts'

const KEY_HEX = '000102030405060708090a0b0c0d0e0f'
const KEY = fromHex(KEY_HEX) ?? new Uint8Array(0)
const TAG = '0102030405060708'
const decoder = (settings: object = { keys: [{ tag: TAG, key: KEY_HEX }] }) =>
  bleAdvertisement.createDecoder(bleAdvertisement.settings?.parse(settings))

interface Advertised {
  readonly pair?: readonly [number, number]
  readonly on?: number
  readonly sos?: number
  readonly falls?: number
  readonly battery?: number
  readonly last?: number
}

function payloadOf({ pair = [1, 1], on = 0, sos = 0, falls = 0, battery = 255, last = 0 }: Advertised, key?: Uint8Array): Uint8Array {
  const [boot, sequence] = pair
  const bytes = Uint8Array.from([
    ...[0x48, 0x54, 0x10, 1, 2, 3, 4, 5, 6, 7, 8],
    ...[boot & 255, boot >> 8, sequence & 255, sequence >> 8, on, sos, falls, battery, last, 0, 0, 0, 0]
  ])
  if (key !== undefined) {
    const mac = new Uint8Array(8)
    sipHash24(key, bytes, 0, 20, mac)
    bytes.set(mac.subarray(0, 4), 20)
  }
  return bytes
}
const frameOf = (payload: Uint8Array): Uint8Array =>
  encodeAdStructures([{ type: 1, data: Uint8Array.of(6) }, manufacturerStructure(0xffff, payload)])
const kindOf = (payload: Uint8Array, from = decoder()): string => {
  const result = from.decode(frameOf(payload), { address: 'c00000000001' })
  return result.kind === 'error' ? result.code : result.kind
}

it('reads the status of a helmet tag from an advertisement that fits into 31 bytes', () => {
  const payload = payloadOf({ pair: [3, 258], on: 0b1001_0001, sos: 7, falls: 0x42, battery: 66, last: 0x53 }, KEY)
  expect(toHex(payload)).toBe(`485410${TAG}0300020191074242${'53'}${toHex(payload.subarray(20))}`)
  expect(frameOf(payload)).toHaveLength(31)
  const result = decoder().decode(frameOf(payload), { address: 'c00000000001' })
  expect(result).toMatchObject({
    kind: 'readings',
    readings: [
      {
        tag: TAG,
        idNamespace: 'helmet',
        sequence: 258,
        batteryPct: 66,
        helmetWorn: true,
        extra: { version: '1.0', boot_count: 3, authentic: true },
        signals: [
          { kind: 'sos', form: 'counter', count: 7, modulus: 256, active: true, boot: 3 },
          { kind: 'fall', form: 'counter', count: 2, modulus: 16, active: false, boot: 3 },
          { kind: 'impact', form: 'counter', count: 4, modulus: 16, active: false, boot: 3 },
          { kind: 'button', slot: '1', form: 'counter', count: 5, modulus: 16, active: false, boot: 3 },
          { kind: 'motionless', form: 'level', on: false },
          { kind: 'helmet-off', form: 'level', on: true },
          { kind: 'gas', form: 'level', on: false },
          { kind: 'tamper', form: 'level', on: false },
          { kind: 'low-battery', form: 'level', on: true }
        ]
      }
    ]
  })
})

it('takes repeats, and refuses replays, forgeries and what is not sealed where there is a key', () => {
  const one = decoder()
  expect(kindOf(payloadOf({ pair: [2, 9] }, KEY), one)).toBe('readings')
  expect(kindOf(payloadOf({ pair: [2, 9] }, KEY), one)).toBe('readings')
  expect(kindOf(payloadOf({ pair: [2, 8] }, KEY), one)).toBe('FRAME_CONTEXT')
  expect(kindOf(payloadOf({ pair: [1, 99] }, KEY), one)).toBe('FRAME_CONTEXT')
  expect(kindOf(payloadOf({ pair: [3, 0] }, KEY), one)).toBe('readings')
  expect(kindOf(payloadOf({ pair: [4, 0] }), one)).toBe('FRAME_CHECKSUM')
  expect(kindOf(payloadOf({}), decoder({}))).toBe('readings')
})

it('refuses replays after a restart, too', () => {
  const saved = new Map<string, string>()
  const memory = { recall: (name: string) => saved.get(name), remember: (name: string, text: string) => void saved.set(name, text) }
  const settings = bleAdvertisement.settings?.parse({ keys: [{ tag: TAG, key: KEY_HEX }] })
  const restarted = () => bleAdvertisement.createDecoder(settings, memory)
  expect(kindOf(payloadOf({ pair: [2, 9], sos: 1 }, KEY), restarted())).toBe('readings')
  const after = restarted()
  expect(kindOf(payloadOf({ pair: [2, 8] }, KEY), after)).toBe('FRAME_CONTEXT')
  expect(kindOf(payloadOf({ pair: [2, 9], sos: 1 }, KEY), after)).toBe('readings')
  expect(kindOf(payloadOf({ pair: [2, 10] }, KEY), after)).toBe('readings')
  expect([...saved]).toEqual([[expect.stringMatching(`^helmet ${TAG} [0-9a-f]{8}$`), String(2 * 65_536 + 10)]])
})

it('finds every changed byte behind the mark of a sealed advertisement', () => {
  const whole = payloadOf({ on: 1, sos: 3 }, KEY)
  fc.assert(
    fc.property(fc.integer({ min: 11, max: 23 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const forged = whole.slice()
      forged[at] = (forged[at] ?? 0) ^ change
      expect(kindOf(forged)).toBe('FRAME_CHECKSUM')
    })
  )
})

it('leaves to others what is not its own, and refuses what is cut or of another major version', () => {
  expect(kindOf(Uint8Array.of(0x48, 0x55, 0x10))).toBe('ignored')
  expect(kindOf(payloadOf({}, KEY).subarray(0, 23))).toBe('FRAME_LENGTH')
  const later = payloadOf({}, KEY)
  later[2] = 0x20
  expect(kindOf(later)).toBe('FRAME_FORMAT')
})
