import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'

/** What of `@abandonware/bluetooth-hci-socket` is used. It cannot be closed: `stop` only stops reading. */
export interface HciSocket extends EventEmitter {
  bindRaw(index: number): number
  bindUser(index: number): number
  start(): void
  stop(): void
  isDevUp(): boolean
  write(packet: Buffer): void
  getDeviceList(): readonly { readonly devId: number | null; readonly devUp: boolean | null }[]
}

/** What of noble's `lib/hci-socket/hci.js` is used: decoding of events, and the flow control of ACL data. */
export interface NobleHci extends EventEmitter {
  _socket: HciSocket
  _isExtended: boolean
  _aclQueue: { handle: number; packet: Buffer }[]
  _aclConnections: Map<number, { pending: number }>
  _handleBuffers: Record<number, { data: Buffer } | undefined>
  _aclBuffers: { length: number; num: number } | undefined
  addressType?: string
  address?: string
  setSocketFilter(): void
  onSocketData(packet: Buffer): void
  createLeConn(address: string, addressType: string): void
  flushAcl(): unknown
  writeAclDataPkt(handle: number, channel: number, data: Buffer): Promise<void>
}

/** noble's `lib/hci-socket/acl-stream.js`, with pairing behind it. */
export interface NobleAclStream extends EventEmitter {
  /** Without data: the connection is over. */
  push(channel: number | null, data: Buffer | null): void
  pushEncrypt(encrypted: number): void
}

export interface NobleCharacteristic {
  readonly uuid: string
  readonly properties: readonly string[]
}

/** noble's `lib/hci-socket/gatt.js`. Answers come as events; a request that is refused may have none. */
export interface NobleGatt extends EventEmitter {
  readonly _commandQueue: readonly unknown[]
  exchangeMtu(): void
  discoverServices(uuids: readonly string[]): void
  discoverCharacteristics(service: string, uuids: readonly string[]): void
  notify(service: string, characteristic: string, on: boolean): void
  read(service: string, characteristic: string): void
}

/**
 * The layers of noble below its `Noble` object and its bindings. Those two keep every address ever heard for ever, cannot be taken
 * down, and end the process on SIGINT; these do none of it.
 */
export interface NobleParts {
  readonly Hci: new (options: { readonly extended: boolean }) => NobleHci
  readonly AclStream: new (
    hci: NobleHci,
    handle: number,
    ownAddressType: string | undefined,
    ownAddress: string | undefined,
    addressType: string,
    address: string
  ) => NobleAclStream
  readonly Gatt: new (address: string, stream: NobleAclStream) => NobleGatt
}

const requireHere = createRequire(import.meta.url)

/** Loaded only when a source needs it: the native part may not be there. Throws `BLE_UNAVAILABLE`. */
export function loadNoble(): NobleParts {
  try {
    return {
      Hci: requireHere('@abandonware/noble/lib/hci-socket/hci'),
      AclStream: requireHere('@abandonware/noble/lib/hci-socket/acl-stream'),
      Gatt: requireHere('@abandonware/noble/lib/hci-socket/gatt')
    }
  } catch (error) {
    throw unavailable(error)
  }
}

/** Opening the first socket shows whether the kernel has Bluetooth at all. */
export function unavailable(error: unknown): DriverError {
  return new DriverError(
    'BLE_UNAVAILABLE',
    `this system has no Bluetooth that the gateway can use (${messageOf(error)}): as a service install the drop-in systemd/bluetooth.conf; load the kernel module (modprobe bluetooth); in a container use the host's network`,
    { retriable: true, cause: error }
  )
}
