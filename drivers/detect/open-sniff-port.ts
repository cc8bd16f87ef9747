import type { BytePort, PortListener } from '../byte-port/byte-port.ts'
import { parsePortName } from '../byte-port/port-name.ts'
import { resolvePort } from '../byte-port/resolve-port.ts'
import { openTcpPort } from '../byte-port/tcp-port.ts'
import { openTtyPort } from '../byte-port/tty-port.ts'
import { DriverError } from '../driver.ts'

/** A port that is open, and how its speed is changed; without that it has none. */
export interface SniffPort extends Pick<BytePort, 'opened' | 'write' | 'close'> {
  readonly changeBaudRate?: ((baudRate: number) => Promise<void>) | undefined
}

export type OpenSniffPort = (port: string, baudRate: number, listener: PortListener, signal: AbortSignal) => Promise<SniffPort>

/** Opens a port by any name that a `serial` source takes. Rejects with a DriverError. */
export const openSniffPort: OpenSniffPort = async (port, baudRate, listener, signal) => {
  const name = parsePortName(port)
  if (name === undefined) throw new DriverError('PORT_SETTINGS', `"${port}" names no port`, { retriable: false })
  if (name.kind === 'tcp') return await openTcpPort(name.host, name.port, listener, signal)
  const line = { baudRate, dataBits: 8, parity: 'none', stopBits: 1, flowControl: 'none' } as const
  return await openTtyPort(await resolvePort(name), line, listener)
}
