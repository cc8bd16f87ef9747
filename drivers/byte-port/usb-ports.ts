import { readdir, readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface UsbPort {
  /** Device file, `/dev/ttyUSB0` and the like. */
  readonly path: string
  /** Four lower-case hex digits. */
  readonly vendorId: string
  readonly productId: string
  readonly serialNumber: string | undefined
}

const readTrimmed = (file: string): Promise<string | undefined> =>
  readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => undefined
  )

/**
 * The USB serial ports that are plugged in now, read from sysfs (Documentation/ABI/stable/sysfs-bus-usb of the kernel): a
 * terminal's device lies some levels below the USB device that has `idVendor`. No udev is needed, so it works in a container.
 */
export async function listUsbPorts(sysRoot = '/sys'): Promise<UsbPort[]> {
  const classDir = join(sysRoot, 'class', 'tty')
  const names = await readdir(classDir).catch(() => [])
  const ports = await Promise.all(names.map((name) => usbPort(classDir, name)))
  return ports.filter((port) => port !== undefined)
}

/** Terminal → USB interface → USB device, and one level more for adapters with a port device of their own. */
const LEVELS_TO_USB_DEVICE = 4

async function usbPort(classDir: string, name: string): Promise<UsbPort | undefined> {
  let folder = await realpath(join(classDir, name, 'device')).catch(() => undefined)
  for (let level = 0; folder !== undefined && level < LEVELS_TO_USB_DEVICE; level++) {
    const vendorId = await readTrimmed(join(folder, 'idVendor'))
    const productId = await readTrimmed(join(folder, 'idProduct'))
    if (vendorId !== undefined && productId !== undefined)
      return { path: `/dev/${name}`, vendorId, productId, serialNumber: await readTrimmed(join(folder, 'serial')) }
    folder = dirname(folder)
  }
  return undefined
}
