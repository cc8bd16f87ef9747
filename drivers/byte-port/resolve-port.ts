import { realpath } from 'node:fs/promises'
import { SerialPort } from 'serialport'
import { DriverError } from '../driver.ts'
import type { PortName } from './port-name.ts'
import { listUsbPorts, type UsbPort } from './usb-ports.ts'

type DeviceName = Exclude<PortName, { readonly kind: 'tcp' }>

const notFound = (what: string): DriverError =>
  new DriverError('PORT_NOT_FOUND', `${what} is not there: unplugged, or named otherwise (see: ls -l /dev/serial/by-id)`, {
    retriable: true
  })

async function listPorts(): Promise<UsbPort[]> {
  if (process.platform === 'linux') return await listUsbPorts()
  const ports = await SerialPort.list()
  return ports.flatMap(({ path, vendorId, productId, serialNumber }) =>
    vendorId === undefined || productId === undefined
      ? []
      : [{ path, vendorId: vendorId.toLowerCase(), productId: productId.toLowerCase(), serialNumber }]
  )
}

/**
 * The device file that a name stands for at this moment; asked again at each opening, since the number behind a name changes
 * whenever a port is plugged in. Rejects with `PORT_NOT_FOUND` or `PORT_AMBIGUOUS`.
 */
export async function resolvePort(name: DeviceName, list: () => Promise<readonly UsbPort[]> = listPorts): Promise<string> {
  if (name.kind === 'path') {
    if (process.platform === 'win32') return name.path
    return await realpath(name.path).catch(() => Promise.reject(notFound(name.path)))
  }
  const matches = (await list()).filter(
    (port) =>
      port.vendorId === name.vendorId &&
      port.productId === name.productId &&
      (name.serialNumber === undefined || port.serialNumber === name.serialNumber)
  )
  const [first, second] = matches
  const title = `usb:${name.vendorId}:${name.productId}${name.serialNumber === undefined ? '' : `:${name.serialNumber}`}`
  if (first === undefined) throw notFound(title)
  if (second === undefined) return first.path
  const found = matches.map(({ path, serialNumber }) => `${path} (serial number ${serialNumber ?? 'none'})`).join(', ')
  throw new DriverError(
    'PORT_AMBIGUOUS',
    `${title} fits several ports: ${found}; add the serial number, or use a path under /dev/serial/by-path`,
    {
      retriable: true
    }
  )
}
