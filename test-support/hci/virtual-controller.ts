import type { VirtualSocket } from './virtual-socket.ts'

/** H4 packet types and opcodes (Core Specification, volume 4, part E). */
const ACL_START = 0x02
const ACL_CONTINUED = 0x01
export const RESET = 0x0c03
export const LE_SET_SCAN_PARAMETERS = 0x200b
export const LE_SET_SCAN_ENABLE = 0x200c
export const LE_CREATE_CONNECTION = 0x200d
const LE_CREATE_CONNECTION_CANCEL = 0x200e
export const LE_SET_EXTENDED_SCAN_PARAMETERS = 0x2041
export const LE_SET_EXTENDED_SCAN_ENABLE = 0x2042
const LE_EXTENDED_CREATE_CONNECTION = 0x2043
const DISCONNECT = 0x0406

const UNKNOWN_COMMAND = 0x01
const UNKNOWN_CONNECTION = 0x02
const DISALLOWED = 0x0c
const UNSUPPORTED_PARAMETER = 0x11
const ENDED_BY_HOST = 0x16
const ACL_BYTES = 27
const ACL_PACKETS = 4
const COMMANDS_KEPT = 200

export const ADV_IND = 0
export const ADV_NONCONN_IND = 3
export const SCAN_RSP = 4

export interface VirtualAdvertisement {
  readonly type: number
  /** 12 hex digits, as people write it. */
  readonly address: string
  readonly random?: boolean
  readonly data: Uint8Array
  readonly rssi?: number
}

export const ATT_CHANNEL = 4
export const SIGNALLING_CHANNEL = 5

export interface PeripheralLink {
  /** One PDU to the host. */
  send(pdu: Uint8Array, channel?: number): void
  /** The peripheral goes away. */
  drop(reason: number): void
}

/** What can be connected to. */
export interface VirtualPeripheral {
  readonly address: string
  readonly random: boolean
  reachable: boolean
  connected(link: PeripheralLink): void
  received(pdu: Buffer, channel: number): void
  disconnected(): void
}

interface Connection {
  readonly handle: number
  readonly peripheral: VirtualPeripheral
  /** L2CAP PDU under assembly. */
  part: Buffer
}

/** One Bluetooth LE controller as the host sees it through HCI: what it is told, it does; what happens to it, the test says. */
export class VirtualController {
  readonly index: number
  readonly address: string
  /** Newest commands, as hex, without the packet type. */
  readonly commands: string[] = []
  readonly sockets = new Set<VirtualSocket>()
  /** Answer this status instead of doing it, by opcode. */
  readonly refuse = new Map<number, number>()
  readonly peripherals: VirtualPeripheral[] = []
  up = true
  /** The adapter hangs: commands get no answer. */
  hung = false
  extended = true
  codedPhy = true
  connectsWhileScanning = true
  hciVersion = 9
  scan = { enabled: false, active: true, filterDuplicates: false, intervalUnits: 0, windowUnits: 0 }
  /** Reports sent to the host. */
  reported = 0
  /** Called whenever scanning is switched on. */
  onScan: (() => void) | undefined
  readonly #connections = new Map<number, Connection>()
  #pending: string | undefined
  #pendingEnhanced = false
  #usedCommands: 'legacy' | 'extended' | undefined
  #nextHandle = 0x40

  constructor(index: number, address: string) {
    this.index = index
    this.address = address
  }

  get connections(): number {
    return this.#connections.size
  }

