import { EventEmitter } from 'node:events'
import type { VirtualController } from './virtual-controller.ts'

/** The adapters of a machine. */
export interface VirtualRadio {
  readonly controllers: Map<number, VirtualController>
  /** Sockets opened so far: the native ones cannot be closed. */
  opened: number
  /** Attempts that failed: the native part leaks a little with each. */
  refused: number
  /** The kernel has no Bluetooth: its sockets cannot be opened. */
  absent: boolean
  /** The user may not send commands. */
  forbidden: boolean
}

function systemError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}, ${text}`), { code })
}

/**
 * Stands for the native socket of `@abandonware/bluetooth-hci-socket`: same methods, same events, answers never within the call.
 * As that one it cannot be closed, and is bound once, until its adapter is pulled.
 */
export class VirtualSocket extends EventEmitter {
  readonly #radio: VirtualRadio
  #controller: VirtualController | undefined
  #started = false
  #filtered = false
  #queue: Buffer[] = []

  constructor(radio: VirtualRadio) {
    super()
    if (radio.absent) {
      radio.refused++
      throw systemError('EAFNOSUPPORT', 'Address family not supported by protocol')
    }
    radio.opened++
    this.#radio = radio
  }

  bindRaw(index?: number): number {
    return this.#bind(index ?? 0)
  }

  bindUser(index?: number): number {
    return this.#bind(index ?? 0)
  }

  #bind(index: number): number {
    if (this.#controller !== undefined) throw systemError('EALREADY', 'bind')
    const controller = this.#radio.controllers.get(index)
    if (controller === undefined) throw systemError('ENODEV', 'bind')
    this.#controller = controller
    controller.sockets.add(this)
    return index
  }

  /** The adapter is pulled: the kernel lets go of the socket. */
  unbind(): void {
    this.#controller = undefined
  }

  getDeviceList(): { readonly devId: number; readonly devUp: boolean }[] {
    return [...this.#radio.controllers.values()].map(({ index, up }) => ({ devId: index, devUp: up }))
  }

  isDevUp(): boolean {
    return this.#controller?.up ?? false
  }

  setFilter(_filter: Buffer): void {
    this.#filtered = true
  }

  start(): void {
    this.#started = true
  }

  stop(): void {
    this.#started = false
  }

  write(packet: Buffer): void {
    const controller = this.#controller
    const copy = Buffer.from(packet)
    setImmediate(() => {
      if (this.#radio.forbidden) this.emit('error', systemError('EPERM', 'write'))
      else if (controller === undefined) this.emit('error', systemError('EBADFD', 'write'))
      else if (!controller.up) this.emit('error', Object.assign(new Error('Network is down'), { code: 'ENETDOWN' }))
      else controller.take(copy)
    })
  }

  receive(packet: Buffer): void {
    // Without a filter the kernel hands no events to a raw socket.
    if (!this.#started || !this.#filtered) return
    if (this.#queue.push(packet) > 1) return
    setImmediate(() => {
      const packets = this.#queue
      this.#queue = []
      for (const each of packets) if (this.#started) this.emit('data', each)
    })
  }
}
