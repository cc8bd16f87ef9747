import { encode } from '@msgpack/msgpack'
import { fromHex } from '../kit/hex.ts'

/** What an AprBrother gateway heard, for simulators and tests. */
export interface AprbrotherHeard {
  readonly type: number
  readonly mac: string
  readonly rssiDbm: number
  readonly advertisement: Uint8Array
}

export const encodeAprbrotherEntry = ({ type, mac, rssiDbm, advertisement }: AprbrotherHeard): Uint8Array =>
  Uint8Array.of(type, ...(fromHex(mac) ?? []), rssiDbm & 0xff, ...advertisement)

export function encodeAprbrother(gateway: string, messageId: number, heard: readonly AprbrotherHeard[]): Uint8Array {
  return encode({
    v: '1.5.2',
    mid: messageId,
    time: 3600,
    ip: '192.168.1.20',
    mac: gateway.toUpperCase(),
    devices: heard.map(encodeAprbrotherEntry)
  })
}
