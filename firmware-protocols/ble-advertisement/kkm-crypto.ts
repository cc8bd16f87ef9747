import { ecb } from '@noble/ciphers/aes.js'
import { md5 } from '@noble/hashes/legacy.js'

export const KKM_CIPHER_BYTES = 16
const PASSWORD_BYTES = 16

/**
 * Key of one advertisement: MD5 of 26 bytes, the password (UTF-8, zeros behind it up to 16), the MAC in display order and the
 * beacon's UTC seconds as they are sent. Undefined for a password that is too long.
 */
function advertisementKey(password: Uint8Array, mac: Uint8Array, utc: Uint8Array): Uint8Array | undefined {
  if (password.length > PASSWORD_BYTES) return undefined
  const input = new Uint8Array(PASSWORD_BYTES + 6 + 4)
  input.set(password)
  input.set(mac, PASSWORD_BYTES)
  input.set(utc, PASSWORD_BYTES + 6)
  return md5(input)
}

/** One AES-128-ECB block; there is no check value, so a wrong password gives noise. */
export function decryptKkm(block: Uint8Array, password: Uint8Array, mac: Uint8Array, utc: Uint8Array): Uint8Array | undefined {
  const key = advertisementKey(password, mac, utc)
  return key === undefined ? undefined : ecb(key, { disablePadding: true }).decrypt(block)
}
