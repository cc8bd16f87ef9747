import { openCcm } from '../kit/aes-ccm.ts'
import { fromHex } from '../kit/hex.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentContext, type ContentResult, refused } from './advertisement-reader.ts'
import { readObjects } from './bthome-values.ts'
import { setReversedMac, viewOf } from './content-fields.ts'

export const BTHOME_UUID = 0xfcd2

const ENCRYPTED = 0x01
const HAS_MAC = 0x02
const TRIGGER_BASED = 0x04
const VERSION = 2
const TAG_LENGTH = 4
const COUNTER_LENGTH = 4
/** A device that has lost its power begins its counter anew. */
const RESTARTED_BELOW = 100

/**
 * BTHome v2 (bthome.io/format, bthome.io/encryption), service data FCD2, little-endian:
 *
 *   0      u8   bit 0 encrypted, bit 1 a MAC follows, bit 2 sends only when something happens, bits 5 to 7 version, 2
 *   1      6    MAC, from its last byte to its first, when it follows
 *   then        objects (`bthome-values.ts`); encrypted: ciphertext of them, u32 counter, 4 bytes tag
 *
 * Encrypted is AES-CCM with a 4-byte tag, the device's 16-byte key and the nonce
 * `MAC in display order (6) | D2 FC | byte 0 | counter as sent (4)`.
 */
function readBthome(payload: Uint8Array, context: ContentContext): ContentResult {
  const info = payload[0]
  if (info === undefined) return refused('FRAME_LENGTH', 'no bytes')
  if (info >> 5 !== VERSION) return refused('FRAME_FORMAT', `version ${info >> 5}, not ${VERSION}`)
  const begin = (info & HAS_MAC) === 0 ? 1 : 7
  if (payload.length < begin) return refused('FRAME_LENGTH', 'the MAC is cut off')
  const extra: Extra = {}
  const draft: Draft = { extra }
  if (begin === 7) setReversedMac(draft, extra, payload, 1)
  if ((info & TRIGGER_BASED) !== 0) extra['trigger_based'] = true
  if ((info & ENCRYPTED) !== 0) return readEncrypted(payload, begin, draft, extra, context)
  if (hasKey(draft.tag, context)) return refused('FRAME_CONTEXT', 'not encrypted, but there is a key for this tag: not taken for its own')
  return finish(payload.subarray(begin), draft, extra, undefined)
}

/** A forger may name another sender beside the MAC, or send no MAC at all. */
function hasKey(mac: string | undefined, context: ContentContext): boolean {
  const { address, key } = context
  if (key !== undefined || (mac !== undefined && context.keyOf(mac) !== undefined)) return true
  return address !== undefined && context.keyOf(address) !== undefined
}

function finish(objects: Uint8Array, draft: Draft, extra: Extra, eventId: string | undefined): ContentResult {
  if (readObjects(objects, draft, extra, eventId) === undefined) return refused('FRAME_LENGTH', 'the first value is cut off')
  return { kind: 'content', reading: draft }
}

function readEncrypted(payload: Uint8Array, begin: number, draft: Draft, extra: Extra, context: ContentContext): ContentResult {
  const tag = draft.tag ?? context.address
  const mac = tag === undefined ? undefined : fromHex(tag)
  if (tag === undefined || mac?.length !== 6)
    return refused('FRAME_CONTEXT', "encrypted, and the sender's address, which is part of it, is not known")
  const key = context.keyOf(tag)
  if (key === undefined) return refused('FRAME_CONTEXT', `encrypted, and there is no key for ${tag}`)
  if (key.length !== 16) return refused('FRAME_CONTEXT', `the key for ${tag} has ${key.length} bytes, not 16`)
  const end = payload.length - COUNTER_LENGTH - TAG_LENGTH
  if (end < begin) return refused('FRAME_LENGTH', 'shorter than counter and tag')
  const message = openCcm(
    { key, nonce: nonceOf(mac, payload, end), tagLength: TAG_LENGTH },
    payload.subarray(begin, end),
    payload.subarray(end + COUNTER_LENGTH)
  )
  if (message === undefined) return refused('FRAME_CHECKSUM', 'does not decrypt: another key, or forged')
  const counter = viewOf(payload).getUint32(end, true)
  if (isReplay(counter, tag, context)) return refused('VALUE_RANGE', `counter ${counter} has gone back: a replay`)
  extra['counter'] = counter
  return finish(message, draft, extra, String(counter))
}

function nonceOf(mac: Uint8Array, payload: Uint8Array, counterAt: number): Uint8Array {
  const nonce = new Uint8Array(13)
  nonce.set(mac)
  nonce[6] = BTHOME_UUID & 0xff
  nonce[7] = BTHOME_UUID >> 8
  nonce[8] = payload[0] ?? 0
  nonce.set(payload.subarray(counterAt, counterAt + COUNTER_LENGTH), 9)
  return nonce
}

/** The same counter again is the same frame again: a device repeats it, and several receivers hear it. */
function isReplay(counter: number, tag: string, { memory }: ContentContext): boolean {
  const key = `bthome:${tag}`
  const last = memory.get(key)
  if (last !== undefined && counter < last && counter >= RESTARTED_BELOW) return true
  memory.set(key, counter)
  return false
}

export const bthome: AdvertisementReader = { title: 'BTHome', carrier: { serviceUuid: BTHOME_UUID }, read: readBthome }
