import { stat } from 'node:fs/promises'
import { SerialPort } from 'serialport'
import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import type { BytePort, PortListener } from './byte-port.ts'
import { openFailure } from './open-failure.ts'

/** Larger than what the kernel's line buffer can hold, so that one read empties it. */
const READ_BUFFER_BYTES = 64 * 1024

/** How characters go over the line. */
export interface LineSettings {
  /** Bits per second. */
  readonly baudRate: number
  readonly dataBits: 5 | 6 | 7 | 8
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: 1 | 1.5 | 2
  /** hardware: RTS/CTS; software: XON/XOFF. */
  readonly flowControl: 'none' | 'hardware' | 'software'
}

/** Which device a path is now: a port that is plugged in again has a new file, be its name the same. */
function identityOf(path: string): Promise<string | undefined> {
  if (process.platform === 'win32') return Promise.resolve(path)
  return stat(path, { bigint: true }).then(
    ({ dev, ino, rdev }) => `${dev}:${ino}:${rdev}`,
    () => undefined
  )
}

/**
 * Opens a device file. Reads go straight from the binding into one buffer that is used again: nothing is allocated or
 * queued however fast bytes come.
 */
export async function openTtyPort(path: string, settings: LineSettings, listener: PortListener): Promise<BytePort> {
  const identity = await identityOf(path)
  const port = await SerialPort.binding
    .open({
      path,
      baudRate: settings.baudRate,
      dataBits: settings.dataBits,
      parity: settings.parity,
      stopBits: settings.stopBits,
      rtscts: settings.flowControl === 'hardware',
      xon: settings.flowControl === 'software',
      xoff: settings.flowControl === 'software',
      lock: true
    })
    .catch((error: unknown) => Promise.reject(openFailure(path, error)))
  const buffer = Buffer.allocUnsafe(READ_BUFFER_BYTES)
  let over = false
  let closing: Promise<void> | undefined

  const lose = (why: string, cause?: unknown): void => {
    if (over) return
    over = true
    listener.lost(new DriverError('LINK_LOST', `${path} was lost: ${why}`, { retriable: true, cause }))
  }
  const pump = async (): Promise<void> => {
    while (!over) {
      const { bytesRead } = await port.read(buffer, 0, buffer.length)
      if (over) return
      listener.bytes(buffer.subarray(0, bytesRead))
    }
  }
  pump().catch((error: unknown) => lose(messageOf(error), error))

  const close = async (): Promise<void> => {
    over = true
    // Output that the device does not take would hold up closing; the kernel waits for it up to 30 s.
    await port.flush().catch(() => undefined)
    await port.close().catch(() => undefined)
  }
  return {
    opened: path,
    async write(bytes) {
      try {
        await port.write(Buffer.from(bytes))
      } catch (error) {
        lose(messageOf(error), error)
        throw error
      }
    },
    async changeBaudRate(baudRate) {
      await port.update({ baudRate }).catch((error: unknown) => Promise.reject(openFailure(path, error)))
      await port.flush()
    },
    present: async () => (await identityOf(path)) === identity,
    close() {
      closing ??= close()
      return closing
    }
  }
}