  /** What goes on the air; false: the host is not listening. Scan responses come only to those who ask for them. */
  advertise({ type, address, random = true, data, rssi = -60 }: VirtualAdvertisement): boolean {
    if (!this.#hears(type === SCAN_RSP)) return false
    if (this.#usedCommands === 'extended') return this.advertiseExtended({ type: legacyPdu(type), address, random, data, rssi })
    this.reported++
    this.event(0x3e, [0x02, 1, type, random ? 1 : 0, ...reversed(address), data.length, ...data, rssi & 0xff])
    return true
  }

  /** One report of extended advertising; `type` as in the event, with bit 5 when more fragments follow. */
  advertiseExtended({ type, address, random = true, data, rssi = -60 }: VirtualAdvertisement): boolean {
    if (!this.#hears(false)) return false
    this.reported++
    const head = [type & 0xff, type >> 8, random ? 1 : 0, ...reversed(address), 1, 0, 0xff, 127, rssi & 0xff, 0, 0]
    this.event(0x3e, [0x0d, 1, ...head, 0, 0, 0, 0, 0, 0, 0, data.length, ...data])
    return true
  }

  #hears(response: boolean): boolean {
    return this.up && !this.hung && this.scan.enabled && (this.scan.active || !response)
  }

  /** One HCI event to every program that has the adapter open. */
  event(code: number, parameters: readonly number[]): void {
    this.raw(Buffer.from([4, code, parameters.length, ...parameters]))
  }

  raw(packet: Buffer): void {
    for (const socket of this.sockets) socket.receive(packet)
  }

  /** As a reset by another program or by the adapter itself: nothing is told but, to a reset by command, its answer. */
  reset(told = true): void {
    this.scan = { ...this.scan, enabled: false }
    this.#connections.clear()
    this.#pending = undefined
    this.#usedCommands = undefined
    if (told) this.event(0x0e, [1, RESET & 0xff, RESET >> 8, 0])
  }

  /** Another program switches scanning off: everybody sees its command. */
  stopScanByOther(): void {
    this.scan = { ...this.scan, enabled: false }
    const opcode = this.#usedCommands === 'extended' ? LE_SET_EXTENDED_SCAN_ENABLE : LE_SET_SCAN_ENABLE
    const parameters = this.#usedCommands === 'extended' ? [0, 0, 0, 0, 0, 0] : [0, 1]
    this.raw(Buffer.from([1, opcode & 0xff, opcode >> 8, parameters.length, ...parameters]))
  }

  /** What a host wrote. */
  take(packet: Buffer): void {
    if (this.hung || !this.up) return
    if (packet[0] === 2) this.#takeAcl(packet)
    if (packet[0] !== 1) return
    this.commands.push(packet.subarray(1).toString('hex'))
    if (this.commands.length > COMMANDS_KEPT) this.commands.shift()
    const opcode = packet.readUInt16LE(1)
    const parameters = packet.subarray(4)
    const refused = this.refuse.get(opcode)
    if (refused !== undefined) this.#answer(opcode, [refused])
    else if (opcode === LE_CREATE_CONNECTION) this.#connect(opcode, hexOf(parameters.subarray(6, 12)), false)
    else if (opcode === LE_EXTENDED_CREATE_CONNECTION) this.#connect(opcode, hexOf(parameters.subarray(3, 9)), true)
    else if (opcode === LE_CREATE_CONNECTION_CANCEL) this.#cancel(opcode)
    else if (opcode === DISCONNECT) {
      this.event(0x0f, [0, 1, opcode & 0xff, opcode >> 8])
      this.#ended(parameters.readUInt16LE(0), ENDED_BY_HOST)
    } else this.#answer(opcode, this.#do(opcode, parameters))
  }

  #answer(opcode: number, result: readonly number[]): void {
    this.event(0x0e, [1, opcode & 0xff, opcode >> 8, ...result])
  }

  #do(opcode: number, parameters: Buffer): readonly number[] {
    const extended = opcode === LE_SET_EXTENDED_SCAN_PARAMETERS || opcode === LE_SET_EXTENDED_SCAN_ENABLE
    if (extended || opcode === LE_SET_SCAN_PARAMETERS || opcode === LE_SET_SCAN_ENABLE) {
      if (extended && !this.extended) return [UNKNOWN_COMMAND]
      // The two families must not be mixed (volume 4, part E, 3.1.1).
      const family = extended ? 'extended' : 'legacy'
      this.#usedCommands ??= family
      if (this.#usedCommands !== family) return [DISALLOWED]
    }
    switch (opcode) {
      case RESET:
        this.reset(false)
        return [0]
      case 0x0c01: // Set Event Mask
      case 0x2001: // LE Set Event Mask
      case 0x0c6d: // Write LE Host Supported
        return [0]
      case 0x1001: // Read Local Version
        return [0, this.hciVersion, 0, 0, this.hciVersion, 0x0f, 0, 0, 0]
      case 0x1009: // Read BD_ADDR
        return [0, ...reversed(this.address)]
      case 0x2002: // LE Read Buffer Size
        return [0, ACL_BYTES, 0, ACL_PACKETS]
      case LE_SET_SCAN_PARAMETERS:
        return this.#setScan(parameters[0] === 1, parameters.readUInt16LE(1), parameters.readUInt16LE(3))
      case LE_SET_EXTENDED_SCAN_PARAMETERS:
        if ((parameters.readUInt8(2) & 4) !== 0 && !this.codedPhy) return [UNSUPPORTED_PARAMETER]
        return this.#setScan(parameters[3] === 1, parameters.readUInt16LE(4), parameters.readUInt16LE(6))
      case LE_SET_SCAN_ENABLE:
      case LE_SET_EXTENDED_SCAN_ENABLE:
        this.scan = { ...this.scan, enabled: parameters[0] === 1, filterDuplicates: parameters[1] === 1 }
        if (this.scan.enabled) this.onScan?.()
        return [0]
      default:
        return [UNKNOWN_COMMAND]
    }
  }

  #setScan(active: boolean, intervalUnits: number, windowUnits: number): readonly number[] {
    if (this.scan.enabled) return [DISALLOWED]
    this.scan = { ...this.scan, active, intervalUnits, windowUnits }
    return [0]
  }

