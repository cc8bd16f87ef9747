import { connect, type Socket } from 'node:net'
import { DriverError } from '../driver.ts'
import { NETWORK_WORDS } from '../net/link-words.ts'
import type { BytePort, PortListener } from './byte-port.ts'

const READ_BUFFER_BYTES = 64 * 1024
/** A device server whose power was cut says nothing; the system notices about 10 s after this much silence. */
const KEEP_ALIVE_AFTER_MS = 10_000

/**
 * Opens a connection to a serial device server, or whatever else talks over TCP. Rejects when it cannot be had, or when `signal` is
 * aborted before. `refused`: what to look at when nothing listens there.
 */
export function openTcpPort(
  host: string,
  port: number,
  listener: PortListener,
  signal: AbortSignal,
  refused = 'is it in raw TCP server mode on this port, and is no other client connected'
): Promise<BytePort> {
  const connection = new TcpConnection(host, port, listener, refused)
  return connection.open(signal)
}

class TcpConnection implements BytePort {
  readonly opened: string
  readonly #listener: PortListener
  readonly #socket: Socket
  readonly #closed: Promise<void>
  #connected = false
  #over = false
  #giveUp: (error: DriverError) => void = () => undefined

  constructor(host: string, port: number, listener: PortListener, refused: string) {
    this.opened = `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`
    this.#listener = listener
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
      // One buffer for all reads: nothing is allocated however fast bytes come.
      onread: {
        buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES),
        callback: (length, buffer) => {
          if (!this.#over) listener.bytes(buffer.subarray(0, length))
          return true
        }
      }
    })
    this.#closed = new Promise((resolve) => this.#socket.once('close', () => resolve()))
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      const refusal = error.code === 'ECONNREFUSED' ? `it refuses the connection: ${refused}` : undefined
      this.#end(refusal ?? NETWORK_WORDS[error.code ?? ''] ?? error.message, error)
    })
    this.#socket.on('end', () => this.#end('the other side closed the connection'))
    this.#socket.on('close', () => this.#end('the connection was closed'))
  }

  open(signal: AbortSignal): Promise<BytePort> {
    const onAbort = (): void => this.#end('opening was given up')
    const opening = new Promise<BytePort>((resolve, reject) => {
      this.#giveUp = reject
      this.#socket.once('connect', () => {
        this.#connected = true
        resolve(this)
      })
    })
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    return opening.finally(() => signal.removeEventListener('abort', onAbort))
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }

  present(): Promise<boolean> {
    return Promise.resolve(!this.#over)
  }

  close(): Promise<void> {
    this.#over = true
    this.#socket.destroy()
    return this.#closed
  }

  #end(why: string, cause?: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#socket.destroy()
    const code = this.#connected ? 'LINK_LOST' : 'LINK_OPEN_FAILED'
    const error = new DriverError(code, `${this.opened}: ${why}`, { retriable: true, cause })
    if (this.#connected) this.#listener.lost(error)
    else this.#giveUp(error)
  }
}
