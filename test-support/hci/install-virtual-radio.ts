import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { VirtualController } from './virtual-controller.ts'
import { type VirtualRadio, VirtualSocket } from './virtual-socket.ts'

const requireHere = createRequire(import.meta.url)
const SOCKET_PACKAGE = '@abandonware/bluetooth-hci-socket'

export interface InstalledRadio extends VirtualRadio {
  /** Plugs an adapter in. */
  plug(index: number, address?: string): VirtualController
  /** Pulls it: its sockets stay with the program, bound to nothing. */
  pull(index: number): void
  /** As in the beginning, without adapters. */
  clear(): void
}

/**
 * Puts adapters of ours under noble, in place of the native socket. To be called before noble is loaded, once in a process:
 * noble keeps the socket class that it found when it was loaded.
 */
export function installVirtualRadio(): InstalledRadio {
  const radio: InstalledRadio = {
    controllers: new Map(),
    opened: 0,
    refused: 0,
    absent: false,
    forbidden: false,
    plug(index, address = `0011223344${(0x55 + index).toString(16)}`) {
      const controller = new VirtualController(index, address)
      radio.controllers.set(index, controller)
      return controller
    },
    pull(index) {
      const controller = radio.controllers.get(index)
      radio.controllers.delete(index)
      if (controller === undefined) return
      controller.up = false
      for (const socket of controller.sockets) socket.unbind()
      controller.sockets.clear()
    },
    clear() {
      for (const index of [...radio.controllers.keys()]) radio.pull(index)
      radio.absent = false
      radio.forbidden = false
    }
  }
  class InstalledSocket extends VirtualSocket {
    constructor() {
      super(radio)
    }
  }
  const nobleRequire = createRequire(requireHere.resolve('@abandonware/noble/package.json'))
  const id = nobleRequire.resolve(SOCKET_PACKAGE)
  const standIn = { id, filename: id, path: dirname(id), loaded: true, exports: InstalledSocket, children: [], paths: [] }
  Object.assign(requireHere.cache, { [id]: standIn })
  return radio
}
