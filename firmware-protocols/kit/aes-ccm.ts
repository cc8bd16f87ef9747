import { cbc, ctr } from '@noble/ciphers/aes.js'

/**
 * AES-CCM, counter mode with CBC-MAC (RFC 3610, NIST SP 800-38C). With M bytes of tag and L = 15 - bytes of nonce:
 *
 *   B0   flags u8: 0x40 with associated data, (M - 2) / 2 << 3, L - 1 | nonce | length of the message, L bytes big-endian
 *   B1…  length of the associated data u16 big-endian, the data, zeros to a whole block; then the message, zeros to a whole block
 *   A_i  flags u8: L - 1 | nonce | i, L bytes big-endian
 *
 *   T = first M bytes of CBC-MAC(B0 B1 …) xor AES(A_0);  message xor AES(A_1) AES(A_2) …
 */
export interface CcmParameters {
  /** 16, 24 or 32 bytes. */
  readonly key: Uint8Array
  /** 7 to 13 bytes. */
  readonly nonce: Uint8Array
  /** 4, 6, … 16. */
  readonly tagLength: number
  /** Authenticated, not encrypted; less than 65 280 bytes. */
  readonly associated?: Uint8Array
}

const BLOCK = 16
const NO_BYTES = new Uint8Array(0)
const wholeBlocks = (length: number): number => Math.ceil(length / BLOCK) * BLOCK

/** Parameters that AES-CCM has; for keys and frames that come from outside. */
export function isCcmUsable({ key, nonce, tagLength, associated = NO_BYTES }: CcmParameters): boolean {
  const keyFits = key.length === 16 || key.length === 24 || key.length === 32
  const tagFits = tagLength >= 4 && tagLength <= 16 && tagLength % 2 === 0
  return keyFits && tagFits && nonce.length >= 7 && nonce.length <= 13 && associated.length < 0xff00
}

/** The decrypted message; undefined when the tag does not fit: then nothing of it may be believed. */
export function openCcm(parameters: CcmParameters, ciphertext: Uint8Array, tag: Uint8Array): Uint8Array | undefined {
  if (tag.length !== parameters.tagLength || !isCcmUsable(parameters)) return undefined
  const stream = keyStreamed(parameters, ciphertext)
  const message = stream.subarray(BLOCK)
  const expected = macOf(parameters, message)
  let difference = 0
  // Without a way out in the middle: the time it takes must not tell how many bytes fit.
  for (let i = 0; i < tag.length; i++) difference |= (expected[i] ?? 0) ^ (stream[i] ?? 0) ^ (tag[i] ?? 0)
  return difference === 0 ? message : undefined
}

/** Ciphertext with the tag behind it. Throws a RangeError for parameters that AES-CCM has not. */
export function sealCcm(parameters: CcmParameters, message: Uint8Array): Uint8Array {
  if (!isCcmUsable(parameters)) throw new RangeError('no AES-CCM with such a key, nonce or tag')
  const stream = keyStreamed(parameters, message)
  const mac = macOf(parameters, message)
  const sealed = new Uint8Array(message.length + parameters.tagLength)
  sealed.set(stream.subarray(BLOCK))
  for (let i = 0; i < parameters.tagLength; i++) sealed[message.length + i] = (mac[i] ?? 0) ^ (stream[i] ?? 0)
  return sealed
}

/** A block of zeros and then `text`, both xored with the key stream from A_0 on. */
function keyStreamed({ key, nonce }: CcmParameters, text: Uint8Array): Uint8Array {
  const first = new Uint8Array(BLOCK)
  first[0] = 14 - nonce.length
  first.set(nonce, 1)
  const padded = new Uint8Array(BLOCK + text.length)
  padded.set(text, BLOCK)
  return ctr(key, first).encrypt(padded)
}

/** The last block of the CBC-MAC. */
function macOf({ key, nonce, tagLength, associated = NO_BYTES }: CcmParameters, message: Uint8Array): Uint8Array {
  const headed = associated.length === 0 ? 0 : wholeBlocks(2 + associated.length)
  const blocks = new Uint8Array(BLOCK + headed + wholeBlocks(message.length))
  blocks[0] = (associated.length === 0 ? 0 : 0x40) | (((tagLength - 2) / 2) << 3) | (14 - nonce.length)
  blocks.set(nonce, 1)
  for (let i = 0, length = message.length; i < 15 - nonce.length; i++, length = Math.floor(length / 256)) blocks[15 - i] = length & 0xff
  if (associated.length > 0) {
    blocks[BLOCK] = associated.length >> 8
    blocks[BLOCK + 1] = associated.length & 0xff
    blocks.set(associated, BLOCK + 2)
  }
  blocks.set(message, BLOCK + headed)
  return cbc(key, new Uint8Array(BLOCK), { disablePadding: true }).encrypt(blocks).subarray(-BLOCK)
}