  #connect(opcode: number, address: string, enhanced: boolean): void {
    const status = this.#pending !== undefined || (this.scan.enabled && !this.connectsWhileScanning) ? DISALLOWED : 0
    this.event(0x0f, [status, 1, opcode & 0xff, opcode >> 8])
    if (status !== 0) return
    this.#pending = address
    this.#pendingEnhanced = enhanced
    this.meet()
  }

  /** Connects to the awaited peripheral if it is within reach; to be called when one comes within reach. */
  meet(): void {
    const peripheral = this.peripherals.find(({ address, reachable }) => reachable && address === this.#pending)
    if (peripheral === undefined) return
    const handle = this.#nextHandle++
    this.#connections.set(handle, { handle, peripheral, part: Buffer.alloc(0) })
    this.#connectionComplete(0, handle, peripheral)
    this.#pending = undefined
    peripheral.connected({
      send: (pdu, channel = ATT_CHANNEL) => this.#sendPdu(handle, pdu, channel),
      drop: (reason) => this.#ended(handle, reason)
    })
  }

  #connectionComplete(status: number, handle: number, peripheral: Pick<VirtualPeripheral, 'address' | 'random'>): void {
    const head = [status, handle & 0xff, handle >> 8, 0, peripheral.random ? 1 : 0, ...reversed(peripheral.address)]
    const timing = [0x18, 0, 0, 0, 0x2a, 0, 0]
    if (this.#pendingEnhanced) this.event(0x3e, [0x0a, ...head, ...Array.from({ length: 12 }, () => 0), ...timing])
    else this.event(0x3e, [0x01, ...head, ...timing])
  }

  #cancel(opcode: number): void {
    const address = this.#pending
    this.#answer(opcode, [address === undefined ? DISALLOWED : 0])
    if (address === undefined) return
    this.#connectionComplete(UNKNOWN_CONNECTION, 0, { address, random: true })
    this.#pending = undefined
  }

  #ended(handle: number, reason: number): void {
    const connection = this.#connections.get(handle)
    if (connection === undefined) return
    this.#connections.delete(handle)
    this.event(0x05, [0, handle & 0xff, handle >> 8, reason])
    connection.peripheral.disconnected()
  }

  #takeAcl(packet: Buffer): void {
    const handle = packet.readUInt16LE(1) & 0x0fff
    const connection = this.#connections.get(handle)
    if (connection === undefined) return
    this.event(0x13, [1, handle & 0xff, handle >> 8, 1, 0])
    const first = packet.readUInt16LE(1) >> 12 !== ACL_CONTINUED
    const part = first ? packet.subarray(5) : Buffer.concat([connection.part, packet.subarray(5)])
    connection.part = part
    if (part.length < 4 + part.readUInt16LE(0)) return
    connection.peripheral.received(part.subarray(4), part.readUInt16LE(2))
  }

  #sendPdu(handle: number, pdu: Uint8Array, channel: number): void {
    const whole = Buffer.from([pdu.length & 0xff, pdu.length >> 8, channel, 0, ...pdu])
    for (let at = 0; at < whole.length; at += ACL_BYTES) {
      const part = whole.subarray(at, at + ACL_BYTES)
      const flags = at === 0 ? ACL_START : ACL_CONTINUED
      const head = handle | (flags << 12)
      this.raw(Buffer.from([2, head & 0xff, head >> 8, part.length, 0, ...part]))
    }
  }
}

/** Legacy PDUs as extended reports name them (volume 4, part E, 7.7.65.13). */
function legacyPdu(type: number): number {
  return [0x13, 0x15, 0x12, 0x10, 0x1b][type] ?? 0x10
}

function reversed(address: string): number[] {
  return [...Buffer.from(address, 'hex')].reverse()
}

function hexOf(littleEndian: Uint8Array): string {
  return Buffer.from(littleEndian).reverse().toString('hex')
}
