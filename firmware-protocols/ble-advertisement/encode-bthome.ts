import { sealCcm } from '../kit/aes-ccm.ts'
import { fromHex } from '../kit/hex.ts'
import { BTHOME_UUID } from './bthome.ts'
import { OBJECTS } from './bthome-objects.ts'

/** One object: its id and its raw value; bytes for those whose length the frame tells. */
export interface BthomeObject {
  readonly id: number
  readonly raw: number | Uint8Array
}

export interface BthomeSeal {
  readonly key: Uint8Array
  /** In display order, hex. */
  readonly address: string
  readonly counter: number
}

/** Objects one behind the other, for simulators and tests. */
export function encodeBthomeObjects(objects: readonly BthomeObject[]): Uint8Array {
  const bytes: number[] = []
  for (const { id, raw } of objects) {
    if (typeof raw !== 'number') {
      bytes.push(id, raw.length, ...raw)
      continue
    }
    const length = OBJECTS.get(id)?.length ?? 0
    bytes.push(id)
    let rest = raw < 0 ? raw + 2 ** (8 * length) : raw
    for (let i = 0; i < length; i++, rest = Math.floor(rest / 256)) bytes.push(rest & 0xff)
  }
  return Uint8Array.from(bytes)
}

/** Service data behind the UUID; sealed when a seal is given. `withMac`: the address stands in the content, too. */
export function encodeBthome(objects: Uint8Array, { seal, withMac = false }: { seal?: BthomeSeal; withMac?: boolean } = {}): Uint8Array {
  const mac = (seal === undefined ? undefined : fromHex(seal.address)) ?? new Uint8Array(6)
  const info = (2 << 5) | (withMac ? 2 : 0) | (seal === undefined ? 0 : 1)
  const head = withMac ? [info, ...mac.toReversed()] : [info]
  if (seal === undefined) return Uint8Array.of(...head, ...objects)
  const counter = new Uint8Array(4)
  new DataView(counter.buffer).setUint32(0, seal.counter, true)
  const nonce = Uint8Array.of(...mac, BTHOME_UUID & 0xff, BTHOME_UUID >> 8, info, ...counter)
  const sealed = sealCcm({ key: seal.key, nonce, tagLength: 4 }, objects)
  return Uint8Array.of(...head, ...sealed.subarray(0, objects.length), ...counter, ...sealed.subarray(objects.length))
}
