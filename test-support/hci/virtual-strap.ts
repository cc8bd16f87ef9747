import { type PeripheralLink, SIGNALLING_CHANNEL, type VirtualPeripheral } from './virtual-controller.ts'

/** ATT opcodes and errors (Core Specification, volume 3, part F). */
const ERROR_RESPONSE = 0x01
const ATTRIBUTE_NOT_FOUND = 0x0a
const REQUEST_NOT_SUPPORTED = 0x06
const PRIMARY_SERVICE = 0x2800
const CHARACTERISTIC = 0x2803
const CCCD = 0x2902

export interface VirtualCharacteristic {
  /** 16-bit UUID. */
  readonly uuid: number
  /** 0x02 read, 0x10 notify, 0x20 indicate. */
  readonly properties: number
  readonly value?: Uint8Array
}

export interface VirtualService {
  readonly uuid: number
  readonly characteristics: readonly VirtualCharacteristic[]
}

interface Attribute {
  readonly handle: number
  readonly type: number
  readonly groupEnd: number
  value: Buffer
}

const shortLe = (value: number): number[] => [value & 0xff, value >> 8]

/** A peripheral with a GATT server, such as a heart-rate strap. */
export class VirtualStrap implements VirtualPeripheral {
  readonly address: string
  readonly random: boolean
  reachable = true
  /** The server says nothing more, as firmware that hangs. */
  hung = false
  connects = 0
  /** Results of its requests for other timing. */
  readonly answered: number[] = []
  readonly #attributes: Attribute[] = []
  readonly #valueHandles = new Map<number, number>()
  #link: PeripheralLink | undefined

  constructor(address: string, services: readonly VirtualService[], random = true) {
    this.address = address
    this.random = random
    let handle = 1
    for (const service of services) {
      const sizes = service.characteristics.map(({ properties }) => (properties & 0x30 ? 3 : 2))
      const groupEnd = handle + sizes.reduce((sum, size) => sum + size, 0)
      this.#add(handle++, PRIMARY_SERVICE, groupEnd, shortLe(service.uuid))
      for (const { uuid, properties, value = new Uint8Array() } of service.characteristics) {
        this.#add(handle++, CHARACTERISTIC, groupEnd, [properties, ...shortLe(handle), ...shortLe(uuid)])
        this.#valueHandles.set(uuid, handle)
        this.#add(handle++, uuid, groupEnd, [...value])
        if (properties & 0x30) this.#add(handle++, CCCD, groupEnd, [0, 0])
      }
    }
  }

  #add(handle: number, type: number, groupEnd: number, value: readonly number[]): void {
    this.#attributes.push({ handle, type, groupEnd, value: Buffer.from(value) })
  }

  get linked(): boolean {
    return this.#link !== undefined
  }

  /** What the host wrote into the configuration of a characteristic; 1: notify, 2: indicate. */
  subscription(uuid: number): number {
    const handle = (this.#valueHandles.get(uuid) ?? 0) + 1
    return this.#attributes.find((attribute) => attribute.handle === handle && attribute.type === CCCD)?.value.readUInt16LE(0) ?? 0
  }

  /** Sends a value as a notification, if the host has asked for it. */
  notify(uuid: number, value: Uint8Array): boolean {
    const handle = this.#valueHandles.get(uuid)
    if (handle === undefined || this.#link === undefined || this.subscription(uuid) === 0) return false
    this.#link.send(Uint8Array.from([this.subscription(uuid) === 2 ? 0x1d : 0x1b, ...shortLe(handle), ...value]))
    return true
  }

  /** Out of reach: the connection breaks, as by a supervision timeout. */
  leave(): void {
    this.reachable = false
    this.#link?.drop(0x08)
  }

  /** Asks for other timing of the connection: interval min and max, latency, timeout. */
  ask(timing: readonly number[]): void {
    this.#link?.send(Uint8Array.from([0x12, 7, 8, 0, ...timing.flatMap(shortLe)]), SIGNALLING_CHANNEL)
  }

  /** Anything at all to the host, as a broken server sends it. */
  sendRaw(pdu: Uint8Array): void {
    this.#link?.send(pdu)
  }

  connected(link: PeripheralLink): void {
    this.connects++
    this.#link = link
    for (const attribute of this.#attributes) if (attribute.type === CCCD) attribute.value = Buffer.from([0, 0])
  }

  disconnected(): void {
    this.#link = undefined
  }

  received(pdu: Buffer, channel: number): void {
    if (channel === SIGNALLING_CHANNEL) this.answered.push(pdu.readUInt16LE(4))
    else if (!this.hung) this.#link?.send(this.#answer(pdu))
  }

  #answer(pdu: Buffer): Uint8Array {
    const opcode = pdu.readUInt8(0)
    switch (opcode) {
      case 0x02: // Exchange MTU
        return Uint8Array.from([0x03, 23, 0])
      case 0x10: // Read by group type
      case 0x08: // Read by type
        return this.#readByType(opcode, pdu.readUInt16LE(1), pdu.readUInt16LE(3), pdu.readUInt16LE(5))
      case 0x0a: {
        const attribute = this.#attributes.find(({ handle }) => handle === pdu.readUInt16LE(1))
        return attribute === undefined ? refused(opcode, pdu.readUInt16LE(1)) : Uint8Array.from([0x0b, ...attribute.value])
      }
      case 0x12: {
        const attribute = this.#attributes.find(({ handle }) => handle === pdu.readUInt16LE(1))
        if (attribute === undefined) return refused(opcode, pdu.readUInt16LE(1))
        attribute.value = Buffer.from(pdu.subarray(3))
        return Uint8Array.of(0x13)
      }
      default:
        return Uint8Array.from([ERROR_RESPONSE, opcode, 0, 0, REQUEST_NOT_SUPPORTED])
    }
  }

  /** As many attributes as one PDU of 23 bytes holds, so that the host must ask again. */
  #readByType(opcode: number, from: number, to: number, type: number): Uint8Array {
    const group = opcode === 0x10
    const found = this.#attributes.filter((each) => each.type === type && each.handle >= from && each.handle <= to)
    const [first] = found
    if (first === undefined) return refused(opcode, from)
    const size = (group ? 4 : 2) + first.value.length
    const fitting = found.slice(0, Math.max(1, Math.floor(21 / size)))
    const items = fitting.flatMap(({ handle, groupEnd, value }) => [...shortLe(handle), ...(group ? shortLe(groupEnd) : []), ...value])
    return Uint8Array.from([opcode + 1, size, ...items])
  }
}

function refused(opcode: number, handle: number): Uint8Array {
  return Uint8Array.from([ERROR_RESPONSE, opcode, ...shortLe(handle), ATTRIBUTE_NOT_FOUND])
}
