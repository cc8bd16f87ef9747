import { isMacRight, KEY_BYTES, keyMark, MAJOR } from '../helmet/helmet-message.ts'
import { toHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import { u16 } from '../kit/little-endian.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal, SignalKind } from '../reading.ts'
import { type AdvertisementReader, type ContentContext, type ContentResult, FOREIGN, refused } from './advertisement-reader.ts'
import { setBattery } from './content-fields.ts'

/** For use by anybody, without a registration (Bluetooth Assigned Numbers, company identifiers). */
const ANYBODYS_COMPANY_ID = 0xffff
const BYTES = 24
const MAC_AT = 20
const MAC_BYTES = 4
/** By bit of byte 15, from 3 on: they last, and end when the tag says so. */
const LASTING: readonly SignalKind[] = ['motionless', 'helmet-off', 'gas', 'tamper', 'low-battery']

/** Why it is not to be believed; undefined: it is, or the tag has no key. */
function distrust(payload: Uint8Array, tag: string, context: ContentContext): ContentResult | undefined {
  const key = context.keyOf(tag)
  if (key === undefined) return undefined
  if (key.length !== KEY_BYTES) return refused('FRAME_CONTEXT', 'a key of another length than 16 bytes')
  if (!isMacRight(payload, MAC_AT, MAC_BYTES, key)) return refused('FRAME_CHECKSUM', 'the MAC does not fit: another key, or a forgery')
  const pair = u16(payload, 11) * 0x1_0000 + u16(payload, 13)
  const name = `helmet ${tag} ${keyMark(key)}`
  const highest = context.memory.get(name)
  if (highest !== undefined && pair < highest) return refused('FRAME_CONTEXT', 'a replay: older than what was heard')
  context.memory.set(name, pair)
  return undefined
}

/**
 * Helmet tags (../helmet/SPECIFICATION.md, section 6), little-endian:
 *
 *   0    2    48 54
 *   2    u8   version, major << 4 | minor
 *   3    8    tag id
 *   11   u16  boot counter, 13 u16 sequence
 *   15   u8   on now: 0 sos, 1 fall, 2 impact, 3 motionless, 4 helmet off, 5 gas, 6 tamper, 7 low battery
 *   16   u8   count of sos
 *   17   u8   count of fall, and << 4 of impact
 *   18   u8   battery %, FF none
 *   19   u8   0 worn, 1 bit 0 is known; << 4 count of button 1
 *   20   4    MAC
 */
function readHelmet(payload: Uint8Array, context: ContentContext): ContentResult {
  if (payload[0] !== 0x48 || payload[1] !== 0x54) return FOREIGN
  const version = payload[2] ?? 0
  if (version >> 4 !== MAJOR) return refused('FRAME_FORMAT', 'a major version that is not spoken here')
  if (payload.length < BYTES) return refused('FRAME_LENGTH', `${payload.length} bytes, at least ${BYTES}`)
  const tag = toHex(payload.subarray(3, 11))
  const reason = distrust(payload, tag, context)
  if (reason !== undefined) return reason
  const extra: Extra = {
    version: `${version >> 4}.${version & 15}`,
    boot_count: u16(payload, 11),
    authentic: context.keyOf(tag) !== undefined
  }
  const reading: Draft = { tag, idNamespace: 'helmet', sequence: u16(payload, 13), signals: signalsOf(payload), extra }
  setBattery(reading, payload[18] ?? 0xff)
  const wearing = payload[19] ?? 0
  if ((wearing & 2) !== 0) reading.helmetWorn = (wearing & 1) !== 0
  return { kind: 'content', reading }
}

function signalsOf(payload: Uint8Array): readonly Signal[] {
  const on = payload[15] ?? 0
  const falls = payload[17] ?? 0
  const boot = u16(payload, 11)
  const signals: Signal[] = [
    { kind: 'sos', form: 'counter', count: payload[16] ?? 0, modulus: 256, active: (on & 1) !== 0, boot },
    // The low bits of the counts that reports tell in full, under the same names: a fall that is heard both ways is one.
    { kind: 'fall', form: 'counter', count: falls & 15, modulus: 16, active: (on & 2) !== 0, boot },
    { kind: 'impact', form: 'counter', count: falls >> 4, modulus: 16, active: (on & 4) !== 0, boot },
    { kind: 'button', slot: '1', form: 'counter', count: (payload[19] ?? 0) >> 4, modulus: 16, active: false, boot }
  ]
  for (const [index, kind] of LASTING.entries()) signals.push({ kind, form: 'level', on: (on & (8 << index)) !== 0 })
  return signals
}

export const helmetAdvertisement: AdvertisementReader = {
  title: 'Helmet tag',
  carrier: { companyId: ANYBODYS_COMPANY_ID },
  read: readHelmet
}
