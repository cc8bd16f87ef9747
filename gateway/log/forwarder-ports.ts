import type { MessagePort } from 'node:worker_threads'
import type { LogStore } from './log-store.ts'
import type { ForwarderMessage, LogMessage } from './reader-contract.ts'

/** The ports to forwarders: there is one, and for a moment two when it is started anew. */
export class ForwarderPorts {
  readonly #ports = new Set<MessagePort>()

  attach(port: MessagePort, store: LogStore, onMessage: (message: ForwarderMessage) => void): void {
    this.#ports.add(port)
    port.on('close', () => this.#ports.delete(port))
    port.on('message', onMessage)
    port.postMessage(committed(store))
  }

  /** The log has events up to here. */
  tell(store: LogStore): void {
    const message = committed(store)
    for (const port of this.#ports) port.postMessage(message)
  }

  close(): void {
    for (const port of this.#ports) port.close()
  }
}

function committed(store: LogStore): LogMessage {
  return { kind: 'committed', epoch: store.epoch, alarm: store.lastSequence('alarm'), telemetry: store.lastSequence('telemetry') }
}
